"""What may be read of awards; they are public. Never commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from api.core.errors import NotFound
from api.procurement.models import Award
from api.rules.awards import AwardStatus


def get(session: Session, award_id: UUID) -> Award:
    """Any award; NotFound."""
    award = session.get(Award, award_id)
    if award is None:
        raise NotFound
    return award


def list_awards(session: Session, *, tender_id: UUID) -> Sequence[Award]:
    """Every award of a tender, in the order in which they were made."""
    session.flush()
    return session.exec(
        select(Award).where(Award.tender_id == tender_id).order_by(col(Award.id))
    ).all()


def of_lot(session: Session, lot_id: UUID, *statuses: AwardStatus) -> Sequence[Award]:
    """The awards of a lot in these statuses, or in any, in the order in which they were made."""
    condition: ColumnElement[bool] = col(Award.lot_id) == lot_id
    if statuses:
        condition &= col(Award.status).in_(statuses)
    session.flush()
    return session.exec(select(Award).where(condition).order_by(col(Award.id))).all()
