"""When a contract is paid: proposed by the buyer, agreed by the supplier, changed by both. Never
commits.

Functions take the contract locked (`execution.hold`), so that a schedule does not change under a
payment, nor a payment under a schedule.
"""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import rfc8785
from sqlmodel import Session, col, select

from api.contracts import damages, execution, queries
from api.contracts.models import Contract
from api.core import db, ids
from api.core.errors import Conflict, FieldError, Invalid, NotFound
from api.payments.milestone_problems import FileDiffers, NoPaymentSchedule, SettlementFixed
from api.payments.models import PaymentMilestone, PaymentSchedule
from api.payments.schemas.milestones import PartIn, PaymentScheduleIn, ScheduleAcceptIn
from api.payments.service import coins, milestones
from api.reference.locales import currencies
from api.rules import payment_milestones as rules
from api.rules.offers import plain
from api.rules.payment_milestones import Part, Settlement
from api.rules.schedules import SCHEDULE, ScheduleStatus
from api.rules.states import IllegalTransition
from api.rules.tenders import Fault

_EVENTS = {
    "propose": "payment_schedule.proposed",
    "agree": "payment_schedule.agreed",
    "reject": "payment_schedule.rejected",
}


def propose(
    session: Session, contract: Contract, *, org_id: UUID, actor: str, data: PaymentScheduleIn
) -> PaymentSchedule:
    """A schedule that waits for the supplier; the buyer's earlier one that waits is withdrawn.

    Raises Invalid, SettlementFixed or PriceUnknown.
    """
    parts, shares = _amounts(session, contract, data)
    earlier = list_schedules(session, contract)
    _require_kept(session, contract, earlier, data, parts, shares)
    for each in earlier:
        if each.status is ScheduleStatus.PROPOSED:
            _move(session, contract, each, "withdraw", actor)
            session.flush()
    kept = [_kept(part, shares[part.number]) for part in data.parts]
    found = PaymentSchedule(
        contract_id=contract.id,
        number=len(earlier) + 1,
        settlement=data.settlement,
        total=sum(shares.values(), Decimal()),
        currency=contract.value_currency,
        parts=kept,
        sha256=_sha256(contract, data, kept),
        proposed_by=org_id,
        proposed_at=db.now(session),
    )
    session.add(found)
    _tell(session, contract, found, "propose", actor)
    return found


def accept(
    session: Session,
    contract: Contract,
    schedule: PaymentSchedule,
    *,
    org_id: UUID,
    actor: str,
    data: ScheduleAcceptIn,
) -> PaymentSchedule:
    """Agree as the supplier: the parts are in force. Raises FileDiffers, Conflict or Invalid."""
    if data.sha256 != schedule.sha256:
        raise FileDiffers
    earlier = list_schedules(session, contract)
    current = _in_force(earlier)
    wanted = PaymentScheduleIn(
        settlement=schedule.settlement, parts=[_given(row) for row in schedule.parts]
    )
    parts, shares = _amounts(session, contract, wanted)
    _require_kept(session, contract, earlier, wanted, parts, shares)
    if current is not None:
        _move(session, contract, current, "supersede", actor)
        session.flush()
    schedule.payee_account_id = data.payee_account_id
    schedule.agreed_by, schedule.agreed_at = org_id, db.now(session)
    _move(session, contract, schedule, "agree", actor)
    milestones.put_in_force(session, contract, schedule, wanted.parts, shares, actor=actor)
    return schedule


def reject(
    session: Session, contract: Contract, schedule: PaymentSchedule, *, actor: str, reason: str
) -> PaymentSchedule:
    """Say as the supplier why not. Raises Conflict."""
    schedule.reason = reason
    _move(session, contract, schedule, "reject", actor)
    return schedule


def list_schedules(session: Session, contract: Contract) -> Sequence[PaymentSchedule]:
    """The payment schedules of a contract as they were proposed, in order."""
    session.flush()
    query = select(PaymentSchedule).where(PaymentSchedule.contract_id == contract.id)
    return session.exec(query.order_by(col(PaymentSchedule.number))).all()


def latest(session: Session, contract: Contract) -> PaymentSchedule:
    """The schedule that waits for its answer, or else the one in force; NoPaymentSchedule."""
    found = list_schedules(session, contract)
    open_ = next((each for each in found if each.status is ScheduleStatus.PROPOSED), None)
    shown = open_ or _in_force(found)
    if shown is None:
        raise NoPaymentSchedule
    return shown


def in_force(session: Session, contract: Contract) -> PaymentSchedule:
    """The schedule that both sides agreed to; NoPaymentSchedule."""
    found = _in_force(list_schedules(session, contract))
    if found is None:
        raise NoPaymentSchedule
    return found


def open_one(session: Session, contract: Contract) -> PaymentSchedule:
    """The schedule that waits for the supplier; NotFound."""
    for each in list_schedules(session, contract):
        if each.status is ScheduleStatus.PROPOSED:
            return each
    raise NotFound


def _amounts(
    session: Session, contract: Contract, data: PaymentScheduleIn
) -> tuple[list[Part], dict[int, Decimal]]:
    """The parts as the rules take them, and the amount of each. Raises Invalid."""
    if data.settlement is Settlement.ESCROW:
        coins.require(contract.value_amount, contract.value_currency, "#/settlement")
    places = currencies()[contract.value_currency].minor_units
    lots = _lots(session, contract, places)
    parts = [
        Part(
            part.number,
            part.kind,
            None if part.lot_id is None else ids.show("lot", part.lot_id),
            part.basis_points,
            part.amount,
        )
        for part in data.parts
    ]
    whole = contract.value_amount
    if contract.order_id is not None:
        _refuse(_guarantee_faults(data))
    _refuse(rules.part_faults(parts, whole=whole, lots=lots, places=places))
    shares = rules.amounts(parts, whole=whole, lots=lots, places=places)
    _refuse(rules.empty_faults(parts, shares))
    if any(part.kind in rules.OF_GOODS for part in parts):
        damages.require_prices(session, contract)
    return parts, shares


def _guarantee_faults(data: PaymentScheduleIn) -> list[Fault]:
    """Of an order: nobody can give the guarantee that an advance of it would wait for."""
    detail = "No guarantees are held for the contract of an order."
    return [
        Fault(f"#/parts/{n}/guarantee_required", "guarantee_not_held", detail)
        for n, part in enumerate(data.parts)
        if part.guarantee_required
    ]


def _lots(session: Session, contract: Contract, places: int) -> dict[str, Decimal]:
    """What each lot of a contract is worth; an order has none."""
    awards = queries.awards_of(session, contract)
    if not awards:
        return {}
    values = rules.apportioned(
        contract.value_amount, [award.value_amount for award in awards], places
    )
    return {
        ids.show("lot", award.lot_id): value for award, value in zip(awards, values, strict=True)
    }


def _require_kept(
    session: Session,
    contract: Contract,
    earlier: Sequence[PaymentSchedule],
    data: PaymentScheduleIn,
    parts: Sequence[Part],
    shares: Mapping[int, Decimal],
) -> None:
    """Raise Invalid or SettlementFixed for what would take a payment's ground away."""
    used: list[PaymentMilestone] = [
        each for each in milestones.list_milestones(session, contract) if each.called
    ]
    current = _in_force(earlier)
    if used and current is not None and current.settlement is not data.settlement:
        raise SettlementFixed
    called = {
        each.number: (
            each.kind,
            None if each.lot_id is None else ids.show("lot", each.lot_id),
            each.called,
        )
        for each in used
    }
    _refuse(rules.amendment_faults(parts, shares, called))


def _refuse(faults: Any) -> None:
    errors = [FieldError(pointer=f.pointer, code=f.code, detail=f.detail) for f in faults]
    if errors:
        raise Invalid("The parts are not possible.", errors=errors)


def _kept(part: PartIn, amount: Decimal) -> dict[str, Any]:
    return {**part.model_dump(mode="json"), "amount": plain(amount)}


def _given(row: Mapping[str, Any]) -> PartIn:
    """A part as it was proposed: a share has no amount of its own."""
    amount = None if row["basis_points"] is not None else row["amount"]
    return PartIn.model_validate({**row, "amount": amount})


def _sha256(contract: Contract, data: PaymentScheduleIn, parts: list[dict[str, Any]]) -> str:
    """Of what both sides agree to."""
    document: dict[str, Any] = {
        "type": "kerben_payment_schedule",
        "version": 1,
        "contract": ids.show("contract", contract.id),
        "settlement": data.settlement.value,
        "currency": contract.value_currency,
        "parts": parts,
    }
    return hashlib.sha256(rfc8785.dumps(document)).hexdigest()


def _in_force(schedules: Sequence[PaymentSchedule]) -> PaymentSchedule | None:
    return next((each for each in schedules if each.status is ScheduleStatus.AGREED), None)


def _move(
    session: Session, contract: Contract, schedule: PaymentSchedule, action: str, actor: str
) -> None:
    """The one place that writes `payment_schedule.status`."""
    try:
        schedule.status = SCHEDULE.apply(action, schedule.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    schedule.version += 1
    _tell(session, contract, schedule, action, actor)


def _tell(
    session: Session, contract: Contract, schedule: PaymentSchedule, action: str, actor: str
) -> None:
    session.add(schedule)
    change = {
        "number": schedule.number,
        "status": schedule.status,
        "sha256": schedule.sha256,
    }
    name = f"{action}_payment_schedule"
    event = _EVENTS.get(action)
    execution.record(session, contract, name, actor, change, event=event, resource=contract.id)
