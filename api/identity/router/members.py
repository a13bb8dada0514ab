"""Routes about the people of an organisation."""

from typing import Annotated, Any

from api.core.errors import AlreadyExists, Conflict
from api.core.http import documented
from api.core.pages import Page
from api.identity import access, service
from api.identity.access import Context, require
from api.identity.models import Member, OneTimeToken
from api.identity.schemas import MemberId, MemberIn, MemberOut, RoleIn
from api.identity.schemas.accounts import EndedOut, OfferResetIn, OneTimeTokenOut
from api.identity.service import accounts

router = access.router("/members", "members")
Read = Annotated[Context, require("organisation:read")]
Write = Annotated[Context, require("organisation:write")]


@router.get("", response_model=Page[MemberOut])
def list_members(ctx: Read) -> Page[Any]:
    """The people of your organisation."""
    rows = service.list_members(ctx.session, ctx.org_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post("", status_code=201, response_model=MemberOut, responses=documented(AlreadyExists))
def add(data: MemberIn, ctx: Write) -> Member:
    """Add a person to your organisation."""
    return service.add_member(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)


@router.post("/{member_id}/change-role", response_model=MemberOut, responses=documented(Conflict))
def change_role(member_id: MemberId, data: RoleIn, ctx: Write) -> Member:
    """Let a member do something else, from their next request on."""
    return service.change_role(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, member_id=member_id, role=data.role
    )


@router.post("/{member_id}/remove", response_model=MemberOut, responses=documented(Conflict))
def remove(member_id: MemberId, ctx: Write) -> Member:
    """Take a person out of your organisation; their sessions end at once."""
    return service.remove(ctx.session, org_id=ctx.org_id, actor=ctx.actor, member_id=member_id)


@router.post("/{member_id}/end-sessions", response_model=EndedOut)
def end_sessions(member_id: MemberId, ctx: Write) -> EndedOut:
    """End every session in which a member acts for your organisation."""
    ended = service.end_sessions(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, member_id=member_id
    )
    return EndedOut(ended=ended)


@router.post(
    "/{member_id}/invite",
    status_code=201,
    response_model=OneTimeTokenOut,
    responses=documented(Conflict),
)
def invite(member_id: MemberId, ctx: Write) -> OneTimeTokenOut:
    """A token with which the person makes an account or joins with the one they have: good once,
    for three days."""
    row, token = accounts.invite(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, member_id=member_id
    )
    return _once(ctx, row, token)


@router.post(
    "/{member_id}/reset-password",
    status_code=201,
    response_model=OneTimeTokenOut,
    responses=documented(Conflict, accounts.ActsElsewhere),
)
def reset_password(member_id: MemberId, data: OfferResetIn, ctx: Write) -> OneTimeTokenOut:
    """A token with which a member chooses a new password: good once, for an hour. Not for a person
    who acts for other organisations as well."""
    row, token = accounts.offer_reset(
        ctx.session,
        org_id=ctx.org_id,
        actor=ctx.actor,
        member_id=member_id,
        clears_second_factors=data.clears_second_factors,
    )
    return _once(ctx, row, token)


def _once(ctx: Context, row: OneTimeToken, token: str) -> OneTimeTokenOut:
    ctx.headers["Cache-Control"] = "no-store"
    return OneTimeTokenOut(token=token, expires_at=row.expires_at)
