"""Bids: handed in, replaced, withdrawn and confirmed. Never commits: the caller owns the transaction."""

from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.procurement.models import Amendment, Bid
from api.rules.bids import BidStage


def live_count(session: Session, tender_id: UUID) -> int:
    """How many bids stand: sealed, not withdrawn, and answering the last material amendment.

    For the workers' role, which sees every bid, under the tender's lock. Nobody else is told
    before the opening.
    """
    return session.exec(
        select(func.count())
        .select_from(Bid)
        .where(
            Bid.tender_id == tender_id,
            Bid.status_details == BidStage.PENDING,
            Bid.amendment >= latest_material(session, tender_id),
        )
    ).one()


def latest_material(session: Session, tender_id: UUID) -> int:
    """The number of the last amendment that bids must answer; 0 when there is none."""
    last = session.exec(
        select(func.max(col(Amendment.number))).where(
            Amendment.tender_id == tender_id, col(Amendment.needs_confirmation).is_(True)
        )
    ).one()
    return last or 0
