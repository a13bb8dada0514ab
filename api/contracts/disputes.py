"""Disputes about contracts: opened, negotiated, inspected, determined; what they freeze. Never
commits.

Whoever acts on a dispute holds its row. A side and the clock hold the contract's before it; the
commission, which is no side, the dispute's alone.
"""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col

from api.contracts import bases, execution
from api.contracts import dispute_queries as queries
from api.contracts.bases import Basis
from api.contracts.execution_problems import OwnSettlement
from api.contracts.models import Contract, Dispute, DisputeEvidence, PaymentFreeze
from api.contracts.schemas.disputes import DisputeEvidenceIn, DisputeIn, OutcomeIn
from api.core import db, deadlines, ids
from api.core.errors import Conflict, FieldError, Invalid, NotFound, refused
from api.procurement.service import policies
from api.rules import disputes as rules
from api.rules.disputes import DISPUTE, FREEZES, ON_EXPIRY, OPEN, OUTCOME
from api.rules.offers import plain
from api.rules.states import IllegalTransition
from api.rules.tenders import has_ended

STAGE_ENDED = "dispute.stage_ended"


def open_(
    session: Session,
    basis: Basis,
    contract: Contract,
    *,
    org_id: UUID,
    actor: str,
    data: DisputeIn,
) -> Dispute:
    """Open a dispute, and freeze the payments that depend on what is disputed.

    Raises Invalid or CalendarYearMissing.
    """
    execution.require_rows(session, contract, data.schedule_row_ids)
    if data.claimed_amount is not None and data.claimed_amount > contract.value_amount:
        detail = f"The contract is worth {plain(contract.value_amount)}."
        raise refused("#/claimed_amount", "above_contract_value", detail)
    now = db.now(session)
    found = Dispute(
        contract_id=contract.id,
        number=len(queries.list_disputes(session, contract, org_id=org_id)) + 1,
        type=data.type,
        opened_by=org_id,
        opened_at=now,
        schedule_row_ids=[*dict.fromkeys(data.schedule_row_ids)],
        description=data.description,
        desired_outcome=data.desired_outcome,
        claimed_amount=data.claimed_amount,
        currency=contract.value_currency,
    )
    session.add(found)
    session.flush()
    rows: list[UUID | None] = [*found.schedule_row_ids] or [None]
    session.add_all(
        PaymentFreeze(
            contract_id=contract.id,
            dispute_id=found.id,
            milestone=milestone,
            schedule_row_id=row,
            frozen_at=now,
        )
        for milestone in sorted(FREEZES[found.type])
        for row in rows
    )
    _start_clock(session, basis, found)
    change = {**_told(found), "dispute_type": found.type, "freezes": _frozen(session, found)}
    execution.record(
        session, contract, "open_dispute", actor, change, event="dispute.opened", resource=found.id
    )
    return found


def add_evidence(
    session: Session,
    contract: Contract,
    dispute: Dispute,
    *,
    org_id: UUID,
    actor: str,
    data: DisputeEvidenceIn,
) -> DisputeEvidence:
    """Put a document of one's own forward. Raises Conflict once it is closed, or Invalid."""
    if dispute.stage not in OPEN:
        raise Conflict("The dispute is closed.")
    if data.inspection_report and dispute.inspection_agency is None:
        detail = "No inspection was ordered."
        raise refused("#/inspection_report", "not_ordered", detail)
    laid = execution.lay(
        session, contract, org_id=org_id, document_id=data.document_id, pointer="#/document_id"
    )
    found = DisputeEvidence(
        contract_id=contract.id,
        dispute_id=dispute.id,
        number=len(queries.evidence(session, dispute)) + 1,
        org_id=org_id,
        document_id=laid.document_id,
        sha256=laid.sha256,
        description=data.description,
        inspection_report=data.inspection_report,
        submitted_at=db.now(session),
    )
    session.add(found)
    change = {**_told(dispute), "evidence": found.number, "sha256": found.sha256}
    execution.record(session, contract, "add_evidence", actor, change)
    return found


def escalate(
    session: Session, basis: Basis, contract: Contract, dispute: Dispute, *, actor: str
) -> Dispute:
    """End the negotiation without an agreement. Raises Conflict."""
    _move(session, basis, contract, dispute, "escalate", actor, {})
    return dispute


def order_inspection(
    session: Session,
    basis: Basis,
    contract: Contract,
    dispute: Dispute,
    *,
    actor: str,
    agency: str,
) -> Dispute:
    """Have an agency inspect the goods. Raises Conflict."""
    dispute.inspection_agency = agency
    _move(session, basis, contract, dispute, "inspect", actor, {"agency": agency})
    return dispute


def submit(
    session: Session, basis: Basis, contract: Contract, dispute: Dispute, *, actor: str
) -> Dispute:
    """Lay the dispute before the commission, which reads it from now on. Raises Conflict."""
    _move(session, basis, contract, dispute, "submit", actor, {})
    return dispute


def offer_settlement(
    session: Session,
    contract: Contract,
    dispute: Dispute,
    *,
    org_id: UUID,
    actor: str,
    data: OutcomeIn,
) -> Dispute:
    """Offer the other side terms to settle on; they take the place of an earlier offer.

    Raises Conflict once it is closed, or Invalid.
    """
    if dispute.stage not in OPEN:
        raise Conflict("The dispute is closed.")
    _require_sound(contract, dispute, data)
    dispute.settlement, dispute.settlement_by = data.model_dump(mode="json"), org_id
    dispute.version += 1
    session.add(dispute)
    change = {**_told(dispute), "settlement": dispute.settlement}
    execution.record(session, contract, "offer_settlement", actor, change)
    return dispute


def settle(
    session: Session,
    basis: Basis,
    contract: Contract,
    dispute: Dispute,
    *,
    org_id: UUID,
    actor: str,
) -> Dispute:
    """Agree to what the other side offers: the dispute is closed. Raises OwnSettlement, Conflict."""
    if dispute.settlement is None:
        raise Conflict("No settlement is offered.")
    if dispute.settlement_by == org_id:
        raise OwnSettlement
    _decide(dispute, OutcomeIn.model_validate(dispute.settlement))
    _move(session, basis, contract, dispute, "settle", actor, dispute.settlement)
    return dispute


def withdraw(
    session: Session,
    basis: Basis,
    contract: Contract,
    dispute: Dispute,
    *,
    org_id: UUID,
    actor: str,
) -> Dispute:
    """Give the dispute up, as the side that opened it; NotFound for the other. Raises Conflict."""
    if dispute.opened_by != org_id:
        raise NotFound
    _move(session, basis, contract, dispute, "withdraw", actor, {})
    return dispute


def determine(
    session: Session, dispute: Dispute, *, org_id: UUID, actor: str, data: OutcomeIn
) -> Dispute:
    """Decide as the commission whose fault it was and what follows; the dispute is closed.

    Raises Invalid or Conflict.
    """
    contract = session.get_one(Contract, dispute.contract_id)
    _require_sound(contract, dispute, data)
    _decide(dispute, data)
    dispute.determined_by = org_id
    told = data.model_dump(mode="json")
    _move(session, None, contract, dispute, "determine", actor, told)
    return dispute


def advance_due(session: Session, dispute_id: UUID) -> bool:
    """Move a dispute on whose stage is over, or show that its determination is overdue; for the
    workers. False: there is nothing to do."""
    known = session.get(Dispute, dispute_id)
    contract = None if known is None else execution.locked(session, known.contract_id)
    dispute = queries.locked(session, col(Dispute.id) == dispute_id)
    if contract is None or dispute is None or dispute.stage not in OPEN:
        return False
    now = db.now(session)
    if dispute.stage_due_at is None or not has_ended(dispute.stage_due_at, now):
        return False
    action = ON_EXPIRY[dispute.stage]
    if action is None:
        if dispute.overdue_at is not None:
            return False
        dispute.overdue_at = now
        dispute.version += 1
        session.add(dispute)
        execution.record(
            session,
            contract,
            "dispute_overdue",
            execution.CLOCK,
            _told(dispute),
            event="dispute.overdue",
            resource=dispute.id,
        )
        return True
    basis = bases.of(session, contract)
    _move(session, basis, contract, dispute, action, execution.CLOCK, {})
    return True


def _require_sound(contract: Contract, dispute: Dispute, data: OutcomeIn) -> None:
    errors = [
        FieldError(pointer=f"#/{field}", code=code, detail=detail)
        for field, code, detail in rules.terms_faults(
            data.party_at_fault,
            data.refund,
            data.liquidated_damages,
            data.cost_of_inspection,
            data.inspection_paid_by,
            dispute.claimed_amount,
            contract.value_amount,
        )
    ]
    if errors:
        raise Invalid("Some terms are not possible.", errors=errors)


def _decide(dispute: Dispute, data: OutcomeIn) -> None:
    dispute.party_at_fault, dispute.replace = data.party_at_fault, data.replace
    dispute.refund, dispute.liquidated_damages = data.refund, data.liquidated_damages
    dispute.cost_of_inspection = data.cost_of_inspection
    dispute.inspection_paid_by = data.inspection_paid_by
    dispute.rationale = data.rationale


def _start_clock(session: Session, basis: Basis, dispute: Dispute) -> None:
    durations = policies.policy_of(basis).dispute_durations
    if durations is None:
        dispute.stage_due_at = None
        return
    duration = getattr(durations, dispute.stage)
    now = db.now(session)
    dispute.stage_due_at = policies.timetable_of(session, basis).after(now, duration)
    deadlines.arm(session, STAGE_ENDED, dispute.id, dispute.stage_due_at, org_id=None)


def _release(session: Session, dispute: Dispute) -> None:
    now = db.now(session)
    for each in queries.freezes(session, dispute):
        each.released_at = now
        session.add(each)


def _frozen(session: Session, dispute: Dispute) -> list[dict[str, Any]]:
    return [
        {
            "milestone": each.milestone.value,
            "schedule_row_id": (
                None
                if each.schedule_row_id is None
                else ids.show("schedule_row", each.schedule_row_id)
            ),
        }
        for each in queries.freezes(session, dispute)
    ]


def _told(dispute: Dispute) -> dict[str, Any]:
    return {"number": dispute.number, "stage": dispute.stage, "outcome": dispute.outcome}


def _move(
    session: Session,
    basis: Basis | None,
    contract: Contract,
    dispute: Dispute,
    action: str,
    actor: str,
    change: dict[str, Any],
) -> None:
    """The one place that writes `dispute.stage`, with the clock of the new one."""
    # What was decided is not written before the stage that may say so.
    with session.no_autoflush:
        deadlines.disarm(session, STAGE_ENDED, dispute.id)
        now = db.now(session)
    try:
        dispute.stage = DISPUTE.apply(action, dispute.stage)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    dispute.version += 1
    event = "dispute.advanced"
    if action in OUTCOME:
        dispute.outcome, dispute.closed_at = OUTCOME[action], now
        dispute.stage_due_at = None
        session.add(dispute)
        session.flush()
        _release(session, dispute)
        event, change = "dispute.closed", {**change, "freezes": _frozen(session, dispute)}
    elif basis is not None:
        _start_clock(session, basis, dispute)
    session.add(dispute)
    told = {**change, **_told(dispute)}
    name = f"{action}_dispute"
    execution.record(session, contract, name, actor, told, event=event, resource=dispute.id)
