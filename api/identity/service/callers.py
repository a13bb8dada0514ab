"""Who asks: authentication of every request. Never commits: the caller owns the transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text, update
from sqlmodel import Session, col

from api.core import db
from api.core.errors import Forbidden, Unauthorized
from api.identity import credentials
from api.identity.models import ApiClient, ClientKind
from api.rules.organisations import MAY_ACT
from api.rules.permissions import OrgRole

LAST_USED_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an organisation through one of its API clients."""

    org_id: UUID
    org_roles: frozenset[OrgRole]
    client_id: UUID
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        return f"client:{self.client_id.hex}"


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


_BY_SECRET = text("SELECT * FROM kerben_authenticate(:prefix, :proof)")
_OF_CLIENT = text("SELECT * FROM kerben_client(:id)")


def authenticate(session: Session, token: str) -> Caller:
    """The caller behind an API key or access token, and row-level security narrowed to it.

    Raises Unauthorized, in the same words whatever was wrong with a key.
    """
    if credentials.prefix_of(token) is not None:
        proven = _proven(session, token)
        if proven is None or proven.kind != ClientKind.API_KEY:
            raise Unauthorized("The API key is not valid.")
        return _caller(session, proven, proven.scopes)
    claims = credentials.read_token(token)
    db.scope(session, org_id=str(claims.org_id))
    found = _one(session, _OF_CLIENT, id=claims.client_id)
    if found is None:
        raise Unauthorized("The access token is not valid or has expired.")
    return _caller(session, found, set(claims.scopes) & set(found.scopes))


def issue_token(
    session: Session, *, client_id: UUID, secret: str, scopes: Collection[str]
) -> tuple[str, list[str]]:
    """OAuth 2.0 client credentials (RFC 6749 section 4.4): an access token and its scopes."""
    client = _proven(session, secret)
    if client is None or client.client_id != client_id or client.kind != ClientKind.OAUTH:
        raise Unauthorized("The client is not known or its secret is wrong.")
    caller = _caller(session, client, client.scopes)
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


def _caller(session: Session, client: "_Client", granted: Collection[str]) -> Caller:
    if client.revoked_at is not None or (client.expires_at and client.expires_at <= client.now):
        raise Unauthorized("The credentials have been revoked or have expired.")
    if client.status not in MAY_ACT:
        raise Forbidden("The organisation is suspended.")
    if client.last_used_at is None or client.now - client.last_used_at > LAST_USED_STEP:
        session.connection().execute(
            update(ApiClient)
            .where(col(ApiClient.id) == client.client_id)
            .values(last_used_at=client.now)
        )
    roles = frozenset(OrgRole(role) for role in client.roles)
    if OrgRole.OPERATOR in roles:
        db.scope(session, operator="on")
    if OrgRole.REVIEWER in roles:
        db.scope(session, reviewer="on")
    return Caller(client.org_id, roles, client.client_id, frozenset(granted))
