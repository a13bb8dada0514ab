"""Guarantees for advances: laid before the buyer by the supplier, accepted or refused. Never commits."""

from uuid import UUID

from sqlmodel import Session

from api.contracts import execution
from api.contracts.models import Contract
from api.core import db
from api.core.errors import Conflict, NotFound, refused
from api.payments.milestone_problems import GuaranteeUnneeded
from api.payments.models import AdvanceGuarantee, PaymentMilestone
from api.payments.schemas.milestones import AdvanceGuaranteeIn
from api.payments.service import milestone_facts
from api.rules.clock import local_date
from api.rules.offers import plain
from api.rules.payment_milestones import GUARANTEE, LIVE_MILESTONES, AdvanceGuaranteeStatus
from api.rules.states import IllegalTransition

_EVENTS = {
    "submit": "guarantee.submitted",
    "accept": "guarantee.accepted",
    "refuse": "guarantee.refused",
}


def submit(
    session: Session,
    contract: Contract,
    milestone: PaymentMilestone,
    *,
    org_id: UUID,
    actor: str,
    data: AdvanceGuaranteeIn,
) -> AdvanceGuarantee:
    """Lay a guarantee for an advance before the buyer, as the supplier.

    Raises GuaranteeUnneeded, Invalid or FileWithheld.
    """
    earlier = milestone_facts.guarantees(session, milestone)
    if not milestone.guarantee_required or milestone.status not in LIVE_MILESTONES:
        raise GuaranteeUnneeded
    if any(each.status is not AdvanceGuaranteeStatus.REFUSED for each in earlier):
        raise GuaranteeUnneeded
    if data.amount < milestone.amount:
        detail = f"The advance is {plain(milestone.amount)} {milestone.currency}."
        raise refused("#/amount", "below_advance", detail)
    if data.valid_until <= local_date(db.now(session)):
        raise refused("#/valid_until", "in_past", "It must be valid.")
    laid = execution.lay(
        session, contract, org_id=org_id, document_id=data.document_id, pointer="#/document_id"
    )
    found = AdvanceGuarantee(
        contract_id=contract.id,
        milestone_id=milestone.id,
        number=1 + milestone_facts.count_guarantees(session, contract),
        issuer=data.issuer,
        reference=data.reference,
        amount=data.amount,
        currency=milestone.currency,
        valid_until=data.valid_until,
        document_id=laid.document_id,
        document_sha256=laid.sha256,
        submitted_by=org_id,
    )
    session.add(found)
    _log(session, contract, found, "submit", actor)
    return found


def decide(
    session: Session,
    contract: Contract,
    guarantee: AdvanceGuarantee,
    *,
    actor: str,
    reason: str | None,
) -> AdvanceGuarantee:
    """Accept as the buyer, or refuse with a reason. Raises Conflict."""
    action = "accept" if reason is None else "refuse"
    if reason is None and guarantee.valid_until < local_date(db.now(session)):
        raise Conflict("The guarantee is no longer valid.")
    guarantee.decided_by, guarantee.decided_at = actor, db.now(session)
    guarantee.reason = reason
    _move(session, contract, guarantee, action, actor)
    return guarantee


def guarantee_of(session: Session, milestone: PaymentMilestone, number: int) -> AdvanceGuarantee:
    """A guarantee of a milestone by its number; NotFound."""
    for each in milestone_facts.guarantees(session, milestone):
        if each.number == number:
            return each
    raise NotFound


def _move(
    session: Session, contract: Contract, guarantee: AdvanceGuarantee, action: str, actor: str
) -> None:
    """The one place that writes `advance_guarantee.status`."""
    try:
        guarantee.status = GUARANTEE.apply(action, guarantee.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    guarantee.version += 1
    _log(session, contract, guarantee, action, actor)


def _log(
    session: Session, contract: Contract, guarantee: AdvanceGuarantee, action: str, actor: str
) -> None:
    session.add(guarantee)
    change = {
        "number": guarantee.number,
        "status": guarantee.status,
        "amount": plain(guarantee.amount),
        "currency": guarantee.currency,
        "sha256": guarantee.document_sha256,
    }
    name, event = f"{action}_guarantee", f"advance_{_EVENTS[action]}"
    execution.record(session, contract, name, actor, change, event=event, resource=guarantee.id)
