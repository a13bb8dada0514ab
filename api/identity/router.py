"""Routes about organisations and their people."""

from typing import Annotated, Any

from sqlmodel import select

from api.core import pages
from api.core.errors import AlreadyExists, Conflict
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access, service
from api.identity.access import Context, require
from api.identity.clients_router import created
from api.identity.models import Member, Organisation
from api.identity.schemas import (
    ClientCreated,
    ClientIn,
    Country,
    DebarIn,
    MemberIn,
    MemberOut,
    OrganisationId,
    OrganisationIn,
    OrganisationOut,
    ReasonIn,
    RegimeIn,
    VerifyIn,
)
from api.identity.service import ScopeNotYours

organisations = access.router("/organisations", "organisations")
members = access.router("/members", "members")
Read = Annotated[Context, require("organisation:read")]
Write = Annotated[Context, require("organisation:write")]
Admin = Annotated[Context, require("organisations:admin")]


@organisations.post(
    "", status_code=201, response_model=OrganisationOut, responses=documented(AlreadyExists)
)
def create(data: OrganisationIn, ctx: Admin) -> Organisation:
    """Enter an organisation, with its number in the official register checked."""
    return service.create_organisation(ctx.session, actor=ctx.actor, data=data)


@organisations.get("", response_model=Page[OrganisationOut])
def list(ctx: Read, page: PageDep, country: Country | None = None) -> Page[Any]:
    """Organisations on the marketplace, newest first."""
    query = select(Organisation)
    if country:
        query = query.where(Organisation.country == country)
    rows, cursor = pages.newest_first(
        ctx.session,
        query,
        Organisation,
        page,
        scope=f"organisations:{ctx.org_id}",
        filters={"country": country},
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@organisations.get("/me", response_model=OrganisationOut)
def me(ctx: Read) -> Organisation:
    """The organisation of the credentials."""
    organisation = service.get_organisation(ctx.session, ctx.org_id)
    ctx.tag(organisation)
    return organisation


@organisations.get("/{organisation_id}", response_model=OrganisationOut)
def get(organisation_id: OrganisationId, ctx: Read) -> Organisation:
    """One organisation."""
    organisation = service.get_organisation(ctx.session, organisation_id)
    ctx.tag(organisation)
    return organisation


@organisations.post(
    "/{organisation_id}/verify", response_model=OrganisationOut, responses=documented(Conflict)
)
def verify(organisation_id: OrganisationId, data: VerifyIn, ctx: Admin) -> Organisation:
    """Record that the organisation's evidence was checked."""
    return service.verify(ctx.session, actor=ctx.actor, org_id=organisation_id, level=data.level)


@organisations.post(
    "/{organisation_id}/suspend", response_model=OrganisationOut, responses=documented(Conflict)
)
def suspend(organisation_id: OrganisationId, data: ReasonIn, ctx: Admin) -> Organisation:
    """Stop an organisation from acting; its credentials are refused from now on."""
    return service.change_status(
        ctx.session, actor=ctx.actor, org_id=organisation_id, action="suspend", reason=data.reason
    )


@organisations.post(
    "/{organisation_id}/reinstate", response_model=OrganisationOut, responses=documented(Conflict)
)
def reinstate(organisation_id: OrganisationId, data: ReasonIn, ctx: Admin) -> Organisation:
    """Let a suspended organisation act again."""
    return service.change_status(
        ctx.session, actor=ctx.actor, org_id=organisation_id, action="reinstate", reason=data.reason
    )


@organisations.post("/{organisation_id}/set-regime", response_model=OrganisationOut)
def set_regime(organisation_id: OrganisationId, data: RegimeIn, ctx: Admin) -> Organisation:
    """Say whose procurement rules a buyer follows from now on."""
    return service.set_regime(ctx.session, actor=ctx.actor, org_id=organisation_id, data=data)


@organisations.post("/{organisation_id}/debar", response_model=OrganisationOut)
def debar(organisation_id: OrganisationId, data: DebarIn, ctx: Admin) -> Organisation:
    """Enter an organisation in the register of unreliable suppliers until a day."""
    return service.debar(ctx.session, actor=ctx.actor, org_id=organisation_id, data=data)


@organisations.post(
    "/{organisation_id}/clients",
    status_code=201,
    response_model=ClientCreated,
    responses=documented(ScopeNotYours, Conflict),
)
def create_client(organisation_id: OrganisationId, data: ClientIn, ctx: Admin) -> ClientCreated:
    """Give an organisation its first credentials; the secret is shown only in this answer."""
    organisation = service.get_organisation(ctx.session, organisation_id)
    client, secret = service.create_client(
        ctx.session,
        org_id=organisation.id,
        actor=ctx.actor,
        data=data,
        grantable=service.full_scopes(organisation),
    )
    return created(ctx, client, secret)


@members.get("", response_model=Page[MemberOut])
def list_members(ctx: Read) -> Page[Any]:
    """The people of your organisation."""
    rows = service.list_members(ctx.session, ctx.org_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@members.post("", status_code=201, response_model=MemberOut, responses=documented(AlreadyExists))
def add(data: MemberIn, ctx: Write) -> Member:
    """Add a person to your organisation."""
    return service.add_member(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)
