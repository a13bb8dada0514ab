"""Routes of UBL 2.1 documents: what the ERP systems of both sides speak."""

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.requests import ClientDisconnect

from api.contracts import problems as contract_problems
from api.contracts import queries as contracts
from api.contracts import schedules
from api.contracts.schemas import ContractId
from api.core import ids
from api.core.errors import (
    AlreadyExists,
    BadRequest,
    Conflict,
    PayloadTooLarge,
    PreconditionFailed,
    UnsupportedMediaType,
)
from api.core.http import documented
from api.core.pages import Page
from api.delivery import problems
from api.delivery.models import Invoice
from api.delivery.schemas.despatches import DespatchAdviceId
from api.delivery.schemas.shipments import ShipmentId
from api.delivery.schemas.ubl import (
    InvoiceId,
    InvoiceIn,
    InvoiceOut,
    NormFindingOut,
    UblTakenOut,
)
from api.delivery.service import despatches, invoices, shipments, ubl
from api.delivery.ubl import norm
from api.delivery.ubl.documents import MAX_BYTES, Kind
from api.identity import access
from api.identity.access import Context, require
from api.rules.contracts import Side

of_contract = access.router("/contracts", "ubl")
of_shipment = access.router("/shipments", "ubl")
advices = access.router("/despatch-advices", "ubl")
of_invoices = access.router("/invoices", "ubl")
Read = Annotated[Context, require("contracts:read")]
ReadShipments = Annotated[Context, require("shipments:read")]
Write = Annotated[Context, require("schedules:write")]
Despatch = Annotated[Context, require("shipments:write")]
ReadInvoices = Annotated[Context, require("invoices:read")]
Invoicing = Annotated[Context, require("invoices:write")]
XML = "application/xml"
_REFUSED = (PayloadTooLarge, UnsupportedMediaType, Conflict, PreconditionFailed)


def _sends(kind: Kind) -> dict[str, Any]:
    """The body of a route that takes a document."""
    root = f"urn:oasis:names:specification:ubl:schema:xsd:{kind}-2"
    return {
        "requestBody": {
            "required": True,
            "description": f"A UBL 2.1 {kind} in UTF-8, of at most {MAX_BYTES} bytes",
            "content": {
                XML: {
                    "schema": {"type": "string", "format": "binary"},
                    "example": f'<{kind} xmlns="{root}">…</{kind}>',
                }
            },
        }
    }


def _gives(kind: Kind) -> dict[int | str, dict[str, Any]]:
    return {
        200: {
            "description": f"A UBL 2.1 {kind}",
            "content": {XML: {"schema": {"type": "string", "format": "binary"}}},
        }
    }


async def _body(request: Request, ctx: Context) -> bytes:
    """The body; its digest stands for it in idempotency."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (XML, "text/xml"):
        raise UnsupportedMediaType(f"Send the document as {XML}.")
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > MAX_BYTES:
        raise PayloadTooLarge(f"The body may have at most {MAX_BYTES} bytes.")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                raise PayloadTooLarge(f"The body may have at most {MAX_BYTES} bytes.")
    except ClientDisconnect as error:
        raise BadRequest("The upload broke off before its end.") from error
    ctx.body = hashlib.sha256(body).digest()
    return bytes(body)


async def _schedule_document(request: Request, ctx: Write) -> AsyncIterator[bytes]:
    yield await _body(request, ctx)


async def _despatch_document(request: Request, ctx: Despatch) -> AsyncIterator[bytes]:
    yield await _body(request, ctx)


async def _invoice_document(request: Request, ctx: Invoicing) -> AsyncIterator[bytes]:
    yield await _body(request, ctx)


@of_contract.post(
    "/{contract_id}/ubl/orders",
    status_code=201,
    response_model=UblTakenOut,
    responses=documented(
        contract_problems.ScheduleInForce, contract_problems.ScheduleOpen, *_REFUSED
    ),
    openapi_extra=_sends(Kind.ORDER),
)
def propose(
    contract_id: ContractId, ctx: Write, body: Annotated[bytes, Depends(_schedule_document)]
) -> UblTakenOut:
    """Propose a delivery schedule by an Order; a refusal names the element."""
    contract = contracts.hold(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    made = ubl.propose(ctx.session, contract, org_id=ctx.org_id, actor=ctx.actor, body=body)
    return _taken(contract_id, body, schedule_number=made.number)


@of_contract.get(
    "/{contract_id}/schedules/{number}/ubl/order",
    response_class=Response,
    responses=_gives(Kind.ORDER),
)
def get_order(contract_id: ContractId, number: int, ctx: Read) -> Response:
    """A proposed schedule as an Order."""
    contract = contracts.of_party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    found = schedules.find(ctx.session, contract, number)
    return Response(ubl.order(ctx.session, contract, found), media_type=XML)


@of_contract.post(
    "/{contract_id}/schedules/{number}/ubl/order-responses",
    response_model=UblTakenOut,
    responses=documented(contract_problems.OwnSchedule, *_REFUSED),
    openapi_extra=_sends(Kind.ORDER_RESPONSE),
)
def respond(
    contract_id: ContractId,
    number: int,
    ctx: Write,
    body: Annotated[bytes, Depends(_schedule_document)],
) -> UblTakenOut:
    """Answer the other side's schedule by an OrderResponse, every row by its LineStatusCode."""
    contract = contracts.hold(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    schedule = schedules.find(ctx.session, contract, number)
    ctx.check_version(schedule)
    ubl.respond(ctx.session, contract, schedule, org_id=ctx.org_id, actor=ctx.actor, body=body)
    return _taken(contract_id, body, schedule_number=number)


@of_contract.get(
    "/{contract_id}/schedules/{number}/ubl/order-response",
    response_class=Response,
    responses=_gives(Kind.ORDER_RESPONSE),
)
def get_response(contract_id: ContractId, number: int, ctx: Read) -> Response:
    """The answer to a schedule as an OrderResponse; 404 while there is none."""
    contract = contracts.of_party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    found = schedules.find(ctx.session, contract, number)
    return Response(ubl.response(ctx.session, contract, found), media_type=XML)


@of_shipment.post(
    "/{shipment_id}/ubl/despatch-advices",
    status_code=201,
    response_model=UblTakenOut,
    responses=documented(
        problems.ContractNotInForce,
        problems.DespatchExists,
        problems.MoreThanOrdered,
        AlreadyExists,
        *_REFUSED,
    ),
    openapi_extra=_sends(Kind.DESPATCH_ADVICE),
)
def despatch(
    shipment_id: ShipmentId, ctx: Despatch, body: Annotated[bytes, Depends(_despatch_document)]
) -> UblTakenOut:
    """Say by a DespatchAdvice what has left with your shipment."""
    contract, shipment = shipments.hold(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id)
    ctx.check_version(shipment)
    made = ubl.despatch(
        ctx.session, contract, shipment, org_id=ctx.org_id, actor=ctx.actor, body=body
    )
    ctx.headers["Location"] = f"/v1/despatch-advices/{ids.show('despatch', made.id)}"
    return _taken(contract.id, body, despatch_advice_id=made.id)


@advices.get("/{advice_id}/ubl", response_class=Response, responses=_gives(Kind.DESPATCH_ADVICE))
def get_despatch(advice_id: DespatchAdviceId, ctx: ReadShipments) -> Response:
    """A despatch advice as a DespatchAdvice."""
    advice = despatches.get(ctx.session, org_id=ctx.org_id, advice_id=advice_id)
    shipment = shipments.get(ctx.session, org_id=ctx.org_id, shipment_id=advice.shipment_id)
    contract = contracts.of_party(ctx.session, org_id=ctx.org_id, contract_id=advice.contract_id)
    body = ubl.despatch_advice(ctx.session, contract, shipment, advice)
    return Response(body, media_type=XML)


@of_contract.post(
    "/{contract_id}/ubl/invoices",
    status_code=201,
    response_model=InvoiceOut,
    responses=documented(problems.ContractNotInForce, AlreadyExists, *_REFUSED),
    openapi_extra=_sends(Kind.INVOICE),
)
def send_invoice(
    contract_id: ContractId, ctx: Invoicing, body: Annotated[bytes, Depends(_invoice_document)]
) -> InvoiceOut:
    """Send an Invoice under your contract; it is checked against it and kept as it came."""
    contract = contracts.hold(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    made = invoices.send(ctx.session, contract, org_id=ctx.org_id, actor=ctx.actor, body=body)
    ctx.headers["Location"] = f"/v1/invoices/{ids.show('invoice', made.id)}/ubl"
    return _invoice(made)


@of_contract.post(
    "/{contract_id}/invoices",
    status_code=201,
    response_model=InvoiceOut,
    responses=documented(problems.ContractNotInForce, AlreadyExists),
)
def issue_invoice(contract_id: ContractId, data: InvoiceIn, ctx: Invoicing) -> InvoiceOut:
    """Have your invoice written as a UBL Invoice and sent, without a program that speaks it."""
    contract = contracts.hold(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    shipments.require_side(contract, ctx.org_id, Side.SUPPLIER)
    made = ubl.invoice(ctx.session, contract, org_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/invoices/{ids.show('invoice', made.id)}/ubl"
    return _invoice(made)


@of_contract.get("/{contract_id}/invoices", response_model=Page[InvoiceOut])
def list_invoices(contract_id: ContractId, ctx: ReadInvoices) -> Page[Any]:
    """The invoices of a contract, for both sides, in the order in which they came."""
    contract = contracts.of_party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    rows = [_invoice(each) for each in invoices.list_invoices(ctx.session, contract)]
    return Page(items=rows, has_more=False, next_cursor=None)


@of_invoices.get("/{invoice_id}/ubl", response_class=Response, responses=_gives(Kind.INVOICE))
def get_invoice(invoice_id: InvoiceId, ctx: ReadInvoices) -> Response:
    """An Invoice, byte by byte as it was sent."""
    found = invoices.get(ctx.session, org_id=ctx.org_id, invoice_id=invoice_id)
    return Response(found.document, media_type=XML)


def _invoice(made: Invoice) -> InvoiceOut:
    found = [NormFindingOut.model_validate(each) for each in norm.findings(made.document)]
    return InvoiceOut.model_validate({**made.model_dump(), "findings": found})


def _taken(contract_id: Any, body: bytes, **made: Any) -> UblTakenOut:
    return UblTakenOut(
        contract_id=contract_id,
        schedule_number=made.get("schedule_number"),
        despatch_advice_id=made.get("despatch_advice_id"),
        sha256=hashlib.sha256(body).hexdigest(),
    )
