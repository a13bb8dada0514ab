"""Whom a tender admits: the one gate that bids pass. Never commits.

Most tenders are open to everybody. What else decides is known of the held tender: each way of
admitting certain suppliers is one more line of `require`.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlmodel import Session, col, select

from api.procurement.models import BidLot, Qualification, SubmissionTenderer
from api.procurement.service import agreements
from api.procurement.service.contents import Read
from api.procurement.service.envelopes import Held
from api.procurement.service.framework_problems import NotAdmitted
from api.procurement.service.prequalification_problems import NotInvited
from api.rules.prequalification import QualificationStatus
from api.rules.tenders import Fault

_JOINED = (
    col(SubmissionTenderer.accepted_at).is_not(None),
    col(SubmissionTenderer.released_at).is_(None),
)


def require(
    session: Session, held: Held, supplier_id: UUID, members: Collection[UUID] = ()
) -> None:
    """Raise NotInvited or NotAdmitted unless the tender is open to the supplier, and to the other
    members of its consortium with it."""
    if held.invited_only:
        require_invited(session, held.id, supplier_id, members)
    if held.framework_id is not None:
        _require_agreed(session, held.framework_id, supplier_id, members)


def require_member(session: Session, held: Held, lead_id: UUID, member_id: UUID) -> None:
    """Raise NotInvited or NotAdmitted unless a member that a bid names may join it.

    That the lead is invited was asked when it handed the bid in; its qualification is not the
    member's to read, its own place in the application is.
    """
    if held.invited_only:
        place = select(SubmissionTenderer.id).where(
            SubmissionTenderer.tender_id == held.id,
            SubmissionTenderer.lead_id == lead_id,
            SubmissionTenderer.organisation_id == member_id,
            *_JOINED,
        )
        if session.exec(place).first() is None:
            raise NotInvited("You have not qualified with the supplier of this bid.")
    if held.framework_id is not None:
        _require_agreed(session, held.framework_id, lead_id, [member_id])


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
            SubmissionTenderer.submission_id == submission_id, *_JOINED
        )
    ).all()
    if not others <= {*qualified}:
        raise NotInvited("A member of the consortium has not qualified with you.")


def invited_lots(session: Session, tender_id: UUID) -> Mapping[UUID, Collection[UUID]]:
    """The lots that each supplier is invited for, where lots are told apart."""
    rows = session.exec(
        select(Qualification.supplier_id, Qualification.invited_lots).where(
            Qualification.tender_id == tender_id, col(Qualification.invited_lots).is_not(None)
        )
    )
    return {supplier_id: lots or () for supplier_id, lots in rows}


def held(lots: Collection[UUID] | None, read: Read) -> Read:
    """An opened bid, with a fault for each lot that its supplier is not invited for."""
    if lots is None:
        return read
    faults = [
        Fault(f"#/lots/{row['lot_id'].hex}", "not_invited", "is not one that you are invited for")
        for model, row in read.rows
        if model is BidLot and row["lot_id"] not in lots
    ]
    return Read([], {}, faults) if faults else read


def _require_agreed(
    session: Session, framework_id: UUID, supplier_id: UUID, members: Collection[UUID]
) -> None:
    """A call-off is open to the active suppliers of the agreement, each with its own consortium."""
    others = {*members} - {supplier_id}
    own = [
        each for each in agreements.active(session, framework_id) if each.supplier_id == supplier_id
    ]
    if not own:
        raise NotAdmitted("Only active suppliers of the framework agreement bid for its call-offs.")
    if not any(others <= {*each.suppliers} for each in own):
        raise NotAdmitted("A member of the consortium is no supplier of the agreement with you.")
