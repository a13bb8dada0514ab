"""Logging in: by password, by invitation; for everybody, outside /v1."""

from uuid import UUID

from fastapi import Request, Response
from sqlmodel import Session

from api.core import db, settings
from api.core.errors import Invalid, Unauthorized
from api.core.http import documented, public_router
from api.core.rate_limits import limited
from api.identity import access, credentials, passwords
from api.identity.models import LoginMethod, Person
from api.identity.schemas.accounts import JoinIn, LoginIn, LoginOut, ResetIn
from api.identity.service import (
    AttemptFailed,
    TooManyAttempts,
    accounts,
    factors,
    sessions,
    throttle,
)
from api.identity.service.sessions import Begun, Device, NoMembership

router = public_router("/auth", "login")


@router.post(
    "/login",
    response_model=LoginOut,
    responses=documented(AttemptFailed, NoMembership, TooManyAttempts, Invalid),
)
@limited("login")
def log_in(data: LoginIn, request: Request, response: Response) -> LoginOut:
    """Log in with a password. An address without an account is answered in the same words and
    time as a wrong password."""
    ip = access.address(request)
    with db.unit_of_work() as session:
        throttle.begin(session, data.email, ip)
        found = accounts.find(session, data.email)
    # Outside of any transaction: it takes long, on purpose.
    if not passwords.verify(found.password_hash, data.password) or found.person_id is None:
        raise AttemptFailed
    with db.unit_of_work() as session:
        throttle.succeeded(session, data.email, ip)
        person = accounts.get(session, found.person_id)
        if passwords.is_stale(found.password_hash or ""):
            person.password_hash = passwords.hash(data.password)
        return logged_in(session, request, response, person, org_id=data.organisation_id)


@router.post(
    "/join",
    status_code=201,
    response_model=LoginOut,
    responses=documented(Unauthorized, accounts.AccountExists, Invalid),
)
@limited("login")
def join(data: JoinIn, request: Request, response: Response) -> LoginOut:
    """Make an account by an invitation, and log in. Who has one logs in and joins with it."""
    with db.unit_of_work() as session:
        person = accounts.join(session, token=data.token, name=data.name, password=data.password)
        return logged_in(session, request, response, person)


@router.post(
    "/reset-password",
    status_code=204,
    responses=documented(Unauthorized, accounts.ActsElsewhere, Invalid),
)
@limited("login")
def reset_password(data: ResetIn) -> None:
    """Choose a new password by a token; every session of the account ends."""
    with db.unit_of_work() as session:
        accounts.reset_password(session, token=data.token, password=data.password)


def device(request: Request) -> Device:
    """What a session is begun from."""
    return Device(access.address(request), request.headers.get("user-agent"))


def set_cookie(response: Response, begun: Begun) -> None:
    """Give a browser its session: no script reads it, no other site's form sends it."""
    response.set_cookie(
        access.cookie_name(),
        begun.token,
        max_age=settings.get().session_seconds,
        path="/",
        secure=settings.get().secure,
        httponly=True,
        samesite="lax",  # `strict` would lose it on the way back from an OpenID provider
    )


def logged_in(
    session: Session,
    request: Request,
    response: Response,
    person: Person,
    *,
    org_id: UUID | None = None,
) -> LoginOut:
    """Begin a session by password, as an answer and as a cookie."""
    begun = sessions.begin(
        session, person, method=LoginMethod.PASSWORD, device=device(request), org_id=org_id
    )
    set_cookie(response, begun)
    response.headers["Cache-Control"] = "no-store"
    return LoginOut(
        token=begun.token,
        csrf_token=credentials.csrf_token(begun.token),
        expires_at=begun.row.expires_at,
        has_second_factor=factors.has_any(session, person),
    )
