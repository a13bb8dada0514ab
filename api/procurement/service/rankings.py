"""The bids of a lot in their order, as awards need them. Never commits."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from api.core.errors import NotFound
from api.procurement.models import Bid, BidLot, BidTenderer
from api.procurement.service import evaluations
from api.procurement.service.award_problems import LotNotEvaluated
from api.rules.bids import TendererRole


class Ranked(NamedTuple):
    """A ranked bid: what it asks for the lot is what a contract pays, whatever its points were."""

    bid_id: UUID
    rank: int
    suppliers: Sequence[UUID]
    amount: Decimal
    currency: str


def ranked(session: Session, lot_id: UUID) -> Sequence[Ranked]:
    """The bids of a lot that an award can go to, the best first, by its completed evaluation.

    Raises LotNotEvaluated.
    """
    try:
        found = evaluations.ranking(session, lot_id)
    except NotFound as error:
        raise LotNotEvaluated from error
    return [
        Ranked(
            bid.bid_id,
            bid.rank,
            tenderers(session, bid.bid_id),
            bid.price.amount,
            bid.price.currency,
        )
        for bid in found
    ]


def tenderers(session: Session, bid_id: UUID) -> Sequence[UUID]:
    """The organisations of a bid, the lead first."""
    rows = session.exec(
        select(BidTenderer)
        .where(BidTenderer.bid_id == bid_id, col(BidTenderer.released_at).is_(None))
        .order_by((col(BidTenderer.role) != TendererRole.LEAD), col(BidTenderer.id))
    ).all()
    return [row.organisation_id for row in rows]


def has_bid(session: Session, lot_id: UUID, org_id: UUID) -> bool:
    """True when an organisation is a tenderer of an opened bid for the lot."""
    found = session.exec(
        select(BidTenderer.id)
        .join(Bid, col(Bid.id) == BidTenderer.bid_id)
        .join(BidLot, col(BidLot.bid_id) == Bid.id)
        .where(
            BidLot.lot_id == lot_id,
            BidTenderer.organisation_id == org_id,
            col(Bid.opened_at).is_not(None),
        )
        .limit(1)
    ).first()
    return found is not None
