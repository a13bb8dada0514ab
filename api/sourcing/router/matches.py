"""Routes of the offers that answer requests for quotation."""

from typing import Annotated

from fastapi import Query

from api.catalog.types import OfferId
from api.core.errors import Unavailable
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.matching import service as matching
from api.matching.text.language import Language
from api.matching.why_not import Standing
from api.rules.matching import RequestKind
from api.sourcing.schemas import RfqId, RfqItemId
from api.sourcing.schemas.matches import RfqForMeOut, RfqMatchOut, RfqWhyNotOut
from api.sourcing.service import queries

of_rfq = access.router("/rfqs/{rfq_id}", "rfq-matches")
router = access.router("", "rfq-matches")
Read = Annotated[Context, require("matches:read")]


@of_rfq.get("/matches", response_model=Page[RfqMatchOut])
def list(
    rfq_id: RfqId, ctx: Read, page: PageDep, item: RfqItemId | None = None
) -> Page[RfqMatchOut]:
    """The ranked offers for your request, item by item; only its buyer sees them. Reasons, replay
    and verdicts are those of /v1/matches/{match_id}/…"""
    rfq = queries.own(ctx.session, buyer_id=ctx.org_id, rfq_id=rfq_id)
    rows, cursor = matching.matches_of(
        ctx.session, page, buyer_id=ctx.org_id, request_id=rfq.id, item_id=item
    )
    shown = [RfqMatchOut.model_validate(row) for row in rows]
    return Page(items=shown, has_more=cursor is not None, next_cursor=cursor)


@of_rfq.get("/match-explanations", response_model=RfqWhyNotOut, responses=documented(Unavailable))
def explain_offer(
    rfq_id: RfqId,
    offer: OfferId,
    item: RfqItemId,
    ctx: Read,
    language: Annotated[Language, Query(description="Language of the sentences")] = Language.RU,
) -> Standing:
    """Why your offer was or was not matched to an item of an open request."""
    queries.item(ctx.session, org_id=ctx.org_id, rfq_id=rfq_id, item_id=item)
    return matching.why_not(
        ctx.session, seller_id=ctx.org_id, offer_id=offer, item_id=item, language=language
    )


@router.get("/rfqs-for-me", response_model=Page[RfqForMeOut])
def list_for_me(ctx: Read, page: PageDep, include_closed: bool = False) -> Page[RfqForMeOut]:
    """Open requests for quotation that your offers answer, newest first, each with your best offer
    for it."""
    rows, cursor = matching.requests_for(
        ctx.session,
        page,
        seller_id=ctx.org_id,
        include_closed=include_closed,
        kind=RequestKind.RFQ,
    )
    shown = [
        RfqForMeOut(match=RfqMatchOut.model_validate(match), **matching.request_fields(item))
        for match, item in rows
    ]
    return Page(items=shown, has_more=cursor is not None, next_cursor=cursor)
