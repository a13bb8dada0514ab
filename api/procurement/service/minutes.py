"""Minutes of the commission: signed by the installation, approved by the members."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from api.core import db, ids, signing
from api.core.errors import AlreadyExists, NotFound
from api.core.outbox import emit
from api.identity.service import Caller
from api.procurement.models import Award, EvaluationMinutes, MinutesApproval, Tender
from api.procurement.schemas.commissions import MinutesIn
from api.procurement.sealing.documents import instant
from api.procurement.service import commissions, evaluations, policies
from api.procurement.service.evaluation_problems import ConflictUndeclared

TYPE, APPROVAL = "evaluation_minutes", "evaluation_minutes_approval"


def record(
    session: Session, tender: Tender, *, caller: Caller, data: MinutesIn
) -> EvaluationMinutes:
    """Keep what was decided, in each language, with the evaluations as they stand, and sign it.

    From the opening of the first envelope on, also when the evaluation is complete. Raises
    ConflictUndeclared or ConflictDeclared.
    """
    seat = commissions.require_cleared(session, tender, caller)
    last = session.exec(
        select(func.max(EvaluationMinutes.number)).where(EvaluationMinutes.tender_id == tender.id)
    ).one()
    content: dict[str, Any] = {
        "type": TYPE,
        "tender": tender.ocid,
        "number": (last or 0) + 1,
        "recorded_at": instant(db.now(session)),
        "recorded_by": ids.show("commission_member", seat.id) if seat else caller.actor,
        "held_at": instant(data.held_at),
        "present": [ids.show("commission_member", each) for each in data.present],
        "text": data.text,
        "evaluations": [
            {
                "lot": ids.show("lot", each.lot_id),
                "number": each.number,
                "status": each.status.value,
                "sha256": each.sha256,
            }
            for each in evaluations.of_tender(session, tender)
        ],
    }
    commissions.require_members(session, tender, data.present)
    signed = signing.sign(content)
    row = EvaluationMinutes(
        tender_id=tender.id,
        number=content["number"],
        recorded_by=caller.actor,
        content=signed.content,
        key_id=signed.key_id,
        signature=signed.signature,
    )
    session.add(row)
    session.flush()
    change = {"minutes": row.id.hex, "number": row.number}
    commissions.note(session, tender, "record_minutes", caller, change)
    _tell(session, tender, row, "minutes.recorded")
    return row


def approve(
    session: Session, tender: Tender, *, caller: Caller, minutes_id: UUID
) -> EvaluationMinutes:
    """The caller's approval as a member. NotFound, AlreadyExists for a second one, or
    ConflictUndeclared, ConflictDeclared."""
    seat = commissions.require_cleared(session, tender, caller)
    if seat is None:
        raise ConflictUndeclared("Only a member of the commission approves minutes.")
    row = session.exec(
        select(EvaluationMinutes).where(
            EvaluationMinutes.id == minutes_id, EvaluationMinutes.tender_id == tender.id
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    if any(each.member_id == seat.id for each in approvals(session, tender).get(row.id, ())):
        raise AlreadyExists("You have approved these minutes already.")
    signed = signing.sign(
        {
            "type": APPROVAL,
            "tender": tender.ocid,
            "number": row.number,
            "minutes_signature": row.signature,
            "member": ids.show("commission_member", seat.id),
            "approved_at": instant(db.now(session)),
        }
    )
    session.add(
        MinutesApproval(
            minutes_id=row.id,
            tender_id=tender.id,
            member_id=seat.id,
            content=signed.content,
            key_id=signed.key_id,
            signature=signed.signature,
        )
    )
    session.flush()
    change = {"minutes": row.id.hex, "member": seat.id.hex}
    commissions.note(session, tender, "approve_minutes", caller, change)
    _tell(session, tender, row, "minutes.approved")
    return row


def public_commission(session: Session, tender_id: UUID) -> dict[str, Any] | None:
    """What everybody may know of a commission once a lot was decided, where the tender's policy
    publishes evaluations: declarations by seat, and minutes as they were signed. For the workers.

    Of people no more than that: neither names nor credentials, nor what a conflict was about.
    """
    tender = session.get_one(Tender, tender_id)
    decided = select(Award.id).where(
        Award.tender_id == tender_id, col(Award.decided_at).is_not(None)
    )
    if session.exec(decided).first() is None or not policies.policy_of(tender).publish_evaluation:
        return None
    approved = approvals(session, tender)
    return {
        "ocid": tender.ocid,
        "declarations": [
            {
                "id": each.id,
                "role": each.role,
                "status": each.status,
                "declared_at": each.declared_at,
            }
            for each in commissions.members(session, tender_id)
        ],
        "minutes": [
            {**row.model_dump(), "approvals": approved.get(row.id, [])}
            for row in of_tender(session, tender)
        ],
    }


def tender_of(session: Session, minutes_id: UUID) -> UUID | None:
    """The tender that minutes are of."""
    query = select(EvaluationMinutes.tender_id).where(EvaluationMinutes.id == minutes_id)
    return session.exec(query).one_or_none()


def _tell(session: Session, tender: Tender, row: EvaluationMinutes, event: str) -> None:
    emit(session, event, row.id, org_id=tender.buyer_id, tender_id=tender.id.hex, number=row.number)


def of_tender(session: Session, tender: Tender) -> Sequence[EvaluationMinutes]:
    """The minutes of a tender in their order."""
    return session.exec(
        select(EvaluationMinutes)
        .where(EvaluationMinutes.tender_id == tender.id)
        .order_by(col(EvaluationMinutes.number))
    ).all()


def approvals(session: Session, tender: Tender) -> dict[UUID, list[MinutesApproval]]:
    """The approvals of a tender's minutes, by minutes."""
    found: dict[UUID, list[MinutesApproval]] = {}
    rows = session.exec(
        select(MinutesApproval)
        .where(MinutesApproval.tender_id == tender.id)
        .order_by(col(MinutesApproval.id))
    )
    for row in rows:
        found.setdefault(row.minutes_id, []).append(row)
    return found
