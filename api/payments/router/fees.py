"""Routes of what the platform asks: tariffs, frozen commissions, invoices."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Response

from api.contracts import queries as contracts
from api.contracts.schemas import ContractId
from api.core.errors import AlreadyExists, InvalidCursor, NotFound, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.payments.invoices.pdf import render
from api.payments.models import CommissionTariff, FeeInvoice
from api.payments.problems import AlreadyCredited, SellerUnknown
from api.payments.schemas.fees import (
    CommissionTariffIn,
    CommissionTariffOut,
    ContractCommissionOut,
    CreditIn,
    FeeInvoiceId,
    FeeInvoiceOut,
    InvoiceLanguage,
)
from api.payments.service import fee_invoices, tariffs
from api.reference import locales
from api.rules import fees, permissions
from api.rules.fees import FeePurpose

router = access.router("/fee-invoices", "fees")
tariff_router = access.router("/commission-tariffs", "fees")
contract_router = access.router("/contracts", "fees")
Read = Annotated[Context, require("fees:read")]
Add = Annotated[Context, require("fees:admin", key=True)]
Credit = Annotated[Context, require("fees:admin", if_match=True, key=True)]
PDF = "application/pdf"


@tariff_router.get("", response_model=list[CommissionTariffOut])
def list_tariffs(ctx: Read) -> Sequence[CommissionTariff]:
    """What is asked of contracts, by the day of signing and the currency; the latest first."""
    return [*tariffs.every(ctx.session)]


@tariff_router.post(
    "", status_code=201, response_model=CommissionTariffOut, responses=documented(AlreadyExists)
)
def add_tariff(data: CommissionTariffIn, ctx: Add) -> CommissionTariff:
    """Ask something else of contracts that are signed from a later day on."""
    return tariffs.add(ctx.session, actor=ctx.actor, org_id=ctx.org_id, data=data)


@contract_router.get("/{contract_id}/commission", response_model=ContractCommissionOut)
def get_commission(contract_id: ContractId, ctx: Read) -> ContractCommissionOut:
    """What was frozen with your contract by its signing; 404 where nothing is asked."""
    contract = contracts.of_party(ctx.session, org_id=ctx.org_id, contract_id=contract_id)
    kept = tariffs.frozen(ctx.session, contract.id)
    if kept is None:
        raise NotFound("Nothing is asked of this contract.")
    places = locales.currencies()[kept.currency].minor_units
    return ContractCommissionOut(
        **kept.model_dump(exclude={"id", "contract_id", "supplier_id"}),
        amount=fees.whole(kept.terms, kept.contract_value, places),
    )


@router.get("", response_model=Page[FeeInvoiceOut], responses=documented(InvalidCursor))
def list(
    ctx: Read,
    page: PageDep,
    purpose: Annotated[FeePurpose | None, Query(description="About this alone")] = None,
) -> Page[Any]:
    """Invoices of the platform to you, the newest first; the operator sees all."""
    rows, cursor = fee_invoices.list_invoices(
        ctx.session, page, org_id=_whose(ctx), purpose=purpose
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{fee_invoice_id}", response_model=FeeInvoiceOut)
def get(fee_invoice_id: FeeInvoiceId, ctx: Read) -> FeeInvoice:
    """An invoice, or a credit note."""
    invoice = fee_invoices.get(ctx.session, fee_invoice_id, org_id=_whose(ctx))
    ctx.tag(invoice)
    return invoice


@router.get(
    "/{fee_invoice_id}/pdf",
    response_class=Response,
    responses={
        200: {
            "description": "The invoice on paper",
            "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def get_pdf(
    fee_invoice_id: FeeInvoiceId,
    ctx: Read,
    language: Annotated[InvoiceLanguage, Query(description="In which it is told")] = (
        InvoiceLanguage.RU
    ),
) -> Response:
    """An invoice as PDF, in one of four languages: the same bytes each time."""
    invoice = fee_invoices.get(ctx.session, fee_invoice_id, org_id=_whose(ctx))
    name = f"{invoice.number}-{language.value}.pdf"
    return Response(
        render(invoice.content, language.value),
        media_type=PDF,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post(
    "/{fee_invoice_id}/credit",
    status_code=201,
    response_model=FeeInvoiceOut,
    responses=documented(AlreadyCredited, SellerUnknown, PreconditionFailed),
)
def credit(fee_invoice_id: FeeInvoiceId, data: CreditIn, ctx: Credit) -> FeeInvoice:
    """Take an invoice back by a credit note."""
    invoice = fee_invoices.lock(ctx.session, fee_invoice_id)
    ctx.check_version(invoice)
    return fee_invoices.credit(ctx.session, invoice, actor=ctx.actor, reason=data.reason)


def _whose(ctx: Context) -> Any:
    """The caller's organisation; None for the operator, who sees all."""
    caller = ctx.caller
    admin = permissions.allowed("fees:admin", granted=caller.scopes, org_roles=caller.org_roles)
    return None if admin else ctx.org_id
