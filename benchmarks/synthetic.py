"""A large catalogue made from a small real one, for benchmarks of matching.

Bases are real texts: the offers of the demonstration and one offer for each class of goods of the
bundled CPV (names in English, Chinese and Russian), indexed by the real code. Each further offer
is a variant of a base with something of another in it: its terms are the base's without some,
with a few of the other's and a model number of its own; its vectors are the base's, moved towards
the other's by a share drawn between 0.15 and 0.9, with noise of a quarter of a unit. So nearest
neighbours stay those of the texts, and near and far variants of a base lie on a gradient.
Of the views nouns, titles and the first of the others (mostly a head) are stored, 3.4 an offer
instead of nine, so that a million fits into a small machine. Prices, lead times, certificates
and sellers are copied from the demonstration. Rows are written by COPY and INSERT ... SELECT,
past triggers and foreign keys; indexes that matching uses are built afterwards.
"""

import struct
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.types.json import Jsonb
from sqlalchemy import func
from sqlmodel import col, select

from api.catalog.models import Offer
from api.core import db
from api.matching import index, vectors
from api.matching.models import DIMENSIONS, OfferVector

CHUNK = 20_000
ALWAYS = ("noun", "title")
SIGNS = "ix_offer_vector_signs"
NEAREST, FARTHEST, NOISE = 0.15, 0.9, 0.25
# Copies of the rows of a base; what the catalogue knows of an offer is otherwise the same.
COPIES: dict[str, dict[str, str]] = {
    "product": {"id": "m.product_id", "search_text": "''", "gtin": "NULL"},
    "offer": {"id": "m.offer_id", "product_id": "m.product_id", "sku": "'BENCH-' || m.number"},
    "price_tier": {
        "id": "gen_random_uuid()",
        "offer_id": "m.offer_id",
        "unit_price": "round(b.unit_price * m.price, 4)",
    },
    "lead_time_tier": {"id": "gen_random_uuid()", "offer_id": "m.offer_id"},
    "offer_certificate": {"offer_id": "m.offer_id"},
    "offer_terms": {
        "id": "gen_random_uuid()",
        "offer_id": "m.offer_id",
        "sample_key": "hashint8(m.number)::bigint + 2147483648",
        "content_hash": "md5(m.number::text)",
        "terms": "ARRAY(SELECT t FROM unnest(b.terms) t WHERE hashtext(t || m.number) % 6 <> 0"
        " UNION SELECT t FROM unnest(o.terms[1:2]) t UNION SELECT 'x:mk' || m.number ORDER BY 1)",
    },
}
DROPPED = [
    "ix_product_search_text",
    "ix_product_cpv_code",
    "ix_product_hs_code",
    "ix_product_gtin",
    "ix_offer_vector_signs",
    "ix_offer_terms_terms",
    "ix_offer_terms_cpv_4",
    "ix_offer_terms_cpv_5",
    "ix_offer_terms_hs_4",
    "ix_offer_terms_hs_6",
    "ix_term_frequency_word",
]
# The catalogue's own search is no part of matching.
UNUSED = frozenset(name for name in DROPPED if name.startswith("ix_product"))

type Admin = psycopg.Connection[Any]


def one(admin: Admin, statement: str) -> tuple[Any, ...]:
    """The only row of a statement that always has one."""
    row: tuple[Any, ...] | None = admin.execute(statement).fetchone()
    assert row is not None, statement
    return row


def add_classes(admin: Admin) -> None:
    """An offer for each bundled CPV class of goods, indexed by the real code."""
    templates = [row[0] for row in admin.execute("SELECT id FROM offer ORDER BY id")]
    labels = admin.execute(
        "SELECT code, titles FROM classification WHERE scheme = 'CPV' AND code < '45'"
        " AND titles ?& ARRAY['en', 'zh', 'ru'] ORDER BY md5(code) LIMIT 1000"
    ).fetchall()
    made = []
    for number, (code, names) in enumerate(labels):
        offer_id, template = uuid4(), templates[number % len(templates)]
        made.append(offer_id)
        _copy_class(admin, offer_id, template, code, names, number)
    for start in range(0, len(made), 100):
        with db.worker_unit_of_work() as session:
            index.index_offers(session, made[start : start + 100])


def _copy_class(
    admin: Admin, offer_id: UUID, template: UUID, code: str, names: dict[str, str], number: int
) -> None:
    said = {k: names[k] for k in (("en", "zh"), ("zh",), ("ru", "zh"))[number % 3]}
    admin.execute("DROP TABLE IF EXISTS bench_new")
    admin.execute(
        "CREATE TEMP TABLE bench_new AS SELECT 0 AS number, %s::uuid AS offer_id,"
        " gen_random_uuid() AS product_id, %s::uuid AS base_id, %s::uuid AS other_id,"
        " 1::numeric AS price",
        [offer_id, template, template],
    )
    for table in ("product", "offer", "price_tier", "lead_time_tier"):
        _copy_rows(admin, table, "bench_new")
    admin.execute("UPDATE offer SET sku = %s WHERE id = %s", [f"CLASS-{code}", offer_id])
    admin.execute(
        "UPDATE product SET names = %s, descriptions = '{}', attributes = '{}', brand = NULL,"
        " model = NULL, cpv_code = %s, hs_code = NULL FROM offer"
        " WHERE offer.id = %s AND product.id = offer.product_id",
        [Jsonb(said), code, offer_id],
    )


def grow(admin: Admin, size: int, told: Callable[[int], None]) -> dict[str, float]:
    """Make the catalogue `size` offers large; seconds of each index that was built."""
    have = one(admin, "SELECT count(*) FROM offer_terms")[0]
    indexes = dict(
        admin.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY(%s)", [DROPPED]
        ).fetchall()
    )
    for name in indexes:
        admin.execute(f"DROP INDEX {name}")
    bases = _bases()
    for start in range(have, size, CHUNK):
        number = min(CHUNK, size - start)
        _chunk(admin, bases, start, number)
        told(start + number)
    admin.execute("TRUNCATE term_frequency")
    admin.execute(
        "INSERT INTO term_frequency (id, created_at, updated_at, term, offers)"
        " SELECT gen_random_uuid(), now(), now(), term, count(*)"
        " FROM (SELECT unnest(terms) AS term FROM offer_terms UNION ALL"
        " SELECT '*' FROM offer_terms) AS said GROUP BY term"
    )
    seconds = {}
    for name, definition in indexes.items():
        if name not in UNUSED:
            started = time.perf_counter()
            admin.execute(definition)
            seconds[name] = time.perf_counter() - started
    admin.execute("VACUUM ANALYZE")
    return seconds


class _Bases:
    """The views that are varied, one base's after another's, all of one encoder."""

    def __init__(self, rows: list[tuple[UUID, str, str, bytes]]) -> None:
        self.ids: list[UUID] = []
        self.views: list[list[int]] = []
        self.heads: list[bytes] = []
        self.vectors = vectors.read([raw for *_, raw in rows])
        now = vectors.encoder()
        for place, (offer_id, kind, text, _) in enumerate(rows):
            if not self.ids or self.ids[-1] != offer_id:
                self.ids.append(offer_id)
                self.views.append([])
                more = False
            if kind in ALWAYS or not more:
                more = more or kind not in ALWAYS
                self.views[-1].append(place)
            fixed = (kind, text, now.name, now.version)
            self.heads.append(b"".join(_field(value.encode()) for value in fixed))


def _bases() -> _Bases:
    now = vectors.encoder()
    with db.worker_unit_of_work() as session:
        rows = session.exec(
            select(
                OfferVector.offer_id,
                OfferVector.kind,
                OfferVector.text,
                func.halfvec_send(OfferVector.embedding),
            )
            .join(Offer, col(Offer.id) == OfferVector.offer_id)
            .where(col(Offer.sku).not_like("BENCH-%"), OfferVector.model_name == now.name)
            .order_by(col(OfferVector.offer_id), col(OfferVector.place))
        ).all()
    return _Bases(list(rows))


def _chunk(admin: Admin, bases: _Bases, start: int, number: int) -> None:
    """Variants number `start` and following; the same whenever they are made."""
    random = np.random.default_rng(start)
    own = (start + np.arange(number)) % len(bases.ids)
    other = random.integers(0, len(bases.ids), number)
    share = random.uniform(NEAREST, FARTHEST, number).astype(np.float32)
    price = random.uniform(0.6, 1.6, number)
    ids = [
        UUID(bytes=struct.pack(">Q", 2**56 + start + i) + random.bytes(8)) for i in range(number)
    ]
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(
            "CREATE TEMP TABLE bench_variant (number int, offer_id uuid, product_id uuid,"
            " base_id uuid, other_id uuid, price numeric) ON COMMIT DROP"
        )
        with admin.cursor().copy("COPY bench_variant FROM STDIN") as copy:
            for i in range(number):
                copy.write_row(
                    (start + i, ids[i], uuid4(), bases.ids[own[i]], bases.ids[other[i]],
                     round(float(price[i]), 3))
                )  # fmt: skip
        for table in COPIES:
            _copy_rows(admin, table, "bench_variant")
        columns = (
            "kind, text, model_name, model_version, place, created_at, updated_at, id, offer_id,"
            " embedding"
        )
        with admin.cursor().copy(
            f"COPY offer_vector ({columns}) FROM STDIN (FORMAT binary)"
        ) as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for block in _vector_rows(bases, own, other, share, ids, random):
                copy.write(block)
            copy.write(b"\xff\xff")


def _vector_rows(
    bases: _Bases,
    own: NDArray[np.int64],
    other: NDArray[np.int64],
    share: NDArray[np.float32],
    ids: list[UUID],
    random: np.random.Generator,
) -> Iterator[bytes]:
    places = [(i, p, view) for i, b in enumerate(own) for p, view in enumerate(bases.views[b])]
    moment, size = _field(struct.pack(">q", 0)) * 2, struct.pack(">ihh", 1028, DIMENSIONS, 0)
    for start in range(0, len(places), CHUNK):
        part = places[start : start + CHUNK]
        towards = [bases.views[other[i]][0] for i, _, _ in part]
        moved = bases.vectors[[view for *_, view in part]]
        moved = moved + share[[i for i, _, _ in part], None] * bases.vectors[towards]
        noise = random.standard_normal(moved.shape, np.float32)
        moved += np.float32(NOISE / DIMENSIONS**0.5) * noise
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        raw, keys = moved.astype(">f2").tobytes(), random.bytes(16 * len(part))
        width = 2 * DIMENSIONS
        yield b"".join(
            b"\0\n" + bases.heads[view] + _field(struct.pack(">i", place)) + moment
            + _field(keys[16 * n : 16 * n + 16]) + _field(ids[i].bytes)
            + size + raw[width * n : width * (n + 1)]
            for n, (i, place, view) in enumerate(part)
        )  # fmt: skip


def _field(value: bytes) -> bytes:
    return struct.pack(">i", len(value)) + value


def _copy_rows(admin: Admin, table: str, variants: str) -> None:
    """Copy the rows of each variant's base, with the changes of COPIES."""
    columns = [
        row[0]
        for row in admin.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
            " AND table_schema = 'public'",
            [table],
        )
    ]
    changed = COPIES[table]
    values = ", ".join(changed.get(name, f"b.{name}") for name in columns)
    key = {"product": "f.product_id = b.id", "offer": "f.id = b.id"}.get(table, "f.id = b.offer_id")
    mixed = "JOIN offer_terms o ON o.offer_id = m.other_id" if table == "offer_terms" else ""
    admin.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {variants} m"
        f" JOIN offer f ON f.id = m.base_id JOIN {table} b ON {key} {mixed}"
    )
