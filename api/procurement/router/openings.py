"""Routes of openers: their public keys, and the openings in which they release their shares."""

from typing import Annotated, Any

from api.core.errors import AlreadyExists
from api.core.http import documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.procurement import service
from api.procurement.models import BidOpening, OpenerKey
from api.procurement.schemas import (
    OpenerKeyId,
    OpenerKeyIn,
    OpenerKeyOut,
    OpeningId,
    OpeningOut,
    ShareIn,
)
from api.procurement.sealing.problems import (
    CiphertextRefused,
    NotAHolder,
    ReleaseMismatch,
    ShareAltered,
    ShareDuplicated,
    ShareOfOtherKey,
)

router = access.router("", "openings")
Read = Annotated[Context, require("tenders:read")]
Opener = Annotated[Context, require("bids:open")]


@router.post(
    "/opener-keys",
    status_code=201,
    response_model=OpenerKeyOut,
    responses=documented(service.OpenerRoleNotAllowed, AlreadyExists),
)
def register(data: OpenerKeyIn, ctx: Opener) -> OpenerKey:
    """Register your own public key: who registers it, a person or credentials, releases its share
    later."""
    return service.tender_keys.register(ctx.session, caller=ctx.caller, data=data)


@router.get("/opener-keys", response_model=Page[OpenerKeyOut])
def list_keys(ctx: Opener) -> Page[Any]:
    """The public keys of your organisation's openers, revoked ones included."""
    rows = service.tender_keys.list_opener_keys(ctx.session, ctx.org_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post("/opener-keys/{key_id}/revoke", response_model=OpenerKeyOut)
def revoke(key_id: OpenerKeyId, ctx: Opener) -> OpenerKey:
    """Let a key take part in no further ceremony."""
    return service.tender_keys.revoke(
        ctx.session, org_id=ctx.org_id, opener_key_id=key_id, actor=ctx.actor
    )


@router.get("/openings/{opening_id}", response_model=OpeningOut)
def get(opening_id: OpeningId, ctx: Read) -> dict[str, Any]:
    """An opening: while it lasts for those who take part, afterwards, with its record, for all."""
    found = service.openings.get(ctx.session, org_id=ctx.org_id, opening_id=opening_id)
    return shown(ctx, found)


@router.post(
    "/openings/{opening_id}/shares",
    status_code=201,
    response_model=OpeningOut,
    responses=documented(
        service.OpeningHeldUp,
        service.OpeningOver,
        service.ShareNotYours,
        NotAHolder,
        ShareDuplicated,
        ShareOfOtherKey,
        ShareAltered,
        ReleaseMismatch,
        CiphertextRefused,
    ),
)
def release(opening_id: OpeningId, data: ShareIn, ctx: Opener) -> dict[str, Any]:
    """Hand in your share, as `kerben opener share` wrote it; the last that is needed opens the bids.

    In a tender of the mode `server` there are no shares: this is your consent.
    """
    found = service.openings.release(
        ctx.session,
        opening_id=opening_id,
        caller=ctx.caller,
        released=data.released,
    )
    return shown(ctx, found)


def shown(ctx: Context, found: BidOpening) -> dict[str, Any]:
    """An opening as the API shows it; shares as names and times alone."""
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=found.tender_id)
    return {
        **found.model_dump(exclude={"identity"}),
        "envelope": found.kind,
        "session": service.openings.session_document(found, tender.ocid),
        "shares": service.openings.shares_of(ctx.session, found.id),
    }
