"""Routes of requests for quotation, and of the comparison of their quotes."""

from typing import Annotated, Any

from fastapi import Query, Response

from api.core import ids, spreadsheets
from api.core.errors import Conflict, Forbidden, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.rules.sourcing import RfqStatus
from api.sourcing.models import Rfq
from api.sourcing.problems import (
    NotVerified,
    PublicBuyerTenders,
    RfqDeadlinePassed,
    RfqNotDraft,
)
from api.sourcing.schemas import (
    QuoteComparisonOut,
    RfqAmendmentIn,
    RfqAmendmentOut,
    RfqCancelIn,
    RfqId,
    RfqIn,
    RfqInvitedOut,
    RfqOut,
    RfqPatch,
)
from api.sourcing.service import comparison, queries, rfqs, sheets

router = access.router("/rfqs", "rfqs")
Read = Annotated[Context, require("rfqs:read")]
Write = Annotated[Context, require("rfqs:write")]
Change = Annotated[Context, require("rfqs:write", if_match=True)]
Compare = Annotated[Context, require("quotes:read")]
_MOVED = (Conflict, PreconditionFailed)
_WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The comparison as a workbook",
        "content": {spreadsheets.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("", response_model=Page[RfqOut])
def list(
    ctx: Read,
    page: PageDep,
    status: RfqStatus | None = None,
    own: Annotated[bool | None, Query(description="Only your own, or only those of others")] = None,
) -> Page[Any]:
    """Your own requests, and those of others that you may answer; newest first."""
    rows, cursor = queries.list_rfqs(ctx.session, page, org_id=ctx.org_id, status=status, own=own)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post(
    "",
    status_code=201,
    response_model=RfqOut,
    responses=documented(Forbidden, PublicBuyerTenders),
)
def create(data: RfqIn, ctx: Write) -> Rfq:
    """Draft a request for quotation. Public bodies buy by tender and are refused."""
    rfq = rfqs.create(ctx.session, buyer_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/rfqs/{ids.show('rfq', rfq.id)}"
    ctx.tag(rfq)
    return rfq


@router.get("/{rfq_id}", response_model=RfqOut)
def get(rfq_id: RfqId, ctx: Read) -> Rfq:
    """A request of yours, or one that you may answer."""
    rfq = queries.get(ctx.session, org_id=ctx.org_id, rfq_id=rfq_id)
    ctx.tag(rfq)
    return rfq


@router.patch(
    "/{rfq_id}", response_model=RfqOut, responses=documented(RfqNotDraft, PreconditionFailed)
)
def update(rfq_id: RfqId, data: RfqPatch, ctx: Change) -> Rfq:
    """Change a draft. Fields that are left out stay."""
    rfq = _held(rfq_id, ctx)
    return _told(ctx, rfqs.update(ctx.session, rfq, actor=ctx.actor, data=data))


@router.post(
    "/{rfq_id}/publish",
    response_model=RfqOut,
    responses=documented(*_MOVED, RfqDeadlinePassed, NotVerified, PublicBuyerTenders),
)
def publish(rfq_id: RfqId, ctx: Change) -> Rfq:
    """Show a draft to sellers until its deadline; those who are invited are told."""
    return _told(ctx, rfqs.publish(ctx.session, _held(rfq_id, ctx), actor=ctx.actor))


@router.post(
    "/{rfq_id}/amend", response_model=RfqOut, responses=documented(*_MOVED, RfqDeadlinePassed)
)
def amend(rfq_id: RfqId, data: RfqAmendmentIn, ctx: Change) -> Rfq:
    """Change a published request before its deadline; its sellers are told, and quotes that answer
    the form before are marked in the comparison."""
    rfq = _held(rfq_id, ctx)
    return _told(ctx, rfqs.amend(ctx.session, rfq, actor=ctx.actor, data=data))


@router.post("/{rfq_id}/close", response_model=RfqOut, responses=documented(*_MOVED))
def close(rfq_id: RfqId, ctx: Change) -> Rfq:
    """Take no more quotes, before the deadline."""
    return _told(ctx, rfqs.close(ctx.session, _held(rfq_id, ctx), actor=ctx.actor))


@router.post("/{rfq_id}/cancel", response_model=RfqOut, responses=documented(*_MOVED))
def cancel(rfq_id: RfqId, data: RfqCancelIn, ctx: Change) -> Rfq:
    """Give a request up."""
    rfq = _held(rfq_id, ctx)
    return _told(ctx, rfqs.cancel(ctx.session, rfq, actor=ctx.actor, reason=data.reason))


@router.get("/{rfq_id}/amendments", response_model=Page[RfqAmendmentOut])
def list_amendments(rfq_id: RfqId, ctx: Read) -> Page[Any]:
    """How a request was changed after its publication, in order."""
    rfq = queries.get(ctx.session, org_id=ctx.org_id, rfq_id=rfq_id)
    rows = queries.amendments(ctx.session, rfq)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.get("/{rfq_id}/invited", response_model=Page[RfqInvitedOut])
def list_invited(rfq_id: RfqId, ctx: Write) -> Page[Any]:
    """Whom your request asks; nobody else reads that."""
    rfq = queries.own(ctx.session, buyer_id=ctx.org_id, rfq_id=rfq_id)
    rows = queries.invitations(ctx.session, rfq.id, buyer_id=ctx.org_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.get("/{rfq_id}/comparison", response_model=QuoteComparisonOut)
def compare(rfq_id: RfqId, ctx: Compare) -> dict[str, Any]:
    """All quotes for your request at one delivered cost, at each quantity that you asked, the best
    first; what is missing is named."""
    rfq = queries.own(ctx.session, buyer_id=ctx.org_id, rfq_id=rfq_id)
    return comparison.compare(ctx.session, rfq)


@router.get("/{rfq_id}/comparison/workbook", response_class=Response, responses=_WORKBOOK)
def compare_workbook(rfq_id: RfqId, ctx: Compare) -> Response:
    """The comparison as a workbook (XLSX), a sheet for each set of quantities."""
    rfq = queries.own(ctx.session, buyer_id=ctx.org_id, rfq_id=rfq_id)
    ctx.headers["Content-Disposition"] = 'attachment; filename="quotes.xlsx"'
    book = sheets.workbook(comparison.compare(ctx.session, rfq))
    return Response(book, media_type=spreadsheets.MEDIA_TYPE)


def _held(rfq_id: RfqId, ctx: Context) -> Rfq:
    rfq = queries.hold(ctx.session, buyer_id=ctx.org_id, rfq_id=rfq_id)
    ctx.check_version(rfq)
    return rfq


def _told(ctx: Context, rfq: Rfq) -> Rfq:
    ctx.tag(rfq)
    return rfq
