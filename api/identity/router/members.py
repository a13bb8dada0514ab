"""Routes about the people of an organisation."""

from typing import Annotated, Any

from api.core.errors import AlreadyExists
from api.core.http import documented
from api.core.pages import Page
from api.identity import access, service
from api.identity.access import Context, require
from api.identity.models import Member
from api.identity.schemas import MemberIn, MemberOut

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
