"""Routes of cancellations."""

from typing import Annotated, Any

from api.core.errors import Conflict, PreconditionFailed, PublicationInvalid
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.procurement import service
from api.procurement.models import Cancellation, Tender
from api.procurement.schemas import (
    CancelIn,
    CancellationId,
    CancellationOut,
    TenderId,
    TenderOut,
)
from api.reference.calendars import CalendarYearMissing

of_tender = access.router("/tenders", "tenders")
router = access.router("/cancellations", "cancellations")
Read = Annotated[Context, require("tenders:read")]
Write = Annotated[Context, require("tenders:write")]
Change = Annotated[Context, require("tenders:write", if_match=True)]


@of_tender.post(
    "/{tender_id}/cancel",
    response_model=TenderOut,
    responses=documented(
        service.CancellationPending,
        CalendarYearMissing,
        Conflict,
        PreconditionFailed,
        PublicationInvalid,
    ),
)
def cancel(tender_id: TenderId, data: CancelIn, ctx: Change) -> Tender:
    """Cancel a tender, or some of its lots, without a result.

    A draft, or a tender whose policy gives no time to complain about it, is cancelled at once. Any
    other waits for the end of that time (`/v1/tenders/{id}/cancellations`) and goes on until then,
    but is not closed.
    """
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    service.cancel(ctx.session, tender, actor=ctx.actor, data=data)
    ctx.tag(tender)
    return tender


@of_tender.get("/{tender_id}/cancellations", response_model=Page[CancellationOut])
def cancellations(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """The cancellations of a tender and of its lots, in order."""
    rows = service.list_cancellations(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post(
    "/{cancellation_id}/withdraw",
    response_model=CancellationOut,
    responses=documented(CalendarYearMissing, Conflict, PreconditionFailed, PublicationInvalid),
)
def withdraw(cancellation_id: CancellationId, ctx: Write) -> Cancellation:
    """Take a cancellation of your tender back before it takes effect."""
    tender, cancellation = service.hold_cancellation(
        ctx.session, buyer_id=ctx.org_id, cancellation_id=cancellation_id
    )
    ctx.check_version(cancellation)
    service.withdraw_cancellation(ctx.session, tender, cancellation, actor=ctx.actor)
    ctx.tag(cancellation)
    return cancellation
