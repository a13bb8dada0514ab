"""Routes of quotes."""

from typing import Annotated, Any

from api.core import ids
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.sourcing.models import Quote
from api.sourcing.problems import OwnRfq, QuoteLapsed, QuoteStands, RfqDeadlinePassed, RfqNotOpen
from api.sourcing.schemas import QuoteId, QuoteIn, QuoteOut, QuoteVersionOut, RfqId
from api.sourcing.service import queries, quotes

of_rfq = access.router("/rfqs/{rfq_id}/quotes", "quotes")
router = access.router("/quotes", "quotes")
Read = Annotated[Context, require("quotes:read")]
Submit = Annotated[Context, require("quotes:write", key=True)]
Change = Annotated[Context, require("quotes:write", if_match=True)]
_MOVED = (Conflict, PreconditionFailed, QuoteLapsed)


@of_rfq.post(
    "",
    status_code=201,
    response_model=QuoteOut,
    responses=documented(OwnRfq, QuoteStands, RfqNotOpen, RfqDeadlinePassed),
)
def create(rfq_id: RfqId, data: QuoteIn, ctx: Submit) -> Quote:
    """Quote for a request: for some or all items, as asked or something else instead. Only the buyer
    sees it, at once."""
    quote = quotes.submit(
        ctx.session, seller_id=ctx.org_id, actor=ctx.actor, rfq_id=rfq_id, data=data
    )
    ctx.headers["Location"] = f"/v1/quotes/{ids.show('quote', quote.id)}"
    ctx.tag(quote)
    return quote


@router.get("", response_model=Page[QuoteOut])
def list(ctx: Read, page: PageDep, rfq: RfqId | None = None) -> Page[Any]:
    """Quotes that you gave, and those that you got; newest first."""
    rows, cursor = queries.list_quotes(ctx.session, page, org_id=ctx.org_id, rfq_id=rfq)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{quote_id}", response_model=QuoteOut)
def get(quote_id: QuoteId, ctx: Read) -> Quote:
    """A quote that you gave or got, as it stands."""
    quote = queries.quote(ctx.session, org_id=ctx.org_id, quote_id=quote_id)
    ctx.tag(quote)
    return quote


@router.get("/{quote_id}/versions", response_model=Page[QuoteVersionOut])
def list_versions(quote_id: QuoteId, ctx: Read) -> Page[Any]:
    """Every version of a quote, in order."""
    quote = queries.quote(ctx.session, org_id=ctx.org_id, quote_id=quote_id)
    rows = queries.versions(ctx.session, quote)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post(
    "/{quote_id}/revise", response_model=QuoteOut, responses=documented(*_MOVED, RfqNotOpen)
)
def revise(quote_id: QuoteId, data: QuoteIn, ctx: Change) -> Quote:
    """Put another version in the place of a quote that stands; the versions before are kept."""
    quote = _held(quote_id, ctx)
    quotes.revise(ctx.session, quote, actor=ctx.actor, data=data)
    ctx.tag(quote)
    return quote


@router.post("/{quote_id}/withdraw", response_model=QuoteOut, responses=documented(*_MOVED))
def withdraw(quote_id: QuoteId, ctx: Change) -> Quote:
    """Take a quote back while it is valid."""
    quote = quotes.withdraw(ctx.session, _held(quote_id, ctx), actor=ctx.actor)
    ctx.tag(quote)
    return quote


def _held(quote_id: QuoteId, ctx: Context) -> Quote:
    quote = quotes.hold(ctx.session, seller_id=ctx.org_id, quote_id=quote_id)
    ctx.check_version(quote)
    return quote
