"""Who may take part in the tender period of a tender with a prequalification. Never commits."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import Session, col, select

from api.procurement.models import Qualification, SubmissionTenderer
from api.procurement.service.prequalification_problems import NotInvited
from api.rules.prequalification import QualificationStatus


def require_invited(
    session: Session, tender_id: UUID, supplier_id: UUID, members: Collection[UUID] = ()
) -> None:
    """Raise NotInvited unless the supplier is an invited candidate of the tender, and the other
    members qualified with it, in its consortium."""
    submission_id = session.exec(
        select(Qualification.submission_id).where(
            Qualification.tender_id == tender_id,
            Qualification.supplier_id == supplier_id,
            Qualification.status == QualificationStatus.ACTIVE,
            col(Qualification.invited_at).is_not(None),
        )
    ).first()
    if submission_id is None:
        raise NotInvited
    others = {*members} - {supplier_id}
    if not others:
        return
    qualified = session.exec(
        select(SubmissionTenderer.organisation_id).where(
            SubmissionTenderer.submission_id == submission_id,
            col(SubmissionTenderer.accepted_at).is_not(None),
            col(SubmissionTenderer.released_at).is_(None),
        )
    ).all()
    if not others <= {*qualified}:
        raise NotInvited("A member of the consortium has not qualified with you.")
