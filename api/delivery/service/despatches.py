"""Despatch advices of suppliers, receipts of buyers, and the facts that they tell. Never commits.

What is too much is refused here with the line's name, under the locks of the rows; the database's
constraints refuse it too, whoever writes.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import performance, schedule_rows
from api.contracts import queries as contracts
from api.contracts.models import Contract
from api.core import db
from api.core.errors import Conflict, FieldError, Invalid, NotFound, refused
from api.delivery.models import DespatchAdvice, DespatchLine, Receipt, ReceiptLine, Shipment
from api.delivery.problems import (
    ContractNotInForce,
    DespatchExists,
    DespatchReceived,
    MoreThanDespatched,
    MoreThanOrdered,
)
from api.delivery.schemas.despatches import DespatchAdviceIn, ReceiptIn
from api.delivery.service import shipments
from api.rules import schedules as rules
from api.rules.contracts import ContractStatus, Side
from api.rules.offers import plain
from api.rules.schedules import PerformanceEvent

_RECEIVABLE = (ContractStatus.ACTIVE, ContractStatus.TERMINATED)


def despatch(
    session: Session,
    contract: Contract,
    shipment: Shipment,
    *,
    org_id: UUID,
    actor: str,
    data: DespatchAdviceIn,
) -> DespatchAdvice:
    """Issue the despatch advice of a locked shipment; its goods are handed over.

    Raises Forbidden, ContractNotInForce, DespatchExists, MoreThanOrdered, AlreadyExists, Invalid.
    """
    shipments.require_side(contract, org_id, Side.SUPPLIER)
    if contract.status is not ContractStatus.ACTIVE:
        raise ContractNotInForce
    if any(each.cancelled_at is None for each in advices_of(session, shipment.id)):
        raise DespatchExists
    now = db.now(session)
    if data.despatched_at > now:
        raise refused("#/despatched_at", "in_future", "The goods cannot have left yet.")
    if contract.signed_at is not None and data.despatched_at < contract.signed_at:
        detail = "The goods cannot have left under a contract that was not signed."
        raise refused("#/despatched_at", "before_contract", detail)
    wanted = [line.schedule_row_id for line in data.lines]
    rows = schedule_rows.lock(session, contract.id, wanted)
    unknown = [
        FieldError(
            pointer=f"#/lines/{n}/schedule_row_id",
            code="unknown_row" if row_id not in rows else "row_twice",
            detail="It is no row in force of the contract, or stands twice.",
        )
        for n, row_id in enumerate(wanted)
        if row_id not in rows or row_id in wanted[:n]
    ]
    if unknown:
        raise Invalid(errors=unknown)
    errors = []
    for n, line in enumerate(data.lines):
        row = rows[line.schedule_row_id]
        left = rules.most(row.quantity, row.tolerance_pct) - row.despatched_quantity
        if line.quantity > left:
            detail = f"Of row {row.number}, {plain(left)} {row.unit_code} may still be despatched."
            pointer = f"#/lines/{n}/quantity"
            errors.append(FieldError(pointer=pointer, code="more_than_ordered", detail=detail))
    if errors:
        raise MoreThanOrdered(errors[0].detail, errors=errors)
    advice = DespatchAdvice(
        shipment_id=shipment.id,
        contract_id=contract.id,
        number=data.number,
        issued_by=org_id,
        actor=actor,
        issued_at=now,
        despatched_at=data.despatched_at,
    )
    session.add(advice)
    session.flush()
    for number, given in enumerate(data.lines, start=1):
        made = DespatchLine(
            advice_id=advice.id,
            schedule_row_id=given.schedule_row_id,
            number=number,
            quantity=given.quantity,
        )
        session.add(made)
        session.flush()
        performance.record(
            session,
            rows[given.schedule_row_id],
            PerformanceEvent.HANDED_OVER,
            given.quantity,
            data.despatched_at,
            _source(made),
        )
    shipment.version += 1
    told = {"despatch_advice": data.number, "lines": len(data.lines)}
    shipments.log(session, shipment, "despatch", actor, told)
    return advice


def cancel(
    session: Session,
    contract: Contract,
    shipment: Shipment,
    advice: DespatchAdvice,
    *,
    org_id: UUID,
    actor: str,
    reason: str,
) -> DespatchAdvice:
    """Take a despatch advice back: what it counted is free again, and its facts are retracted.

    Raises Forbidden, DespatchReceived or Conflict.
    """
    shipments.require_side(contract, org_id, Side.SUPPLIER)
    if advice.cancelled_at is not None:
        raise Conflict("The despatch advice is cancelled already.")
    if receipts_of(session, advice.shipment_id, advice.id):
        raise DespatchReceived
    now = db.now(session)
    lines = lines_of(session, advice.id)
    schedule_rows.lock(session, contract.id, [line.schedule_row_id for line in lines])
    advice.cancelled_at, advice.cancellation_reason = now, reason
    advice.version += 1
    session.add(advice)
    session.flush()
    for line in lines:
        for fact in performance.told_by(session, _source(line)):
            performance.retract(session, fact, at=now, source=f"cancelled:{_source(line)}")
    shipment.version += 1
    told = {"despatch_advice": advice.number, "reason": reason}
    shipments.log(session, shipment, "cancel_despatch", actor, told)
    return advice


def receive(
    session: Session,
    contract: Contract,
    shipment: Shipment,
    advice: DespatchAdvice,
    *,
    org_id: UUID,
    actor: str,
    data: ReceiptIn,
) -> Receipt:
    """Take over goods of a despatch advice, by the buyer.

    Raises Forbidden, ContractNotInForce, MoreThanDespatched, AlreadyExists, Conflict or Invalid.
    """
    shipments.require_side(contract, org_id, Side.BUYER)
    if contract.status not in _RECEIVABLE:
        raise ContractNotInForce
    if advice.cancelled_at is not None:
        raise Conflict("The despatch advice is cancelled.")
    if data.received_at > db.now(session):
        raise refused("#/received_at", "in_future", "The goods cannot have been received yet.")
    if data.received_at < advice.despatched_at:
        detail = "The goods cannot have been received before they left."
        raise refused("#/received_at", "received_before_despatched", detail)
    lines = {line.number: line for line in lines_of(session, advice.id)}
    rows = schedule_rows.lock(
        session, contract.id, [line.schedule_row_id for line in lines.values()]
    )
    numbers = [given.line_number for given in data.lines]
    unknown = [
        FieldError(
            pointer=f"#/lines/{n}/line_number",
            code="unknown_line" if number not in lines else "line_twice",
            detail=f"Line {number} is no line of the despatch advice, or stands twice.",
        )
        for n, number in enumerate(numbers)
        if number not in lines or number in numbers[:n]
    ]
    if unknown:
        raise Invalid(errors=unknown)
    errors = []
    for n, given in enumerate(data.lines):
        line = lines[given.line_number]
        session.refresh(line)
        left = line.quantity - line.received_quantity - line.short_quantity
        if given.received_quantity + given.short_quantity > left:
            detail = f"Of line {line.number}, {plain(left)} is neither received nor short yet."
            pointer = f"#/lines/{n}/received_quantity"
            errors.append(FieldError(pointer=pointer, code="more_than_despatched", detail=detail))
    if errors:
        raise MoreThanDespatched(errors[0].detail, errors=errors)
    receipt = Receipt(
        advice_id=advice.id,
        shipment_id=shipment.id,
        contract_id=contract.id,
        number=data.number,
        issued_by=org_id,
        actor=actor,
        received_at=data.received_at,
        note=data.note,
        evidence=[each.model_dump(mode="json") for each in data.evidence],
    )
    session.add(receipt)
    session.flush()
    for given in data.lines:
        line = lines[given.line_number]
        row = ReceiptLine(
            receipt_id=receipt.id,
            despatch_line_id=line.id,
            schedule_row_id=line.schedule_row_id,
            **given.model_dump(exclude={"line_number"}),
        )
        session.add(row)
        session.flush()
        if given.received_quantity:
            performance.record(
                session,
                rows[line.schedule_row_id],
                PerformanceEvent.RECEIVED,
                given.received_quantity,
                data.received_at,
                f"receipt_line:{row.id.hex}",
                receipt.evidence,
            )
    shipment.version += 1
    told = {"receipt": data.number, "despatch_advice": advice.number}
    shipments.log(session, shipment, "receive", actor, told)
    return receipt


def hold(
    session: Session, *, org_id: UUID, advice_id: UUID
) -> tuple[Contract, Shipment, DespatchAdvice]:
    """A despatch advice of the caller's side with its contract and shipment, locked; NotFound."""
    found = get(session, org_id=org_id, advice_id=advice_id)
    contract, shipment = shipments.hold(session, org_id=org_id, shipment_id=found.shipment_id)
    query = select(DespatchAdvice).where(DespatchAdvice.id == advice_id).with_for_update()
    advice = session.exec(query.execution_options(populate_existing=True)).one()
    return contract, shipment, advice


def get(session: Session, *, org_id: UUID, advice_id: UUID) -> DespatchAdvice:
    """A despatch advice of a contract that the organisation is a party to; NotFound."""
    found = session.exec(
        select(DespatchAdvice)
        .join(Contract, col(Contract.id) == DespatchAdvice.contract_id)
        .where(DespatchAdvice.id == advice_id, contracts.party_to(org_id))
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def advices_of(session: Session, shipment_id: UUID) -> Sequence[DespatchAdvice]:
    """The despatch advices of a shipment, cancelled ones too, in order."""
    session.flush()
    query = select(DespatchAdvice).where(DespatchAdvice.shipment_id == shipment_id)
    return session.exec(query.order_by(col(DespatchAdvice.id))).all()


def lines_of(session: Session, advice_id: UUID) -> Sequence[DespatchLine]:
    """The lines of a despatch advice as they stand in the transaction, by number."""
    session.flush()
    query = select(DespatchLine).where(DespatchLine.advice_id == advice_id)
    fresh = query.order_by(col(DespatchLine.number)).execution_options(populate_existing=True)
    return session.exec(fresh).all()


def receipts_of(
    session: Session, shipment_id: UUID, advice_id: UUID | None = None
) -> Sequence[Receipt]:
    """The receipts of a shipment, or of one of its despatch advices, in order."""
    session.flush()
    query = select(Receipt).where(Receipt.shipment_id == shipment_id)
    if advice_id is not None:
        query = query.where(Receipt.advice_id == advice_id)
    return session.exec(query.order_by(col(Receipt.id))).all()


def receipt_lines_of(session: Session, receipt_id: UUID) -> Sequence[tuple[ReceiptLine, int]]:
    """The lines of a receipt, each with the number of the line that was despatched."""
    session.flush()
    rows = session.exec(
        select(ReceiptLine, DespatchLine.number)
        .join(DespatchLine, col(DespatchLine.id) == ReceiptLine.despatch_line_id)
        .where(ReceiptLine.receipt_id == receipt_id)
        .order_by(col(DespatchLine.number))
    ).all()
    return [(line, number) for line, number in rows]


def _source(line: DespatchLine) -> str:
    return f"despatch_line:{line.id.hex}"
