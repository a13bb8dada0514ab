"""Routes about OpenID providers: who is trusted, and logging in by one."""

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Query, Request
from fastapi.responses import RedirectResponse

from api.core import db, encryption, settings
from api.core.encryption import Undecipherable
from api.core.errors import AlreadyExists, Invalid, NotFound, Unauthorized, refused
from api.core.http import documented, public_router
from api.core.pages import Page
from api.core.rate_limits import limited
from api.identity import access, oidc
from api.identity.access import Context, require
from api.identity.models import IdentityProvider
from api.identity.oidc import Attempt, ProviderUnavailable
from api.identity.router.login import device, set_cookie
from api.identity.schemas import OrganisationId
from api.identity.schemas.providers import ProviderId, ProviderIn, ProviderOut, ProviderPublished
from api.identity.service import accounts, providers
from api.identity.service.providers import AccountUnknown
from api.identity.service.sessions import NoMembership
from api.rules.clock import utcnow

router = access.router("/identity-providers", "identity-providers")
login = public_router("/auth", "login")
Read = Annotated[Context, require("identity_providers:read")]
Write = Annotated[Context, require("identity_providers:write")]
COOKIE, COOKIE_PATH, COOKIE_SECONDS = "kerben_oidc", "/auth/oidc", 600


@router.post("", status_code=201, response_model=ProviderOut, responses=documented(AlreadyExists))
def create(data: ProviderIn, ctx: Write) -> IdentityProvider:
    """Trust an OpenID provider with the members of your organisation; the operator also one with
    those of every organisation."""
    return providers.create(ctx.session, caller=ctx.caller, data=data)


@router.get("", response_model=Page[ProviderOut])
def list(ctx: Read) -> Page[Any]:
    """Your organisation's providers and those of the installation."""
    rows = providers.list_providers(ctx.session, ctx.org_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@router.post("/{provider_id}/disable", response_model=ProviderOut)
def disable(provider_id: ProviderId, ctx: Write) -> IdentityProvider:
    """Let nobody log in by a provider any more."""
    return providers.disable(ctx.session, caller=ctx.caller, provider_id=provider_id)


@login.get("/providers", response_model=Page[ProviderPublished])
def offer(organisation_id: OrganisationId | None = None) -> Page[Any]:
    """The OpenID providers that a login page offers: for everybody, and for one organisation."""
    with db.unit_of_work() as session:
        rows = providers.offered(session, organisation_id)
        items = [ProviderPublished.model_validate(row) for row in rows]
    return Page(items=items, has_more=False, next_cursor=None)


@login.get(
    "/oidc/{provider_id}/log-in",
    status_code=303,
    response_class=RedirectResponse,
    responses=documented(NotFound, Invalid, ProviderUnavailable),
)
@limited("login")
def begin_oidc(
    provider_id: ProviderId,
    return_to: Annotated[str, Query(max_length=500, examples=["/portal"])] = "/",
) -> RedirectResponse:
    """Go to an OpenID provider; it sends the browser back, then this service to `return_to`: a path
    here, or an address at one of the installation's portals."""
    _check(return_to)
    with db.unit_of_work() as session:
        row = providers.find(session, provider_id)
    fresh = settings.get().second_factor_seconds if row.second_factor_amr else None
    url, attempt = oidc.begin(providers.described(row), row.id, return_to=return_to, max_age=fresh)
    answer = RedirectResponse(url, status_code=303)
    answer.set_cookie(
        COOKIE,
        encryption.encrypt(attempt.model_dump_json().encode(), context=COOKIE.encode()),
        max_age=COOKIE_SECONDS,
        path=COOKIE_PATH,
        secure=settings.get().secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@login.get(
    "/oidc/callback",
    status_code=303,
    response_class=RedirectResponse,
    responses=documented(
        Unauthorized,
        AccountUnknown,
        NoMembership,
        NotFound,
        accounts.AccountExists,
        Invalid,
        ProviderUnavailable,
    ),
)
@limited("login")
def finish_oidc(
    request: Request,
    state: Annotated[str, Query(max_length=200)],
    code: Annotated[str | None, Query(max_length=4000)] = None,
    iss: Annotated[str | None, Query(max_length=300)] = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
) -> RedirectResponse:
    """Where an OpenID provider sends the browser back to: begins the session."""
    attempt = _attempt(request, state)
    if error is not None or code is None:
        raise Unauthorized("The OpenID provider has not let you in.")
    with db.unit_of_work() as session:
        row = providers.find(session, attempt.provider_id)
    # Asking the provider takes long: no transaction waits for it.
    claims = oidc.finish(providers.described(row), attempt, code=code, iss=iss)
    with db.unit_of_work() as session:
        begun = providers.log_in(session, row, claims, device(request))
    answer = RedirectResponse(attempt.return_to, status_code=303)
    answer.headers["Cache-Control"] = "no-store"
    answer.delete_cookie(COOKIE, path=COOKIE_PATH)
    set_cookie(answer, begun)
    return answer


def _attempt(request: Request, state: str) -> Attempt:
    """The login that this browser has begun: another's answer cannot be slipped to it."""
    sealed = request.cookies.get(COOKIE, "")
    try:
        opened = encryption.decrypt(sealed, context=COOKIE.encode())
        attempt = Attempt.model_validate_json(opened)
    except (Undecipherable, ValueError) as error:
        raise Unauthorized("This browser has begun no login.") from error
    if attempt.begun_at + timedelta(seconds=COOKIE_SECONDS) < utcnow():
        raise Unauthorized("The login was begun too long ago.")
    if attempt.state != state:
        raise Unauthorized("This browser has begun another login.")
    return attempt


def _check(return_to: str) -> None:
    parts = urlsplit(return_to)
    here = return_to.startswith("/") and not return_to.startswith(("//", "/\\"))
    there = f"{parts.scheme}://{parts.netloc}" in settings.get().portal_origins
    if not (here or there) or any(ord(each) < 33 for each in return_to):
        raise refused("#?query/return_to", "not_a_portal", "Not a path here, nor of a portal.")
