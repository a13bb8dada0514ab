"""Who asks: authentication of every request. Never commits: the caller owns the transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text, update
from sqlmodel import Session, col, select

from api.core import db, settings
from api.core.errors import Forbidden, Unauthorized
from api.identity import credentials
from api.identity.models import ApiClient, ClientKind, LoginSession
from api.rules.networks import within
from api.rules.organisations import MAY_CALL, OrganisationStatus
from api.rules.permissions import MemberRole, OrgRole, scopes_of

LAST_USED_STEP = timedelta(minutes=1)


class AddressNotAllowed(Forbidden):
    """The credentials are good, but not from the address that the request came from."""

    code, title = "address_not_allowed", "These credentials may not be used from this address"


class PersonRequired(Forbidden):
    """This is for people who log in, not for API credentials."""

    code, title = "person_required", "Only a person who has logged in may do this"


class SecondFactorRequired(Unauthorized):
    """This needs a second factor that was shown a short while ago (RFC 9470)."""

    code, title = "second_factor_required", "Show your second factor first"


@dataclass(frozen=True, slots=True)
class Visit:
    """A person who is logged in."""

    session_id: UUID
    person_id: UUID
    member_id: UUID
    role: MemberRole
    second_factor_at: datetime | None
    now: datetime

    def require_second_factor(self) -> None:
        """Raise SecondFactorRequired unless one was shown a short while ago."""
        seconds = settings.get().second_factor_seconds
        shown = self.second_factor_at
        if shown is None or self.now - shown > timedelta(seconds=seconds):
            challenge = f'Bearer error="insufficient_user_authentication", max_age="{seconds}"'
            raise SecondFactorRequired(headers={"WWW-Authenticate": challenge})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an organisation through one of its API clients, or one of its members."""

    org_id: UUID
    org_roles: frozenset[OrgRole]
    client_id: UUID | None
    scopes: frozenset[str]
    status: OrganisationStatus
    visit: Visit | None = None

    @property
    def actor(self) -> str:
        """Who acts, as the audit trail names them; on whose behalf is the organisation."""
        if self.visit is not None:
            return f"person:{self.visit.person_id.hex}"
        assert self.client_id is not None
        return f"client:{self.client_id.hex}"

    @property
    def id(self) -> UUID:
        """Of the client, or of the session of a person."""
        found = self.visit.session_id if self.visit else self.client_id
        assert found is not None
        return found

    @property
    def member_id(self) -> UUID | None:
        return self.visit.member_id if self.visit else None

    @property
    def person(self) -> Visit:
        """The person who asks; PersonRequired for a program."""
        if self.visit is None:
            raise PersonRequired
        return self.visit

    def require_decider(self) -> None:
        """Raise PersonRequired or SecondFactorRequired for who may not open bids or award."""
        if self.visit is None:
            if not settings.get().machines_decide:
                raise PersonRequired
            return
        self.visit.require_second_factor()


class _Client(NamedTuple):
    """Credentials and their organisation, in the columns of `kerben_client` (migrations)."""

    client_id: UUID
    org_id: UUID
    kind: str
    scopes: Sequence[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    roles: Sequence[str]
    status: str
    now: datetime
    allowed_cidrs: Sequence[str]


class _Session(NamedTuple):
    """A session, its member and organisation, in the columns of `kerben_session` (migrations)."""

    session_id: UUID
    person_id: UUID
    member_id: UUID
    org_id: UUID
    role: str
    second_factor_at: datetime | None
    last_used_at: datetime
    expires_at: datetime
    ended: bool
    roles: Sequence[str]
    status: str
    now: datetime


_BY_SECRET = text("SELECT * FROM kerben_authenticate(:prefix, :proof)")
_USED = text("UPDATE api_client SET last_used_at = :now, updated_at = :now WHERE id = :id")
_OF_CLIENT = text("SELECT * FROM kerben_client(:id)")
_OF_SESSION = text("SELECT * FROM kerben_session(:proof)")


def authenticate(session: Session, token: str, *, ip: str | None = None) -> Caller:
    """The caller behind an API key, an access token or the token of a session, and row-level
    security narrowed to it.

    Raises Unauthorized, in the same words whatever was wrong with a key; AddressNotAllowed.
    """
    if credentials.prefix_of(token) is not None:
        proven = _proven(session, token)
        if proven is None or proven.kind != ClientKind.API_KEY:
            raise Unauthorized("The API key is not valid.")
        return _caller(session, proven, proven.scopes, ip)
    if credentials.prefix_of(token, credentials.SESSION) is not None:
        return _visitor(session, credentials.hashed(token))
    claims = credentials.read_token(token)
    db.scope(session, org_id=str(claims.org_id))
    found = _one(session, _OF_CLIENT, id=claims.client_id)
    if found is None:
        raise Unauthorized("The access token is not valid or has expired.")
    return _caller(session, found, set(claims.scopes) & set(found.scopes), ip)


def authenticate_link(session: Session, link: credentials.Link) -> Caller:
    """Who asked for a link to a file, as far as they may act still; Unauthorized, Forbidden."""
    db.scope(session, org_id=str(link.org_id))
    if link.person_id is None:
        client = _one(session, _OF_CLIENT, id=link.principal_id)
        if client is None:
            raise Unauthorized("The client is not known.")
        return _caller(session, client, (), ip=None, anywhere=True)
    db.scope(session, person_id=str(link.person_id))
    proof = session.exec(
        select(LoginSession.token_hash).where(LoginSession.id == link.principal_id)
    ).one_or_none()
    if proof is None:
        raise Unauthorized("The session is not known.")
    return _visitor(session, proof)


def issue_token(
    session: Session,
    *,
    client_id: UUID,
    secret: str,
    scopes: Collection[str],
    ip: str | None = None,
) -> tuple[str, list[str]]:
    """OAuth 2.0 client credentials (RFC 6749 section 4.4): an access token and its scopes."""
    client = _proven(session, secret)
    if client is None or client.client_id != client_id or client.kind != ClientKind.OAUTH:
        raise Unauthorized("The client is not known or its secret is wrong.")
    return _issued(session, client, scopes, ip)


def issue_proven(
    session: Session, client: ApiClient, *, scopes: Collection[str], ip: str | None
) -> tuple[str, list[str]]:
    """The same for a client that has proved itself by a signature."""
    db.scope(session, org_id=str(client.org_id))
    found = _one(session, _OF_CLIENT, id=client.id)
    assert found is not None
    return _issued(session, found, scopes, ip)


def _issued(
    session: Session, client: "_Client", scopes: Collection[str], ip: str | None
) -> tuple[str, list[str]]:
    caller = _caller(session, client, client.scopes, ip)
    granted = sorted(caller.scopes & set(scopes) if scopes else caller.scopes)
    token = credentials.Token(client.client_id, client.org_id, tuple(granted))
    return credentials.new_token(token), granted


def _proven(session: Session, secret: str) -> "_Client | None":
    """The client that the secret is of, and row-level security narrowed to it; in one statement."""
    prefix = credentials.prefix_of(secret)
    if prefix is None:
        return None
    found = _one(session, _BY_SECRET, prefix=prefix, proof=credentials.hashed(secret))
    if found is not None:
        session.info["org_id"] = str(found.org_id)
    return found


def _one(session: Session, query: TextClause, **values: object) -> "_Client | None":
    row = session.connection().execute(query, values).one_or_none()
    return None if row is None else _Client(*row)


def _caller(
    session: Session,
    client: "_Client",
    granted: Collection[str],
    ip: str | None,
    *,
    anywhere: bool = False,
) -> Caller:
    if client.revoked_at is not None or (client.expires_at and client.expires_at <= client.now):
        raise Unauthorized("The credentials have been revoked or have expired.")
    if client.allowed_cidrs and not anywhere and not within(ip, client.allowed_cidrs):
        raise AddressNotAllowed
    roles = _acting(session, client.status, client.roles)
    if client.last_used_at is None or client.now - client.last_used_at > LAST_USED_STEP:
        used = {"id": client.client_id, "now": client.now}
        session.connection().execute(_USED, used)
    status = OrganisationStatus(client.status)
    return Caller(client.org_id, roles, client.client_id, frozenset(granted), status)


def _visitor(session: Session, proof: str) -> Caller:
    row = session.connection().execute(_OF_SESSION, {"proof": proof}).one_or_none()
    idle = timedelta(seconds=settings.get().session_idle_seconds)
    found = None if row is None else _Session(*row)
    if (
        found is None
        or found.ended
        or found.expires_at <= found.now
        or found.last_used_at + idle <= found.now
    ):
        raise Unauthorized("The session is not known, was ended or has expired.")
    session.info.update(org_id=str(found.org_id), person_id=str(found.person_id))
    roles = _acting(session, found.status, found.roles)
    if found.now - found.last_used_at > LAST_USED_STEP:
        session.connection().execute(
            update(LoginSession)
            .where(col(LoginSession.id) == found.session_id)
            .values(last_used_at=found.now)
        )
    role = MemberRole(found.role)
    visit = Visit(
        session_id=found.session_id,
        person_id=found.person_id,
        member_id=found.member_id,
        role=role,
        second_factor_at=found.second_factor_at,
        now=found.now,
    )
    scopes, status = frozenset(scopes_of(roles, role)), OrganisationStatus(found.status)
    return Caller(found.org_id, roles, None, scopes, status, visit)


def _acting(session: Session, status: str, roles: Sequence[str]) -> frozenset[OrgRole]:
    """The roles of an organisation that may act, and row-level security told of them."""
    if status not in MAY_CALL:
        raise Forbidden("The organisation is terminated.")
    found = frozenset(OrgRole(role) for role in roles)
    if OrgRole.OPERATOR in found:
        db.scope(session, operator="on")
    if OrgRole.REVIEWER in found:
        db.scope(session, reviewer="on")
    return found
