"""Contracts of call-offs without competition: drawn up once the award is approved. Never commits."""

from uuid import UUID

from sqlmodel import Session

from api.contracts import queries, service
from api.contracts.schemas import ContractIn
from api.procurement.models import Award
from api.procurement.service import agreements, parties
from api.rules.awards import AwardStatus

_ACTOR = "system:call-offs"


def draw_up(session: Session, award_id: UUID) -> bool:
    """A draft of the contract about an award of a direct call-off; for the workers.

    False when the award is of no such call-off, no longer stands, or is in a contract already, so
    that repeating it changes nothing.
    """
    award = session.get(Award, award_id)
    if award is None:
        return False
    tender = parties.hold(session, award.tender_id)
    session.refresh(award)
    stands = award.status is AwardStatus.ACTIVE
    if not stands or not agreements.is_direct(tender) or queries.is_taken(session, [award.id]):
        return False
    service.create(session, tender, actor=_ACTOR, data=ContractIn(award_ids=[award.id]))
    return True
