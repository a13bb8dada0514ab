"""Routes of offers."""

from typing import Annotated

from api.catalog import offers, search
from api.catalog.models import Offer
from api.catalog.offers import OfferValidityEnded
from api.catalog.schemas import OfferIn, OfferOut, OfferPatch
from api.catalog.types import OfferId
from api.core import resource_metadata
from api.core.errors import AlreadyExists, Conflict, PreconditionFailed
from api.core.http import documented
from api.core.resource_metadata import Metadata
from api.identity import access
from api.identity.access import Context, require
from api.rules.permissions import OrgRole

router = access.router("/offers", "offers")
Read = Annotated[Context, require("offers:read")]
Write = Annotated[Context, require("offers:write")]
_CHANGED = documented(Conflict, OfferValidityEnded, PreconditionFailed)


@router.post("", status_code=201, response_model=OfferOut, responses=documented(AlreadyExists))
def create(data: OfferIn, ctx: Write) -> Offer:
    """Draft an offer. Buyers see it once it is activated."""
    offer = offers.create(ctx.session, ctx.org_id, ctx.actor, data)
    ctx.tag(offer)
    return offer


@router.get("/{offer_id}", response_model=OfferOut)
def get(offer_id: OfferId, ctx: Read) -> Offer:
    """An offer of yours, or an active one."""
    operator = ctx.has_role(OrgRole.OPERATOR)
    offer = search.get(ctx.session, ctx.org_id, offer_id, everything=operator)
    ctx.tag(offer)
    return offer


@router.get("/{offer_id}/metadata", response_model=dict[str, str])
def get_metadata(offer_id: OfferId, ctx: Read) -> dict[str, str]:
    """What your own systems have noted on it; nobody else sees that."""
    search.get(ctx.session, ctx.org_id, offer_id, everything=ctx.has_role(OrgRole.OPERATOR))
    return resource_metadata.read(
        ctx.session, org_id=ctx.org_id, resource="offer", resource_id=offer_id
    )


@router.put("/{offer_id}/metadata", response_model=dict[str, str])
def put_metadata(offer_id: OfferId, data: Metadata, ctx: Read) -> dict[str, str]:
    """Note something on it in place of all that was: at most 50 keys. It is no part of the
    resource, so whoever may read it may note."""
    search.get(ctx.session, ctx.org_id, offer_id, everything=ctx.has_role(OrgRole.OPERATOR))
    return resource_metadata.replace(
        ctx.session,
        org_id=ctx.org_id,
        resource="offer",
        resource_id=offer_id,
        values=data.root,
    )


@router.patch("/{offer_id}", response_model=OfferOut, responses=documented(PreconditionFailed))
def update(offer_id: OfferId, data: OfferPatch, ctx: Write) -> Offer:
    """Change terms. `null` empties a field; fields that are left out stay."""
    offer = _locked(offer_id, ctx)
    offers.update(ctx.session, offer, ctx.actor, data)
    ctx.tag(offer)
    return offer


@router.post("/{offer_id}/activate", response_model=OfferOut, responses=_CHANGED)
def activate(offer_id: OfferId, ctx: Write) -> Offer:
    """Show a draft, or an expired offer with a new validity, to buyers."""
    offer = offers.activate(ctx.session, _locked(offer_id, ctx), ctx.actor)
    ctx.tag(offer)
    return offer


@router.post("/{offer_id}/suspend", response_model=OfferOut, responses=_CHANGED)
def suspend(offer_id: OfferId, ctx: Write) -> Offer:
    """Hide an active offer for the time being."""
    offer = offers.suspend(ctx.session, _locked(offer_id, ctx), ctx.actor)
    ctx.tag(offer)
    return offer


@router.post("/{offer_id}/resume", response_model=OfferOut, responses=_CHANGED)
def resume(offer_id: OfferId, ctx: Write) -> Offer:
    """Show a suspended offer again."""
    offer = offers.resume(ctx.session, _locked(offer_id, ctx), ctx.actor)
    ctx.tag(offer)
    return offer


def _locked(offer_id: OfferId, ctx: Context) -> Offer:
    offer = offers.locked(ctx.session, ctx.org_id, offer_id)
    ctx.check_version(offer)
    return offer
