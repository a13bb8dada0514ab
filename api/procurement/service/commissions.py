"""The commission of a tender and its declarations. Never commits: the caller owns the transaction.

Functions that change something take the tender locked by `tenders.lock`: decisions about a tender
are taken one after the other.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import db
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.identity.models import ApiClient, Member
from api.identity.service import Caller
from api.procurement.models import CommissionMember, Tender
from api.procurement.schemas.commissions import CommissionMemberIn, ConflictDeclarationIn
from api.procurement.service import tenders
from api.procurement.service.evaluation_problems import (
    BidsNotOpened,
    ConflictDeclared,
    ConflictUndeclared,
)
from api.rules.commissions import MEMBER, CommissionMemberStatus, may_act
from api.rules.states import IllegalTransition
from api.rules.tenders import EVALUATING_STAGES, STATUS_OF, TenderStage, TenderStatus

SCORING_STAGES = EVALUATING_STAGES | {TenderStage.FIRST_PACKAGE_PENDING}
"""Stages in which the commission knows bids, or their first envelopes, and judges them."""
_OVER = frozenset(s for s, status in STATUS_OF.items() if status is not TenderStatus.ACTIVE) | {
    TenderStage.EVALUATION_COMPLETE,
    TenderStage.EVALUATION_RESULTS_PENDING,
    TenderStage.CONTRACT_SIGN_PENDING,
}
_APPOINTING = frozenset({TenderStage.DRAFT, TenderStage.PLANNED})


def appoint(
    session: Session, tender: Tender, *, caller: Caller, data: CommissionMemberIn
) -> CommissionMember:
    """Put a person of the buyer, by its credentials, into the commission, until the evaluation is
    complete. Invalid for credentials that are not the buyer's, AlreadyExists for a second time."""
    if tender.status_details in _OVER - _APPOINTING:
        raise BidsNotOpened(f"The tender is {tender.status_details}.")
    _require_known(session, tender, data)
    if _find(session, tender.id, data.client_id, data.member_id) is not None:
        raise AlreadyExists("The person is in the commission already.")
    member = CommissionMember(
        tender_id=tender.id,
        client_id=data.client_id,
        member_id=data.member_id,
        name=data.name,
        role=data.role,
    )
    session.add(member)
    session.flush()
    note(session, tender, "appoint_member", caller, {"member": member.id.hex, "role": data.role})
    return member


def declare(
    session: Session, tender: Tender, *, caller: Caller, data: ConflictDeclarationIn
) -> CommissionMember:
    """The caller's own declaration. NotFound for who is no member, Conflict for a declaration of
    none after another; who declares a conflict is excluded, also later on."""
    member = _find(session, tender.id, caller.client_id, caller.member_id)
    if member is None:
        raise NotFound
    action = "exclude" if data.has_conflict else "clear"
    try:
        member.status = MEMBER.apply(action, member.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    member.declared_at, member.conflict = db.now(session), data.detail
    member.version += 1
    session.add(member)
    change: dict[str, Any] = {"member": member.id.hex, "conflict": data.has_conflict}
    note(session, tender, "declare_conflict" if data.has_conflict else "declare_no_conflict",
         caller, change)  # fmt: skip
    return member


def members(session: Session, tender_id: UUID) -> Sequence[CommissionMember]:
    """The commission of a tender, in the order of appointment."""
    return session.exec(
        select(CommissionMember)
        .where(CommissionMember.tender_id == tender_id)
        .order_by(col(CommissionMember.id))
    ).all()


def cleared(session: Session, tender_id: UUID) -> list[CommissionMember]:
    """The members who may see and score bids."""
    found = members(session, tender_id)
    return [each for each in found if each.status is CommissionMemberStatus.CLEARED]


def require_cleared(session: Session, tender: Tender, caller: Caller) -> CommissionMember | None:
    """The caller's seat in the commission; None when the tender has no commission.

    Raises ConflictUndeclared or ConflictDeclared for who may not see opened bids. Routes that
    show opened bids to the buyer call it, so that nobody sees them before declaring.
    """
    found = members(session, tender.id)
    own = next(
        (
            each
            for each in found
            if (each.client_id, each.member_id) == (caller.client_id, caller.member_id)
        ),
        None,
    )
    if may_act(own.status if own else None, has_commission=bool(found)):
        return own
    if own is not None and own.status is CommissionMemberStatus.EXCLUDED:
        raise ConflictDeclared
    raise ConflictUndeclared


def refuse_undeclared(session: Session, caller: Caller, tender_id: UUID) -> None:
    """For routes that show opened bids: raise as `require_cleared` when the tender is the
    caller's own, and the caller is not a member of its commission without a conflict."""
    tender = session.get(Tender, tender_id)
    if tender is not None and tender.buyer_id == caller.org_id:
        require_cleared(session, tender, caller)


def require_members(session: Session, tender: Tender, seats: Sequence[UUID]) -> None:
    """Raise Invalid for ids that are not of the tender's commission."""
    known = {each.id for each in members(session, tender.id)}
    for index, each in enumerate(seats):
        if each not in known:
            raise refused(f"#/present/{index}", "unknown_member", "Not in the commission.")


def require_stage(tender: Tender, *, first_package: bool = False) -> None:
    """Raise BidsNotOpened unless bids (or, of two, their first envelopes) are being judged."""
    if tender.status_details not in (SCORING_STAGES if first_package else EVALUATING_STAGES):
        raise BidsNotOpened(f"The tender is {tender.status_details}.")


def note(
    session: Session, tender: Tender, action: str, caller: Caller, change: dict[str, Any]
) -> None:
    """An entry in the tender's audit trail, which is public: ids and codes, no points, no texts."""
    tenders.record(session, tender, action, actor=caller.actor, change=change)


def _require_known(session: Session, tender: Tender, data: CommissionMemberIn) -> None:
    if data.member_id is not None:
        query = select(Member.id).where(
            Member.id == data.member_id,
            Member.org_id == tender.buyer_id,
            col(Member.removed_at).is_(None),
        )
        if session.exec(query).one_or_none() is None:
            raise refused("#/member_id", "unknown_member", "No member of your organisation.")
        return
    client = session.exec(
        select(ApiClient.id).where(
            ApiClient.id == data.client_id,
            ApiClient.org_id == tender.buyer_id,
            col(ApiClient.revoked_at).is_(None),
        )
    ).one_or_none()
    if client is None:
        raise refused("#/client_id", "unknown_client", "No live credentials of your organisation.")


def _find(
    session: Session, tender_id: UUID, client_id: UUID | None, member_id: UUID | None
) -> CommissionMember | None:
    return session.exec(
        select(CommissionMember).where(
            CommissionMember.tender_id == tender_id,
            col(CommissionMember.client_id).is_not_distinct_from(client_id),
            col(CommissionMember.member_id).is_not_distinct_from(member_id),
        )
    ).one_or_none()
