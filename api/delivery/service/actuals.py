"""What landed costs came to, by invoices and customs, against what was computed. Never commits."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.errors import AlreadyExists, FieldError, Invalid, NotFound
from api.delivery.landed_cost import files
from api.delivery.models import CustomsDeclaration, LandedCostActual, LandedCostEstimate
from api.delivery.schemas.landed_cost_actuals import ActualIn
from api.delivery.service import composing, invoices, shipments
from api.delivery.service.composing import Known
from api.rules.clock import local_date
from api.rules.evaluation.inputs import RateSet
from api.rules.landed_cost import Inputs
from api.rules.landed_cost.variance import Actual, Key, Variance, variance

STATED = "stated in the document"


class _Said(NamedTuple):
    amount: Decimal
    currency: str
    day: date
    number: str


def record(
    session: Session, row: LandedCostEstimate, *, actor: str, data: ActualIn
) -> LandedCostActual:
    """Enter what a document says a figure came to.

    An invoice of the platform gives its own amount, number and day; a customs declaration its number
    and day. Without a rate of its own the document is taken home at the rates of its day, of the
    source that the estimate used.
    Raises NotFound for a document or an entry that the organisation may not see, AlreadyExists for
    an entry that was replaced before, and Invalid, which names the field.
    """
    inputs = files.read(row.file).inputs
    said = _said(session, row.org_id, data)
    if said.day > local_date(db.now(session)):
        raise _wrong("document_date", "in_the_future", "a document has a day that has come")
    if data.replaces_id is not None:
        replaced = session.get(LandedCostActual, data.replaces_id)
        if replaced is None or replaced.estimate_id != row.id:
            raise NotFound
    rate, rate_source = _rate(session, inputs, said, data.rate)
    made = LandedCostActual(
        estimate_id=row.id,
        org_id=row.org_id,
        figure=data.figure,
        charge=data.charge,
        amount=said.amount,
        currency=said.currency,
        rate=rate,
        rate_source=rate_source,
        source=data.source,
        document_number=said.number,
        document_date=said.day,
        invoice_id=data.invoice_id,
        declaration_id=data.declaration_id,
        replaces_id=data.replaces_id,
        actor=actor,
        recorded_at=db.now(session),
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise AlreadyExists("The entry was replaced before.") from error
    change = {
        "actual": made.id.hex,
        "figure": made.charge or made.figure.value,
        "amount": f"{made.amount:f} {made.currency}",
        "document": made.document_number,
    }
    stream = f"landedcost:{row.id.hex}"
    audit.record(session, stream, "enter_actual", actor=actor, org_id=row.org_id, change=change)
    return made


def entries(session: Session, row: LandedCostEstimate) -> Sequence[LandedCostActual]:
    """Every entry of a landed cost, in the order in which they came, replaced ones too."""
    query = select(LandedCostActual).where(LandedCostActual.estimate_id == row.id)
    return session.exec(query.order_by(col(LandedCostActual.id))).all()


def against(session: Session, row: LandedCostEstimate) -> Variance:
    """A landed cost against what it came to, figure by figure."""
    found = entries(session, row)
    replaced = {each.replaces_id for each in found}
    kept = files.read(row.file)
    return variance(
        kept.inputs,
        kept.result,
        [
            Actual(Key(each.figure, each.charge), each.amount, each.currency, each.rate)
            for each in found
            if each.id not in replaced
        ],
    )


def _said(session: Session, org_id: UUID, data: ActualIn) -> _Said:
    amount, currency = data.amount, data.currency
    number, day = data.document_number, data.document_date
    if data.invoice_id is not None:
        invoice = invoices.get(session, org_id=org_id, invoice_id=data.invoice_id)
        amount = invoice.payable_amount if amount is None else amount
        currency = currency or invoice.currency
        number, day = number or invoice.number, day or invoice.issue_date
    if data.declaration_id is not None:
        declared = _declaration(session, org_id, data.declaration_id)
        number = number or declared.number
        day = day or local_date(declared.registered_at)
    if amount is None or currency is None:
        raise _wrong("amount", "missing", "say what the document comes to, and in which currency")
    if number is None or day is None:
        raise _wrong("document_number", "missing", "name the document by its number and day")
    return _Said(amount, currency, day, number)


def _declaration(session: Session, org_id: UUID, declaration_id: UUID) -> CustomsDeclaration:
    found = session.get(CustomsDeclaration, declaration_id)
    if found is None:
        raise NotFound
    shipments.get(session, org_id=org_id, shipment_id=found.shipment_id)
    return found


def _rate(
    session: Session, inputs: Inputs, said: _Said, stated: Decimal | None
) -> tuple[Decimal, str]:
    if said.currency == inputs.home:
        return Decimal(1), inputs.home
    if stated is not None:
        return stated, STATED
    known = composing.rates_of(
        Known(session), inputs, {said.currency}, RateSet(inputs.rates.name, said.day)
    )
    found = known.rates.get(said.currency)
    if found is None:
        detail = f"no rate of {said.currency} is known for {said.day}: say the document's own"
        raise _wrong("rate", "rate_missing", detail)
    return found.value, f"{found.source}, {found.day}"


def _wrong(field: str, code: str, detail: str) -> Invalid:
    return Invalid(errors=[FieldError(pointer=f"#/{field}", code=code, detail=detail)])
