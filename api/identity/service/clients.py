"""Credentials of programs. Never commits: the caller owns the transaction."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.errors import Conflict, Forbidden, NotFound
from api.identity import credentials
from api.identity.models import ApiClient
from api.identity.schemas import ClientIn
from api.identity.service.callers import Caller


class ScopeNotYours(Forbidden):
    """Credentials cannot be given scopes that their maker or the organisation does not have."""

    code, title = "scope_not_yours", "You cannot grant scopes that you do not have"


def create_client(
    session: Session, *, org_id: UUID, actor: str, data: ClientIn, grantable: Collection[str]
) -> tuple[ApiClient, str]:
    """New credentials and their secret, which is nowhere kept (of a client with `jwks`, of no use).

    Raises ScopeNotYours beyond `grantable`, Conflict when they would have expired already.
    """
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


def set_keys(
    session: Session, *, org_id: UUID, actor: str, client_id: UUID, jwks: dict[str, Any]
) -> ApiClient:
    """Other public keys for a client that proves itself by them; Conflict for any other."""
    client = _locked_client(session, org_id, client_id)
    if client.jwks is None or client.revoked_at is not None:
        raise Conflict("The client does not prove itself by keys, or has been revoked.")
    client.jwks = jwks
    _log_client(session, client, "set_client_keys", actor)
    return client


def rotate_client(
    session: Session, *, org_id: UUID, actor: str, client_id: UUID, overlap_hours: int
) -> tuple[ApiClient, str]:
    """A successor with the same scopes; the old secret stays valid for the overlap."""
    old = _locked_client(session, org_id, client_id)
    now = db.now(session)
    if old.jwks:
        raise Conflict("This client proves itself by keys: set other keys.")
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
        allowed_cidrs=old.allowed_cidrs,
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


def list_clients(session: Session, org_id: UUID) -> list[ApiClient]:
    """The organisation's credentials, newest first, revoked ones included."""
    query = select(ApiClient).where(ApiClient.org_id == org_id)
    return list(session.exec(query.order_by(col(ApiClient.id).desc())).all())


def acts_as(
    session: Session, caller: Caller, *, client_id: UUID | None, member_id: UUID | None
) -> bool:
    """True when the caller is this member, or this client or one that took its place."""
    if member_id is not None:
        return caller.member_id == member_id
    if caller.client_id is None or client_id is None:
        return False
    return is_successor(session, caller.client_id, of=client_id)


def _locked_client(session: Session, org_id: UUID, client_id: UUID) -> ApiClient:
    query = select(ApiClient).where(ApiClient.id == client_id, ApiClient.org_id == org_id)
    client = session.exec(query.with_for_update()).one_or_none()
    if client is None:
        raise NotFound
    return client


def _log_client(session: Session, client: ApiClient, action: str, actor: str) -> None:
    audit.record(
        session,
        f"organisation:{client.org_id.hex}",
        action,
        actor=actor,
        org_id=client.org_id,
        change={
            "client": client.id.hex,
            "prefix": client.prefix,
            "scopes": client.scopes,
            "allowed_cidrs": client.allowed_cidrs,
            "keys": [key["kid"] for key in (client.jwks or {}).get("keys", ())],
        },
    )
