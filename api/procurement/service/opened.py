"""What everybody may know of bids once they are opened, of a whole tender in a few statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from api.procurement.models import (
    Bid,
    BidDocument,
    BidLot,
    BidOpening,
    BidTenderer,
    RequirementResponse,
    SubmissionTerms,
)
from api.rules.bids import OpeningStatus


@dataclass(frozen=True, slots=True)
class OpenedBid:
    """A bid as its opened envelopes tell it; a price that is still sealed is not there."""

    bid: Bid
    tenderers: Sequence[BidTenderer]
    lots: Sequence[BidLot]
    responses: Sequence[RequirementResponse]
    documents: Sequence[BidDocument]


def bids(session: Session, tender_id: UUID) -> list[OpenedBid]:
    """The opened bids of a tender, in the order in which they were received."""
    query = select(Bid).where(Bid.tender_id == tender_id, col(Bid.opened_at).is_not(None))
    query = query.order_by(col(Bid.received_at), col(Bid.id))
    found = session.exec(query.execution_options(populate_existing=True)).all()
    tenderers = _by_bid(session, BidTenderer, tender_id)
    lots = _by_bid(session, BidLot, tender_id)
    responses = _by_bid(session, RequirementResponse, tender_id)
    documents = _by_bid(session, BidDocument, tender_id)
    return [
        OpenedBid(
            bid,
            [each for each in tenderers.get(bid.id, ()) if each.accepted_at is not None],
            lots.get(bid.id, ()),
            responses.get(bid.id, ()),
            documents.get(bid.id, ()),
        )
        for bid in found
    ]


def openings(session: Session, tender_id: UUID) -> Sequence[BidOpening]:
    """The openings of a tender that are over, the first one first."""
    query = select(BidOpening).where(
        BidOpening.tender_id == tender_id, BidOpening.status == OpeningStatus.OPENED
    )
    return session.exec(query.order_by(col(BidOpening.opened_at))).all()


def criteria(session: Session, tender_id: UUID) -> Sequence[Mapping[str, Any]]:
    """What a tender asks of bids, in the shape of schemas/criteria.py."""
    query = select(SubmissionTerms.criteria).where(SubmissionTerms.tender_id == tender_id)
    return session.exec(query).one_or_none() or []


def _by_bid[R: SQLModel](
    session: Session, model: type[R], tender_id: UUID
) -> Mapping[UUID, Sequence[R]]:
    table: Any = model
    rows: dict[UUID, list[R]] = defaultdict(list)
    for row in session.exec(select(model).where(table.tender_id == tender_id).order_by(table.id)):
        rows[row.bid_id].append(row)  # type: ignore[attr-defined]
    return rows
