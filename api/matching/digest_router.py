"""Routes of the daily mail about requests, and the one that its link names."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from api.core.errors import AlreadyExists, Conflict, NotFound, PreconditionFailed
from api.core.http import documented, public_router
from api.core.ids import PublicId
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.schemas import Input, MemberId
from api.matching import digests
from api.matching.digest_models import RequestDigest

DigestId = Annotated[UUID, PublicId("requestdigest")]
Token = Annotated[str, Path(pattern=r"^[0-9a-f]{128}$")]
router = access.router("/request-digests", "request-digests")
public = public_router("/public/unsubscribe", "request-digests")
Read = Annotated[Context, require("matches:read")]
Write = Annotated[Context, require("digests:write")]
Change = Annotated[Context, require("digests:write", if_match=True)]


class RequestDigestIn(Input):
    """Who wants the digest."""

    member_id: MemberId = Field(examples=["member_019abf2e8c1d7c3fa9b04b4c6f0d2e11"])


class RequestDigestOut(BaseModel):
    """A member that gets the digest."""

    model_config = ConfigDict(from_attributes=True)

    id: DigestId
    member_id: MemberId
    stopped_at: datetime | None
    version: int
    created_at: datetime


@router.get("", response_model=Page[RequestDigestOut])
def list(ctx: Read) -> Page[Any]:
    """Who of your organisation gets the daily mail about requests that your offers answer."""
    rows = digests.list_digests(ctx.session, org_id=ctx.org_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post(
    "", status_code=201, response_model=RequestDigestOut, responses=documented(AlreadyExists)
)
def create(data: RequestDigestIn, ctx: Write) -> RequestDigest:
    """Send a member of yours the digest, in the morning of days on which there is something new."""
    digest = digests.subscribe(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, member_id=data.member_id
    )
    ctx.tag(digest)
    return digest


@router.post(
    "/{digest_id}/stop",
    response_model=RequestDigestOut,
    responses=documented(Conflict, PreconditionFailed),
)
def stop(digest_id: DigestId, ctx: Change) -> RequestDigest:
    """Send no more."""
    digest = digests.hold(ctx.session, org_id=ctx.org_id, digest_id=digest_id)
    ctx.check_version(digest)
    digests.stop(ctx.session, digest, actor=ctx.actor)
    ctx.tag(digest)
    return digest


@public.post("/{token}", status_code=204, responses=documented(NotFound))
def unsubscribe(token: Token) -> None:
    """Stop a digest by the link in its mail, with one click and without logging in (RFC 8058)."""
    digests.unsubscribe(token)
