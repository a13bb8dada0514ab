"""Organisations, members and credentials. Never commits: the caller owns the transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text, update
from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.errors import AlreadyExists, Conflict, Forbidden, NotFound, Unauthorized
from api.core.outbox import emit
from api.identity import credentials
from api.identity.models import DEFAULT_REGIME, ApiClient, ClientKind, Member, Organisation
from api.identity.schemas import ClientIn, MemberIn, OrganisationIn, RegimeIn
from api.rules.organisations import MAY_ACT, ORGANISATION
from api.rules.permissions import OrgRole, scopes_of
from api.rules.policy import ProcurementRegime
from api.rules.states import IllegalTransition

LAST_USED_STEP = timedelta(minutes=1)


class ScopeNotYours(Forbidden):
    """Credentials cannot be given scopes that their maker or the organisation does not have."""

    code, title = "scope_not_yours", "You cannot grant scopes that you do not have"


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


def create_organisation(session: Session, *, actor: str, data: OrganisationIn) -> Organisation:
    """Enter a party; AlreadyExists when its number in the register is known."""
    duplicate = session.exec(
        select(Organisation.id).where(
            Organisation.identifier_scheme == data.identifier.scheme,
            Organisation.identifier_id == data.identifier.id,
        )
    ).one_or_none()
    if duplicate is not None:
        raise AlreadyExists("An organisation with this identifier exists already.")
    organisation = Organisation(
        roles=sorted(data.roles),
        country=data.country,
        legal_name={str(code): name for code, name in data.legal_name.items()},
        identifier_scheme=data.identifier.scheme,
        identifier_id=data.identifier.id,
        place_code=data.place_code,
        languages=list(data.languages),
        procurement_regime=data.procurement_regime,
    )
    session.add(organisation)
    session.flush()
    _log(session, organisation, "create", actor, {"identifier": data.identifier.id})
    return organisation


def buying_rules(session: Session, org_id: UUID) -> tuple[str, ProcurementRegime]:
    """The country and the regime whose rules the organisation's tenders follow; NotFound."""
    query = select(Organisation.country, Organisation.procurement_regime).where(
        Organisation.id == org_id
    )
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    country, regime = found
    return country, ProcurementRegime(regime or DEFAULT_REGIME)


def get_organisation(session: Session, org_id: UUID) -> Organisation:
    """Any organisation that the caller may see."""
    organisation = session.get(Organisation, org_id)
    if organisation is None:
        raise NotFound
    return organisation


def verify(session: Session, *, actor: str, org_id: UUID, level: int) -> Organisation:
    """Record that the evidence was checked, up to `level` (1-3)."""
    organisation = _locked(session, org_id)
    organisation.verification_level = level
    _move(session, organisation, "verify", actor, {"level": level})
    return organisation


def change_status(
    session: Session, *, actor: str, org_id: UUID, action: str, reason: str
) -> Organisation:
    """Suspend, reinstate or terminate an organisation, with a reason for the audit trail."""
    organisation = _locked(session, org_id)
    _move(session, organisation, action, actor, {"reason": reason})
    return organisation


def set_regime(session: Session, *, actor: str, org_id: UUID, data: RegimeIn) -> Organisation:
    """Say whose rules the tenders that a buyer publishes from now on follow."""
    organisation = _locked(session, org_id)
    before, organisation.procurement_regime = organisation.buys_under, data.procurement_regime
    change = {"before": before, "after": data.procurement_regime, "reason": data.reason}
    _log(session, organisation, "set_regime", actor, change)
    return organisation


def add_member(session: Session, *, org_id: UUID, actor: str, data: MemberIn) -> Member:
    """Add a person to the caller's organisation; AlreadyExists for a known address."""
    known = session.exec(
        select(Member.id).where(Member.org_id == org_id, Member.email == data.email)
    ).one_or_none()
    if known is not None:
        raise AlreadyExists("A member with this e-mail address exists already.")
    member = Member(org_id=org_id, **data.model_dump())
    session.add(member)
    audit.record(
        session,
        f"organisation:{org_id.hex}",
        "add_member",
        actor=actor,
        org_id=org_id,
        change={"member": member.id.hex, "role": data.role},
    )
    return member


def create_client(
    session: Session, *, org_id: UUID, actor: str, data: ClientIn, grantable: Collection[str]
) -> tuple[ApiClient, str]:
    """New credentials and their secret, which is nowhere kept; ScopeNotYours beyond `grantable`."""
    beyond = sorted(set(data.scopes) - set(grantable))
    if beyond:
        raise ScopeNotYours(f"Not yours to grant: {', '.join(beyond)}.")
    if data.expires_at is not None and data.expires_at <= db.now(session):
        raise Conflict("The credentials would have expired already.")
    secret = credentials.new_secret()
    client = ApiClient(
        org_id=org_id, prefix=secret.prefix, secret_hash=secret.hash, **data.model_dump()
    )
    session.add(client)
    _log_client(session, client, "create_client", actor)
    return client, secret.text


def rotate_client(
    session: Session, *, org_id: UUID, actor: str, client_id: UUID, overlap_hours: int
) -> tuple[ApiClient, str]:
    """A successor with the same scopes; the old secret stays valid for the overlap."""
    old = _locked_client(session, org_id, client_id)
    now = db.now(session)
    if old.revoked_at or old.replaced_by or (old.expires_at and old.expires_at <= now):
        raise Conflict("These credentials are no longer valid and cannot be rotated.")
    secret = credentials.new_secret()
    client = ApiClient(
        org_id=org_id,
        kind=old.kind,
        name=old.name,
        prefix=secret.prefix,
        secret_hash=secret.hash,
        scopes=old.scopes,
        expires_at=old.expires_at,
    )
    session.add(client)
    session.flush()
    end = now + timedelta(hours=overlap_hours)
    old.expires_at = min(old.expires_at, end) if old.expires_at else end
    old.replaced_by = client.id
    _log_client(session, client, "rotate_client", actor)
    return client, secret.text


def revoke_client(session: Session, *, org_id: UUID, actor: str, client_id: UUID) -> ApiClient:
    """End credentials at once; repeating it changes nothing."""
    client = _locked_client(session, org_id, client_id)
    if client.revoked_at is None:
        client.revoked_at = db.now(session)
        _log_client(session, client, "revoke_client", actor)
    return client


def is_successor(session: Session, client_id: UUID, *, of: UUID) -> bool:
    """True for the same client, and for one that took its place by rotation, once or more often."""
    earlier: UUID | None = of
    while earlier is not None and earlier != client_id:
        client = session.get(ApiClient, earlier)
        earlier = client.replaced_by if client else None
    return earlier == client_id


def full_scopes(organisation: Organisation) -> list[str]:
    """Every scope that an organisation's first client may have."""
    return scopes_of([OrgRole(role) for role in organisation.roles])


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


def _locked(session: Session, org_id: UUID) -> Organisation:
    query = select(Organisation).where(Organisation.id == org_id).with_for_update()
    organisation = session.exec(query).one_or_none()
    if organisation is None:
        raise NotFound
    return organisation


def _locked_client(session: Session, org_id: UUID, client_id: UUID) -> ApiClient:
    query = select(ApiClient).where(ApiClient.id == client_id, ApiClient.org_id == org_id)
    client = session.exec(query.with_for_update()).one_or_none()
    if client is None:
        raise NotFound
    return client


def _move(
    session: Session,
    organisation: Organisation,
    action: str,
    actor: str,
    change: Mapping[str, object],
) -> None:
    """The one place that writes `organisation.status`."""
    before = organisation.status
    try:
        organisation.status = ORGANISATION.apply(action, before)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    _log(session, organisation, action, actor, {"before": before, **change})


def _log(
    session: Session,
    organisation: Organisation,
    action: str,
    actor: str,
    change: Mapping[str, object],
) -> None:
    organisation.version += action != "create"
    org_id = organisation.id
    stream = f"organisation:{org_id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=dict(change))
    version = organisation.version
    emit(session, "organisation.changed", org_id, org_id=org_id, action=action, version=version)


def _log_client(session: Session, client: ApiClient, action: str, actor: str) -> None:
    audit.record(
        session,
        f"organisation:{client.org_id.hex}",
        action,
        actor=actor,
        org_id=client.org_id,
        change={"client": client.id.hex, "prefix": client.prefix, "scopes": client.scopes},
    )


def list_clients(session: Session, org_id: UUID) -> list[ApiClient]:
    """The organisation's credentials, newest first, revoked ones included."""
    query = select(ApiClient).where(ApiClient.org_id == org_id)
    return list(session.exec(query.order_by(col(ApiClient.id).desc())).all())


def list_members(session: Session, org_id: UUID) -> list[Member]:
    """The organisation's people, in the order in which they joined."""
    query = select(Member).where(Member.org_id == org_id)
    return list(session.exec(query.order_by(col(Member.id))).all())
