"""The route that finds offers."""

from typing import Annotated

from fastapi import Query

from api.core.errors import InvalidCursor
from api.core.http import documented
from api.core.rate_limits import limited
from api.identity import access
from api.identity.access import Context, require
from api.matching import search
from api.matching.search_schemas import OfferPageOut, OfferSearch
from api.rules.permissions import OrgRole

offers = access.router("/offers", "offers")


@offers.get("", response_model=OfferPageOut, responses=documented(InvalidCursor))
@limited("search")
def list(
    ctx: Annotated[Context, require("offers:read")], wanted: Annotated[OfferSearch, Query()]
) -> OfferPageOut:
    """Your own offers in every state, and the active offers of others: what `q` asks for, the best
    first, or the newest; counted by `facets`."""
    operator = ctx.has_role(OrgRole.OPERATOR)
    return search.page(ctx.session, ctx.org_id, wanted, everything=operator)
