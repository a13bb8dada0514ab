"""Keys that sign for an endpoint: encrypted at rest, rotated with a time of grace."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import delete, or_
from sqlmodel import Session, col, select

from api.core import audit, db, encryption, standard_webhooks
from api.core.outbox import emit
from api.rules.webhooks import SignatureScheme
from api.webhooks.models import WebhookEndpoint, WebhookSecret

log = structlog.get_logger(__name__)
MAX_FORMER = 10
"""Old keys that still sign; with more, the oldest end at once."""


def first(session: Session, endpoint: WebhookEndpoint) -> None:
    """Make the key of a new endpoint."""
    _add(session, endpoint)


def rotate(
    session: Session, endpoint: WebhookEndpoint, *, actor: str, grace: timedelta
) -> WebhookSecret:
    """A new key at once; those before sign beside it for `grace` (zero: no longer)."""
    now = db.now(session)
    forget_expired(session, now, endpoint.id)
    keys = _all(session, endpoint.id)
    for key in keys:
        ends = now + grace
        key.expires_at = ends if key.expires_at is None else min(key.expires_at, ends)
    session.flush()
    fresh = _add(session, endpoint)
    former = sorted(keys, key=lambda key: key.id, reverse=True)
    for key in former if not grace else former[MAX_FORMER:]:
        session.delete(key)
    seconds = int(grace.total_seconds())
    audit.record(
        session,
        f"webhook_endpoint:{endpoint.id.hex}",
        "rotate_secret",
        actor=actor,
        org_id=endpoint.org_id,
        change={"grace_seconds": seconds},
    )
    emit(
        session,
        "endpoint.secret_rotated",
        endpoint.id,
        org_id=endpoint.org_id,
        grace_seconds=seconds,
    )
    return fresh


def current(session: Session, endpoint_id: UUID) -> WebhookSecret:
    """The newest key of an endpoint."""
    query = select(WebhookSecret).where(
        WebhookSecret.endpoint_id == endpoint_id, col(WebhookSecret.expires_at).is_(None)
    )
    return session.exec(query).one()


def revealed(secret: WebhookSecret) -> str:
    """The key as its owner sees it. Raises Undecipherable."""
    return encryption.decrypt(secret.encrypted, context=secret.id.bytes).decode()


def signing_keys(
    session: Session, endpoint_ids: Collection[UUID], now: datetime
) -> dict[UUID, list[str]]:
    """The keys that sign now, by endpoint, the newest first; one that cannot be read is left out."""
    query = select(WebhookSecret).where(
        col(WebhookSecret.endpoint_id).in_(endpoint_ids),
        or_(col(WebhookSecret.expires_at).is_(None), col(WebhookSecret.expires_at) > now),
    )
    found: dict[UUID, list[str]] = {}
    for secret in session.exec(query.order_by(col(WebhookSecret.id).desc())):
        try:
            key = revealed(secret)
        except encryption.Undecipherable as error:
            log.error("webhook secret unusable", endpoint=secret.endpoint_id.hex, error=str(error))
            continue
        found.setdefault(secret.endpoint_id, []).append(key)
    return found


def forget_expired(session: Session, now: datetime, endpoint_id: UUID | None = None) -> None:
    """Delete keys whose grace is over: of one endpoint, or of all."""
    expired = delete(WebhookSecret).where(col(WebhookSecret.expires_at) <= now)
    if endpoint_id is not None:
        expired = expired.where(col(WebhookSecret.endpoint_id) == endpoint_id)
    session.connection().execute(expired)


def forget_all(session: Session, endpoint_id: UUID) -> None:
    """Delete every key of an endpoint."""
    session.connection().execute(
        delete(WebhookSecret).where(col(WebhookSecret.endpoint_id) == endpoint_id)
    )


def _all(session: Session, endpoint_id: UUID) -> list[WebhookSecret]:
    query = select(WebhookSecret).where(WebhookSecret.endpoint_id == endpoint_id)
    return [*session.exec(query.with_for_update())]


def _add(session: Session, endpoint: WebhookEndpoint) -> WebhookSecret:
    key = standard_webhooks.new_key(SignatureScheme(endpoint.scheme))
    secret = WebhookSecret(
        endpoint_id=endpoint.id,
        org_id=endpoint.org_id,
        scheme=key.scheme,
        encrypted="",
        public_key=key.public_key,
    )
    secret.encrypted = encryption.encrypt(key.secret.encode(), context=secret.id.bytes)
    session.add(secret)
    session.flush()
    return secret
