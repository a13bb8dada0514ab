"""An index of a few thousand offers, written past the catalogue, whose nearest are known."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from sqlmodel import Session
from uuid_utils.compat import uuid7

from api.matching import vectors
from api.matching.models import DemandItem, DemandVector

OFFERS, GROUPS, ITEMS = 3000, 60, 12
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_TERMS = (
    "id offer_id seller_id languages terms concepts mentions hubness cpv_code content_hash"
    " sample_key created_at updated_at"
)
_VECTORS = "id offer_id place kind text embedding model_name model_version created_at updated_at"


def fill(superuser: psycopg.Connection[Any]) -> tuple[list[UUID], NDArray[np.float32]]:
    """Offers in groups, each with a noun, a title and a segment; (offers, 2, 512) of the first two.

    Every offer has the term w:goods, every tenth w:tenth, one in three hundred w:rare; of 300
    the code is 39111, of 300 more 39112.
    """
    random = np.random.default_rng(7)
    centres = random.standard_normal((GROUPS, 512))
    own = np.arange(OFFERS) % GROUPS
    shown = centres[own][:, None, :] + random.standard_normal((OFFERS, 3, 512)) * 0.8
    shown = (shown / np.linalg.norm(shown, axis=2, keepdims=True)).astype(np.float32)
    ids = [uuid7() for _ in range(OFFERS)]
    now = vectors.encoder()
    register_vector(superuser)
    # An index that is full of deleted rows would cost more than reading the table.
    superuser.execute("TRUNCATE offer_terms, offer_vector, term_frequency")
    with superuser.cursor().copy(f"COPY offer_terms ({_listed(_TERMS)}) FROM STDIN") as copy:
        for n, offer_id in enumerate(ids):
            terms = ["w:goods", f"w:group{own[n]}"]
            terms += ["w:tenth"] * (n % 10 == 0) + ["w:rare"] * (n % 300 == 0)
            code = "39111000-3" if n < 300 else "39112000-0" if n < 600 else None
            key = (n * 7919) % 1_000_003
            copy.write_row(
                (uuid7(), offer_id, uuid7(), [], terms, "{}", "{}", "{}", code, "x", key)
                + (_MOMENT, _MOMENT)
            )
    with superuser.cursor().copy(
        f"COPY offer_vector ({_listed(_VECTORS)}) FROM STDIN (FORMAT BINARY)"
    ) as copy:
        copy.set_types(
            [
                "uuid",
                "uuid",
                "int4",
                "varchar",
                "varchar",
                "halfvec",
                "varchar",
                "varchar",
                "timestamptz",
                "timestamptz",
            ]
        )
        for n, offer_id in enumerate(ids):
            for place, kind in enumerate(("noun", "title", "segment")):
                vector = HalfVector(shown[n, place].astype(np.float16))
                copy.write_row(
                    (uuid7(), offer_id, place, kind, "x", vector, now.name, now.version)
                    + (_MOMENT, _MOMENT)
                )
    superuser.execute(
        "INSERT INTO term_frequency (id, created_at, updated_at, term, offers)"
        " SELECT gen_random_uuid(), now(), now(), term, count(*)"
        " FROM (SELECT unnest(terms) AS term FROM offer_terms UNION ALL"
        " SELECT '*' FROM offer_terms) AS said GROUP BY term"
    )
    superuser.execute("ANALYZE offer_terms, offer_vector, term_frequency")
    return ids, shown[:, :2]


def ask(session: Session, shown: NDArray[np.float32]) -> dict[UUID, NDArray[np.float32]]:
    """Items, each asking for something near one of the offers, with their vectors."""
    random, now = np.random.default_rng(8), vectors.encoder()
    asked = {}
    for number in range(ITEMS):
        wanted = shown[number * 37, 0] + random.standard_normal(512) * 0.02
        vector = (wanted / np.linalg.norm(wanted)).astype(np.float32)
        item = DemandItem(
            item_id=uuid7(),
            lot_id=uuid7(),
            tender_id=uuid7(),
            buyer_id=uuid7(),
            public=True,
            ordered_on=date(2099, 1, 1),
            terms=[],
            content={},
            background={},
        )
        session.add(item)
        session.flush()
        session.add(
            DemandVector(
                item_id=item.item_id,
                place=0,
                kind="noun",
                text="x",
                embedding=vectors.stored(vector),
                model_name=now.name,
                model_version=now.version,
            )
        )
        asked[item.item_id] = vector
    session.flush()
    return asked


def _listed(columns: str) -> str:
    return ", ".join(columns.split())
