"""UBL 2.1 documents of contracts: schedules, answers to them, despatch advices. Never commits.

What comes in does what the JSON of the same act does, no more; its refusals name elements.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session

from api.contracts import ordered_items, schedule_rows, schedules
from api.contracts.models import Contract, DeliverySchedule
from api.contracts.schemas.schedules import OrderResponseLineIn
from api.core import db, ids
from api.core.errors import NotFound, refused
from api.delivery.models import DespatchAdvice, Invoice, Shipment
from api.delivery.schemas.ubl import InvoiceIn
from api.delivery.service import despatches, invoices, shipments
from api.delivery.ubl import despatches as advices
from api.delivery.ubl import orders
from api.delivery.ubl.documents import named
from api.delivery.ubl.invoices import Asked, Vat, write_invoice
from api.delivery.ubl.orders import Goods, Header, Party
from api.identity import service as identity
from api.rules.invoicing import OUT_OF_SCOPE, STANDARD, ZERO_RATED, tax_of
from api.rules.landed_cost.allocation import rounded
from api.rules.offers import plain
from api.rules.schedules import outcome


def order(session: Session, contract: Contract, schedule: DeliverySchedule) -> bytes:
    """A schedule as an Order."""
    header = _header(session, contract, schedule.proposed_at, schedule)
    return orders.write_order(header, schedules.rows_of(schedule), _goods(session, contract))


def propose(
    session: Session, contract: Contract, *, org_id: UUID, actor: str, body: bytes
) -> DeliverySchedule:
    """Propose the schedule that an Order says. Raises Invalid, and as schedules.propose."""
    read = orders.read_order(body)
    orders.require_same(read.contract, ids.show("contract", contract.id))
    orders.require_units(read.units, _goods(session, contract))
    with named(read.places):
        return schedules.propose(session, contract, org_id=org_id, actor=actor, rows=read.data)


def response(session: Session, contract: Contract, schedule: DeliverySchedule) -> bytes:
    """The answer to a schedule as an OrderResponse; NotFound while there is none."""
    answer = schedules.response_of(session, schedule)
    if answer is None:
        raise NotFound
    given, lines = answer
    header = _header(session, contract, given.responded_at, schedule)
    return orders.write_response(
        header,
        [
            OrderResponseLineIn.model_validate(
                {
                    "row_number": line.row_number,
                    "response": line.response,
                    "reason": line.reason,
                    "change": line.change,
                    "split": line.split,
                }
            )
            for line in lines
        ],
        {row.number: row for row in schedules.rows_of(schedule)},
        _goods(session, contract),
        outcome=outcome([line.response for line in lines]),
        note=given.note,
    )


def respond(
    session: Session,
    contract: Contract,
    schedule: DeliverySchedule,
    *,
    org_id: UUID,
    actor: str,
    body: bytes,
) -> None:
    """Answer a schedule by an OrderResponse. Raises Invalid, and as schedules.respond."""
    read = orders.read_response(body)
    orders.require_same(read.order, _order_number(contract, schedule))
    with named(read.places):
        schedules.respond(session, contract, schedule, org_id=org_id, actor=actor, data=read.data)


def despatch_advice(
    session: Session, contract: Contract, shipment: Shipment, advice: DespatchAdvice
) -> bytes:
    """A despatch advice as a DespatchAdvice."""
    rows = {row.id: row for row in schedule_rows.in_force(session, contract.id)}
    lines = [
        advices.Line(
            line.number,
            rows[line.schedule_row_id].number,
            rows[line.schedule_row_id].item_id,
            line.quantity,
        )
        for line in despatches.lines_of(session, advice.id)
    ]
    return advices.write_advice(
        _header(session, contract, advice.issued_at, None),
        advice.number,
        shipment.number,
        advice.despatched_at,
        [leg.mode for leg in shipments.legs_of(session, shipment.id)],
        lines,
        _goods(session, contract),
    )


def despatch(
    session: Session,
    contract: Contract,
    shipment: Shipment,
    *,
    org_id: UUID,
    actor: str,
    body: bytes,
) -> DespatchAdvice:
    """Issue the despatch advice that a DespatchAdvice says. Raises Invalid, and as
    despatches.despatch."""
    read = advices.read_advice(body)
    orders.require_same(read.order, ids.show("contract", contract.id))
    orders.require_same(read.shipment, shipment.number)
    rows = {
        str(row.number): (row.id, row.unit_code)
        for row in schedule_rows.in_force(session, contract.id)
    }
    data = advices.advice_in(read, rows)
    with named(read.places):
        return despatches.despatch(
            session, contract, shipment, org_id=org_id, actor=actor, data=data
        )


def invoice(
    session: Session, contract: Contract, *, org_id: UUID, actor: str, data: InvoiceIn
) -> Invoice:
    """Write the supplier's invoice as an Invoice and keep it, as one that it sent itself.

    Raises Invalid for a row that is not in force, and as invoices.send.
    """
    rows = {row.number: row for row in schedule_rows.in_force(session, contract.id)}
    lines = []
    for index, line in enumerate(data.lines):
        row = rows.get(line.row_number)
        if row is None:
            pointer = f"#/lines/{index}/row_number"
            raise refused(
                pointer, "unknown_line", "The contract has no row of this number in force."
            )
        amount = rounded(line.quantity * line.unit_price)
        lines.append(Asked(row.number, row.item_id, line.quantity, line.unit_price, amount))
    body = write_invoice(
        _header(session, contract, db.now(session), None),
        data.number,
        data.issue_date,
        data.due_date,
        lines,
        vat_of(data, sum((line.amount for line in lines), Decimal())),
        _goods(session, contract),
    )
    return invoices.send(session, contract, org_id=org_id, actor=actor, body=body)


def vat_of(data: InvoiceIn, taxable: Decimal) -> Vat:
    """The VAT that an invoice tells of. Invalid, when its amount is not what its rate comes to."""
    if data.tax_rate is None and not data.tax_amount:
        return Vat(OUT_OF_SCOPE, None, Decimal())
    if data.tax_rate is None:
        return Vat(STANDARD, None, data.tax_amount or Decimal())
    tax = tax_of(taxable, data.tax_rate)
    if data.tax_amount not in (None, tax):
        detail = f"{plain(data.tax_rate)} % of {plain(taxable)} are {plain(tax)}."
        raise refused("#/tax_amount", "sum_differs", detail)
    return Vat(STANDARD if data.tax_rate else ZERO_RATED, data.tax_rate, tax)


def _order_number(contract: Contract, schedule: DeliverySchedule) -> str:
    return f"{ids.show('contract', contract.id)}-{schedule.number}"


def _header(
    session: Session, contract: Contract, at: datetime, schedule: DeliverySchedule | None
) -> Header:
    number = ids.show("contract", contract.id)
    return Header(
        order=number if schedule is None else _order_number(contract, schedule),
        contract=number,
        at=at,
        currency=contract.value_currency,
        buyer=_party(session, contract.buyer_id),
        seller=_party(session, contract.supplier_id),
    )


def _party(session: Session, org_id: UUID) -> Party:
    found = identity.get_organisation(session, org_id)
    return Party(
        id=ids.show("organisation", found.id),
        name=_text(found.legal_name),
        scheme=found.identifier_scheme,
        number=found.identifier_id,
        country=found.country,
    )


def _goods(session: Session, contract: Contract) -> dict[UUID, Goods]:
    return {
        item_id: Goods(_text(found.description), found.unit_code)
        for item_id, found in ordered_items.of(session, contract).items()
    }


def _text(texts: Mapping[str, str]) -> str:
    """In English if it is there, for a program of the other country to show."""
    return texts.get("en") or next(iter(texts.values()), "")
