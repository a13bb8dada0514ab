"""The open requests: what matching keeps of each item, so that offers that come later find it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, text, update
from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from api.matching import codec, vectors, wording
from api.matching.models import DemandItem, DemandVector
from api.matching.wording import DemandText
from api.rules.clock import utcnow
from api.rules.matching import Demand, RequestKind


def register(
    session: Session, demands: Sequence[Demand], *, kind: RequestKind = RequestKind.TENDER
) -> None:
    """Enter the items of published tenders, or other requests, all of each: items no longer there
    go.

    Two runs over one tender wait for each other.
    """
    tenders = {demand.tender_id for demand in demands}
    for tender_id in sorted(tenders):
        session.connection().execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 13))"),
            {"key": tender_id.hex},
        )
    kept = [demand.item_id for demand in demands]
    session.exec(
        delete(DemandItem).where(
            col(DemandItem.tender_id).in_(tenders), col(DemandItem.item_id).not_in(kept)
        )
    )
    known = {row.item_id: row for row in rows(session, kept)}
    texts = [wording.of_demand(demand) for demand in demands]
    for demand, said in zip(demands, texts, strict=True):
        row = known.get(demand.item_id) or DemandItem(
            item_id=demand.item_id,
            lot_id=demand.lot_id,
            tender_id=demand.tender_id,
            kind=kind,
            buyer_id=demand.buyer_id,
            public=demand.public,
            ordered_on=demand.ordered_on,
            terms=[],
            content={},
            background={},
        )
        row.lot_id, row.public, row.ordered_on = demand.lot_id, demand.public, demand.ordered_on
        row.cpv_code, row.hs_code, row.closed_at = demand.cpv_code, demand.hs_code, None
        row.terms, row.content = sorted(said.terms), codec.demand_out(demand)
        session.add(row)
    session.flush()
    embed(session, kept, texts)


def rows(session: Session, item_ids: Iterable[UUID]) -> list[DemandItem]:
    """The rows of items, locked in one order."""
    query = select(DemandItem).where(col(DemandItem.item_id).in_(list(item_ids)))
    return list(session.exec(query.order_by(col(DemandItem.item_id)).with_for_update()))


def of_tender(session: Session, tender_id: UUID) -> list[DemandItem]:
    """The rows of a tender's items, locked in one order."""
    query = select(DemandItem).where(DemandItem.tender_id == tender_id)
    return list(session.exec(query.order_by(col(DemandItem.item_id)).with_for_update()))


def embed(session: Session, item_ids: Sequence[UUID], texts: Sequence[DemandText]) -> None:
    """Write the vectors of items anew, all of them embedded in one go."""
    now = vectors.encoder()
    session.exec(
        delete(DemandVector).where(
            col(DemandVector.item_id).in_(item_ids),
            col(DemandVector.model_name) == now.name,
            col(DemandVector.model_version) == now.version,
        )
    )
    flat = [(i, p, v) for i, t in zip(item_ids, texts, strict=True) for p, v in enumerate(t.views)]
    embedded = vectors.encode([view.text for _, _, view in flat])
    moment = utcnow()
    if flat:
        session.connection().execute(
            insert(DemandVector),
            [
                {
                    "id": uuid7(),
                    "created_at": moment,
                    "updated_at": moment,
                    "item_id": item_id,
                    "place": place,
                    "kind": view.kind,
                    "text": view.text[:2000],
                    "embedding": vectors.stored(vector),
                    "model_name": now.name,
                    "model_version": now.version,
                }
                for (item_id, place, view), vector in zip(flat, embedded, strict=True)
            ],
        )


def queries(session: Session, item_ids: Iterable[UUID]) -> dict[UUID, NDArray[np.float32]]:
    """The stored vectors of items, in the order of their views, by item."""
    now = vectors.encoder()
    stored = session.exec(
        select(DemandVector.item_id, func.halfvec_send(DemandVector.embedding))
        .where(
            col(DemandVector.item_id).in_(list(item_ids)),
            DemandVector.model_name == now.name,
            DemandVector.model_version == now.version,
        )
        .order_by(col(DemandVector.item_id), col(DemandVector.place))
    ).all()
    found: dict[UUID, list[bytes]] = {}
    for item_id, raw in stored:
        found.setdefault(item_id, []).append(raw)
    return {item_id: vectors.read(raws) for item_id, raws in found.items()}


def close(session: Session, tender_id: UUID) -> None:
    """No more offers are looked for; the matches stay to be read."""
    session.exec(
        update(DemandItem)
        .where(col(DemandItem.tender_id) == tender_id, col(DemandItem.closed_at).is_(None))
        .values(closed_at=utcnow())
    )


def forget(session: Session, tender_id: UUID) -> None:
    """Drop a tender's items, vectors and matches; verdicts on them stay."""
    session.exec(delete(DemandItem).where(col(DemandItem.tender_id) == tender_id))
