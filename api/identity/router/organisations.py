"""Routes about organisations."""

from collections.abc import Sequence
from typing import Annotated, Any

from sqlmodel import col, or_, select

from api.core import db, pages
from api.core.errors import AlreadyExists, Conflict
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access, debarments, levels, service
from api.identity.access import Context, require
from api.identity.models import Organisation
from api.identity.router.clients import created
from api.identity.schemas import (
    ClientCreated,
    ClientIn,
    Country,
    DebarIn,
    OrganisationId,
    OrganisationIn,
    OrganisationOut,
    ReasonIn,
    RegimeIn,
    VerifyIn,
)
from api.identity.service import ScopeNotYours, suspensions
from api.rules.clock import local_date
from api.rules.organisations import OrganisationStatus
from api.rules.permissions import OrgRole

router = access.router("/organisations", "organisations")
Read = Annotated[Context, require("organisation:read")]
Admin = Annotated[Context, require("organisations:admin")]


@router.post(
    "", status_code=201, response_model=OrganisationOut, responses=documented(AlreadyExists)
)
def create(data: OrganisationIn, ctx: Admin) -> OrganisationOut:
    """Enter an organisation, with its number in the official register checked."""
    return _shown(ctx, service.create_organisation(ctx.session, actor=ctx.actor, data=data))


@router.get("", response_model=Page[OrganisationOut])
def list(ctx: Read, page: PageDep, country: Country | None = None) -> Page[Any]:
    """Organisations on the marketplace, newest first."""
    query = select(Organisation)
    if not ctx.has_role(OrgRole.OPERATOR):
        drafts = col(Organisation.status) == OrganisationStatus.DRAFT
        query = query.where(or_(~drafts, Organisation.id == ctx.org_id))
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
    return Page(items=[*_all(ctx, rows)], has_more=cursor is not None, next_cursor=cursor)


@router.get("/me", response_model=OrganisationOut)
def me(ctx: Read) -> OrganisationOut:
    """The organisation of the credentials."""
    organisation = service.get_organisation(ctx.session, ctx.org_id)
    ctx.tag(organisation)
    return _shown(ctx, organisation)


@router.get("/{organisation_id}", response_model=OrganisationOut)
def get(organisation_id: OrganisationId, ctx: Read) -> OrganisationOut:
    """One organisation."""
    organisation = service.get_organisation(ctx.session, organisation_id)
    ctx.tag(organisation)
    return _shown(ctx, organisation)


@router.post(
    "/{organisation_id}/verify", response_model=OrganisationOut, responses=documented(Conflict)
)
def verify(organisation_id: OrganisationId, data: VerifyIn, ctx: Admin) -> OrganisationOut:
    """Vouch for an organisation at a level, for a year; reviewed evidence is the better way."""
    found = service.verify(ctx.session, actor=ctx.actor, org_id=organisation_id, level=data.level)
    return _shown(ctx, found)


@router.post(
    "/{organisation_id}/suspend", response_model=OrganisationOut, responses=documented(Conflict)
)
def suspend(organisation_id: OrganisationId, data: ReasonIn, ctx: Admin) -> OrganisationOut:
    """Let an organisation do nothing new: no offers shown, no bids. What is contracted goes on, and
    it may appeal."""
    found = suspensions.suspend(
        ctx.session, actor=ctx.actor, org_id=organisation_id, reason=data.reason
    )
    return _shown(ctx, found)


@router.post(
    "/{organisation_id}/reinstate", response_model=OrganisationOut, responses=documented(Conflict)
)
def reinstate(organisation_id: OrganisationId, data: ReasonIn, ctx: Admin) -> OrganisationOut:
    """Let a suspended organisation be again what it was."""
    found = suspensions.reinstate(
        ctx.session, actor=ctx.actor, org_id=organisation_id, reason=data.reason
    )
    return _shown(ctx, found)


@router.post("/{organisation_id}/set-regime", response_model=OrganisationOut)
def set_regime(organisation_id: OrganisationId, data: RegimeIn, ctx: Admin) -> OrganisationOut:
    """Say whose procurement rules a buyer follows from now on."""
    found = service.set_regime(ctx.session, actor=ctx.actor, org_id=organisation_id, data=data)
    return _shown(ctx, found)


@router.post("/{organisation_id}/debar", response_model=OrganisationOut)
def debar(organisation_id: OrganisationId, data: DebarIn, ctx: Admin) -> OrganisationOut:
    """Enter an organisation in the register of unreliable suppliers until a day."""
    found = debarments.debar(
        ctx.session, decider=ctx.org_id, actor=ctx.actor, org_id=organisation_id, data=data
    )
    return _shown(ctx, found)


@router.post(
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


def _shown(ctx: Context, organisation: Organisation) -> OrganisationOut:
    return _all(ctx, [organisation])[0]


def _all(ctx: Context, rows: Sequence[Organisation]) -> Sequence[OrganisationOut]:
    """Organisations with their level and what the register of unreliable suppliers says today."""
    ctx.session.flush()
    today = local_date(db.now(ctx.session))
    ids = [row.id for row in rows]
    debarred = debarments.until(ctx.session, ids, today)
    known = levels.levels(ctx.session, ids, today)
    return [
        OrganisationOut.model_validate(
            {
                **row.model_dump(),
                "debarred_until": debarred.get(row.id),
                "verification_level": known[row.id],
            }
        )
        for row in rows
    ]
