"""Acceptance of goods that were received: presented, inspected, accepted, rejected, deemed. Never
commits.

Functions take the contract locked (`execution.hold`; the workers lock it too), so that the clock and
the buyer cannot both decide, and two presentations of the last quantity wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import any_, func, or_
from sqlmodel import Session, col, select

from api.contracts import execution, replacements
from api.contracts.bases import Basis
from api.contracts.execution_problems import DeemedAccepted, DefectsOpen, NotReceived
from api.contracts.models import (
    Acceptance,
    AcceptanceDefect,
    AcceptanceInspection,
    Contract,
    Dispute,
)
from api.contracts.schemas.acceptances import (
    AcceptanceDecisionIn,
    DefectIn,
    InspectionIn,
    PresentationIn,
    RejectionIn,
)
from api.core import db, deadlines
from api.core.errors import Conflict, NotFound, refused
from api.procurement.service import policies
from api.rules import acceptance as rules
from api.rules.acceptance import ACCEPTANCE, DECIDED, AcceptanceStatus
from api.rules.clock import local_date
from api.rules.disputes import OBJECTIONS
from api.rules.offers import plain
from api.rules.states import IllegalTransition
from api.rules.tenders import has_ended

SILENCE_ENDED = "acceptance.silence_ended"
_DEFINITIVE = frozenset({"accept", "reject"})


def present(
    session: Session,
    basis: Basis,
    contract: Contract,
    *,
    org_id: UUID,
    actor: str,
    data: PresentationIn,
) -> Acceptance:
    """Present a received quantity with its proof of delivery; from now on the buyer's time runs.

    Raises Invalid, NotReceived or CalendarYearMissing.
    """
    now = db.now(session)
    row = execution.rows_of(session, contract).get(data.schedule_row_id)
    if row is None:
        raise refused("#/schedule_row_id", "unknown_row", "The schedule has no such row.")
    if data.proof_of_delivery.signed_at > now:
        pointer = "#/proof_of_delivery/signed_at"
        raise refused(pointer, "in_future", "It cannot be signed in the future.")
    left = row.received_quantity - row.presented_quantity
    if data.delivered_quantity > left:
        raise NotReceived(f"{plain(left)} {row.unit_code} of row {row.number} can be presented.")
    named = None if data.replaces is None else acceptance_of(session, contract, data.replaces)
    replaces_id = replacements.replaced(session, row, named, data.delivered_quantity)
    proof = data.proof_of_delivery
    photo = None
    if proof.photo_document_id is not None:
        photo = execution.lay(
            session,
            contract,
            org_id=org_id,
            document_id=proof.photo_document_id,
            pointer="#/proof_of_delivery/photo_document_id",
        ).document_id
    silence = policies.policy_of(basis).deemed_acceptance_duration
    found = Acceptance(
        contract_id=contract.id,
        schedule_row_id=row.id,
        number=len(acceptances(session, contract)) + 1,
        delivered_quantity=data.delivered_quantity,
        replaces_id=replaces_id,
        presented_by=org_id,
        presented_at=now,
        deemed_at=(
            None if silence is None else policies.timetable_of(session, basis).after(now, silence)
        ),
        pod_signatory=proof.signatory,
        pod_signed_at=proof.signed_at,
        pod_photo_id=photo,
        pod_latitude=None if proof.geo is None else proof.geo.latitude,
        pod_longitude=None if proof.geo is None else proof.geo.longitude,
    )
    session.add(found)
    session.flush()
    if found.deemed_at is not None:
        deadlines.arm(session, SILENCE_ENDED, found.id, found.deemed_at, org_id=None)
    _log(session, contract, found, "present", actor)
    return found


def inspect(
    session: Session,
    contract: Contract,
    acceptance: Acceptance,
    *,
    org_id: UUID,
    actor: str,
    data: InspectionIn,
) -> AcceptanceInspection:
    """Enter an inspection with its report. Raises Conflict once decided, or Invalid."""
    _require_undecided(acceptance)
    if data.inspected_at > db.now(session):
        raise refused("#/inspected_at", "in_future", "It cannot be in the future.")
    report = execution.lay(
        session,
        contract,
        org_id=org_id,
        document_id=data.report_document_id,
        pointer="#/report_document_id",
    )
    found = AcceptanceInspection(
        contract_id=contract.id,
        acceptance_id=acceptance.id,
        number=len(inspections(session, acceptance)) + 1,
        level=data.level,
        aql=data.aql,
        agency=data.agency,
        inspected_at=data.inspected_at,
        passed=data.passed,
        report_id=report.document_id,
        org_id=org_id,
    )
    session.add(found)
    change = {"number": acceptance.number, "report": report.sha256, "passed": data.passed}
    execution.record(session, contract, "inspect_acceptance", actor, change)
    return found


def note_defect(
    session: Session, contract: Contract, acceptance: Acceptance, *, actor: str, data: DefectIn
) -> AcceptanceDefect:
    """Note a defect as the buyer. Raises Conflict once decided, or Invalid."""
    _require_undecided(acceptance)
    if data.quantity > acceptance.delivered_quantity:
        raise refused("#/quantity", "above_delivered", "So much was not delivered.")
    found = AcceptanceDefect(
        contract_id=contract.id,
        acceptance_id=acceptance.id,
        number=len(defects(session, acceptance)) + 1,
        severity=data.severity,
        description=data.description,
        quantity=data.quantity,
        found_at=db.now(session),
    )
    session.add(found)
    change = {"number": acceptance.number, "defect": found.number, "severity": data.severity}
    execution.record(session, contract, "note_defect", actor, change)
    return found


def remedy_defect(
    session: Session, contract: Contract, acceptance: Acceptance, *, number: int, actor: str
) -> AcceptanceDefect:
    """Confirm as the buyer that a defect is remedied. Raises NotFound or Conflict."""
    _require_undecided(acceptance)
    found = next((each for each in defects(session, acceptance) if each.number == number), None)
    if found is None:
        raise NotFound
    if found.remedied_at is not None:
        raise Conflict("The defect is remedied already.")
    found.remedied_at = db.now(session)
    session.add(found)
    change = {"number": acceptance.number, "defect": number}
    execution.record(session, contract, "remedy_defect", actor, change)
    return found


def accept(
    session: Session,
    contract: Contract,
    acceptance: Acceptance,
    *,
    actor: str,
    data: AcceptanceDecisionIn,
    provisionally: bool,
) -> Acceptance:
    """Accept as the buyer, by the protocol of a commission, all or a part of what was presented.

    Raises Invalid, DefectsOpen (finally only), DeemedAccepted or Conflict.
    """
    accepted = data.accepted_quantity
    rejected = acceptance.delivered_quantity - accepted
    faults = rules.split_faults(
        acceptance.delivered_quantity, accepted, max(rejected, Decimal()), data.reason_code
    )
    for field, code in faults:
        raise refused(f"#/{field}", code, f"{plain(acceptance.delivered_quantity)} was delivered.")
    if accepted == 0:
        raise refused("#/accepted_quantity", "nothing_accepted", "Reject it instead.")
    if (
        not provisionally
        and rules.open_defects(
            (each.quantity, each.remedied_at is not None) for each in defects(session, acceptance)
        )
        > rejected
    ):
        raise DefectsOpen
    action = "accept_provisionally" if provisionally else "accept"
    _decide(session, contract, acceptance, data, accepted, rejected, action, actor)
    return acceptance


def reject(
    session: Session, contract: Contract, acceptance: Acceptance, *, actor: str, data: RejectionIn
) -> Acceptance:
    """Reject all of it as the buyer. Raises DeemedAccepted or Conflict."""
    delivered = acceptance.delivered_quantity
    _decide(session, contract, acceptance, data, Decimal(), delivered, "reject", actor)
    return acceptance


def deem_due(session: Session, acceptance_id: UUID) -> bool:
    """Accept what the buyer was silent about until its time was over; for the workers."""
    known = session.get(Acceptance, acceptance_id)
    contract = None if known is None else execution.locked(session, known.contract_id)
    found = _locked(session, acceptance_id)
    if contract is None or found is None or found.status is not AcceptanceStatus.PENDING:
        return False
    if not _silent(session, contract, found, db.now(session)):
        return False
    found.accepted_quantity = found.delivered_quantity
    found.decided_by, found.decided_at = execution.CLOCK, found.deemed_at
    _move(session, contract, found, "deem", execution.CLOCK)
    return True


def acceptances(session: Session, contract: Contract) -> Sequence[Acceptance]:
    """The presentations of a contract, in order."""
    session.flush()
    query = select(Acceptance).where(Acceptance.contract_id == contract.id)
    return session.exec(query.order_by(col(Acceptance.number))).all()


def acceptance_of(session: Session, contract: Contract, number: int) -> Acceptance:
    """A presentation by its number, as it stands now; NotFound."""
    session.flush()
    found = session.exec(
        select(Acceptance)
        .where(Acceptance.contract_id == contract.id, Acceptance.number == number)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def inspections(session: Session, acceptance: Acceptance) -> Sequence[AcceptanceInspection]:
    """The inspections of what was presented, in order."""
    session.flush()
    query = select(AcceptanceInspection).where(AcceptanceInspection.acceptance_id == acceptance.id)
    return session.exec(query.order_by(col(AcceptanceInspection.number))).all()


def defects(session: Session, acceptance: Acceptance) -> Sequence[AcceptanceDefect]:
    """The defects of what was presented, in order."""
    session.flush()
    query = select(AcceptanceDefect).where(AcceptanceDefect.acceptance_id == acceptance.id)
    return session.exec(query.order_by(col(AcceptanceDefect.number))).all()


def _decide(
    session: Session,
    contract: Contract,
    acceptance: Acceptance,
    data: AcceptanceDecisionIn | RejectionIn,
    accepted: Decimal,
    rejected: Decimal,
    action: str,
    actor: str,
) -> None:
    now = db.now(session)
    if acceptance.status is AcceptanceStatus.PENDING and _silent(
        session, contract, acceptance, now
    ):
        raise DeemedAccepted
    if data.replace_by is not None and rejected == 0:
        raise refused("#/replace_by", "nothing_rejected", "Nothing is to be replaced.")
    if data.replace_by is not None and data.replace_by < local_date(now):
        raise refused("#/replace_by", "in_past", "That day is over.")
    if data.replace_by is not None and action in _DEFINITIVE:
        acceptance.replacement_row_id = replacements.order(
            session, contract, acceptance, quantity=rejected, due=data.replace_by, actor=actor
        )
    deadlines.disarm(session, SILENCE_ENDED, acceptance.id)
    acceptance.accepted_quantity, acceptance.rejected_quantity = accepted, rejected
    acceptance.reason_code, acceptance.reason = data.reason_code, data.reason
    acceptance.replace_by = data.replace_by
    acceptance.protocol_number = data.protocol_number
    acceptance.commission_members = [each.model_dump() for each in data.commission_members]
    acceptance.decided_by, acceptance.decided_at = actor, now
    _move(session, contract, acceptance, action, actor)


def _silent(session: Session, contract: Contract, acceptance: Acceptance, now: datetime) -> bool:
    """Whether the buyer's time is over in which it neither decided nor disputed the goods."""
    deemed_at = acceptance.deemed_at
    if deemed_at is None or not has_ended(deemed_at, now):
        return False
    disputed = select(Dispute.id).where(
        Dispute.contract_id == contract.id,
        Dispute.opened_by == contract.buyer_id,
        col(Dispute.type).in_(OBJECTIONS),
        Dispute.opened_at >= acceptance.presented_at,
        Dispute.opened_at < deemed_at,
        or_(
            func.cardinality(col(Dispute.schedule_row_ids)) == 0,
            any_(col(Dispute.schedule_row_ids)) == acceptance.schedule_row_id,
        ),
    )
    return session.exec(disputed.limit(1)).first() is None


def _require_undecided(acceptance: Acceptance) -> None:
    if acceptance.status in DECIDED:
        raise Conflict(f"It is decided: {acceptance.status}.")


def _locked(session: Session, acceptance_id: UUID) -> Acceptance | None:
    query = select(Acceptance).where(Acceptance.id == acceptance_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def _move(
    session: Session, contract: Contract, acceptance: Acceptance, action: str, actor: str
) -> None:
    """The one place that writes `acceptance.status`."""
    try:
        acceptance.status = ACCEPTANCE.apply(action, acceptance.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    acceptance.version += 1
    _log(session, contract, acceptance, action, actor)


_EVENTS = {
    "present": "presented",
    "accept_provisionally": "accepted_provisionally",
    "accept": "accepted",
    "deem": "deemed",
    "reject": "rejected",
}


def _log(
    session: Session, contract: Contract, acceptance: Acceptance, action: str, actor: str
) -> None:
    session.add(acceptance)
    change = {
        "number": acceptance.number,
        "status": acceptance.status,
        "schedule_row_id": acceptance.schedule_row_id.hex,
        "delivered_quantity": plain(acceptance.delivered_quantity),
        "accepted_quantity": plain(acceptance.accepted_quantity),
        "rejected_quantity": plain(acceptance.rejected_quantity),
        "protocol_number": acceptance.protocol_number,
    }
    event = f"acceptance.{_EVENTS[action]}"
    name = action if action == "accept_provisionally" else f"{action}_delivery"
    execution.record(session, contract, name, actor, change, event=event, resource=acceptance.id)
