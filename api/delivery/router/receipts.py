"""Routes of receipts."""

from typing import Annotated, Any

from api.core.errors import AlreadyExists, Conflict, PreconditionFailed
from api.core.http import documented
from api.core.pages import Page
from api.delivery import problems
from api.delivery.models import Receipt
from api.delivery.schemas.despatches import (
    DespatchAdviceId,
    ReceiptIn,
    ReceiptLineOut,
    ReceiptOut,
)
from api.delivery.service import despatches
from api.identity import access
from api.identity.access import Context, require

router = access.router("/despatch-advices", "receipts")
Read = Annotated[Context, require("shipments:read")]
Write = Annotated[Context, require("receipts:write")]


@router.post(
    "/{advice_id}/receipts",
    status_code=201,
    response_model=ReceiptOut,
    responses=documented(
        problems.ContractNotInForce,
        problems.MoreThanDespatched,
        AlreadyExists,
        Conflict,
        PreconditionFailed,
    ),
)
def receive(advice_id: DespatchAdviceId, data: ReceiptIn, ctx: Write) -> ReceiptOut:
    """Say as the buyer what came, what is short and what is damaged (UBL ReceiptAdvice)."""
    contract, shipment, advice = despatches.hold(
        ctx.session, org_id=ctx.org_id, advice_id=advice_id
    )
    ctx.check_version(advice)
    made = despatches.receive(
        ctx.session, contract, shipment, advice, org_id=ctx.org_id, actor=ctx.actor, data=data
    )
    return _shown(ctx, made)


@router.get("/{advice_id}/receipts", response_model=Page[ReceiptOut])
def list(advice_id: DespatchAdviceId, ctx: Read) -> Page[Any]:
    """The receipts of a despatch advice, in order."""
    advice = despatches.get(ctx.session, org_id=ctx.org_id, advice_id=advice_id)
    rows = despatches.receipts_of(ctx.session, advice.shipment_id, advice.id)
    return Page(items=[_shown(ctx, row) for row in rows], has_more=False, next_cursor=None)


def _shown(ctx: Context, receipt: Receipt) -> ReceiptOut:
    return ReceiptOut.model_validate(
        {
            **receipt.model_dump(),
            "despatch_advice_id": receipt.advice_id,
            "lines": [
                ReceiptLineOut.model_validate({**line.model_dump(), "line_number": number})
                for line, number in despatches.receipt_lines_of(ctx.session, receipt.id)
            ],
        }
    )
