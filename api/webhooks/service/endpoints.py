"""Endpoints: made, changed, disabled, enabled, deleted. Never commits: the caller owns the transaction."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from api.core import audit, db, outbound, pages
from api.core.errors import FieldError, NotFound
from api.core.outbound import OutboundFailed
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.rules import webhooks as rules
from api.rules.permissions import OrgRole
from api.rules.states import IllegalTransition
from api.rules.webhooks import DELIVERY, ENDPOINT, DisabledReason, EndpointStatus
from api.webhooks import catalogue
from api.webhooks.models import WebhookDelivery, WebhookEndpoint
from api.webhooks.problems import EndpointCoolingDown, EndpointState, UrlNotCalled
from api.webhooks.schemas.endpoints import EndpointIn, EndpointPatch
from api.webhooks.service import secrets


def create(
    session: Session,
    *,
    org_id: UUID,
    actor: str,
    scopes: Collection[str],
    org_roles: Collection[OrgRole],
    data: EndpointIn,
) -> WebhookEndpoint:
    """A new endpoint with its key. Raises UrlNotCalled, or UnknownEventType with those there are."""
    _require_url(data.url)
    visible = catalogue.visible_types(scopes, org_roles)
    catalogue.chosen(data.event_types, visible, pointer="#/event_types")
    endpoint = WebhookEndpoint(**data.model_dump(), org_id=org_id, scopes=sorted(scopes))
    session.add(endpoint)
    session.flush()
    secrets.first(session, endpoint)
    _log(session, endpoint, "create", actor, {"types": endpoint.event_types})
    return endpoint


def get(
    session: Session, *, org_id: UUID, endpoint_id: UUID, locked: bool = False
) -> WebhookEndpoint:
    """An endpoint of the organisation that is not deleted; NotFound for anybody else's."""
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id,
        WebhookEndpoint.org_id == org_id,
        WebhookEndpoint.status != EndpointStatus.DELETED,
    )
    found = session.exec(query.with_for_update() if locked else query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_endpoints(
    session: Session, org_id: UUID, page: PageQuery
) -> tuple[list[WebhookEndpoint], str | None]:
    """The organisation's endpoints, the newest first."""
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.org_id == org_id, WebhookEndpoint.status != EndpointStatus.DELETED
    )
    rows, cursor = pages.newest_first(
        session, query, WebhookEndpoint, page, scope=f"webhook-endpoints:{org_id}", filters={}
    )
    return [*rows], cursor


def change(
    session: Session,
    endpoint: WebhookEndpoint,
    *,
    actor: str,
    scopes: Collection[str],
    org_roles: Collection[OrgRole],
    data: EndpointPatch,
) -> WebhookEndpoint:
    """Change what is given. Who changes the types gives the endpoint the caller's scopes.

    Raises UrlNotCalled or UnknownEventType.
    """
    given = {name: getattr(data, name) for name in data.model_fields_set}
    if (url := given.get("url")) is not None:
        _require_url(url)
    if (event_types := given.get("event_types")) is not None:
        visible = catalogue.visible_types(scopes, org_roles)
        catalogue.chosen(event_types, visible, pointer="#/event_types")
        endpoint.scopes = sorted(scopes)
    for name, value in given.items():
        setattr(endpoint, name, value)
    endpoint.version += 1
    session.add(endpoint)
    _log(session, endpoint, "change", actor, {"fields": sorted(given)})
    return endpoint


def disable(
    session: Session,
    endpoint: WebhookEndpoint,
    *,
    actor: str,
    reason: DisabledReason = DisabledReason.OWNER,
) -> WebhookEndpoint:
    """Send nothing more; what was on its way is cancelled, and can be recovered later.

    Raises EndpointState unless it is enabled.
    """
    now = db.now(session)
    endpoint.recover_since = endpoint.failing_since or now
    endpoint.disabled_at, endpoint.disabled_reason = now, reason
    _move(session, endpoint, "disable", actor, reason=reason.value)
    _cancel_pending(session, endpoint)
    return endpoint


def enable(session: Session, endpoint: WebhookEndpoint, *, actor: str) -> WebhookEndpoint:
    """Send again what happens from now on; `recover_since` says what can be recovered.

    Raises EndpointState unless it is disabled, EndpointCoolingDown too soon after it was disabled
    for its failures.
    """
    if endpoint.disabled_at and endpoint.disabled_reason is not DisabledReason.OWNER:
        left = endpoint.disabled_at + rules.ENABLE_COOLDOWN - db.now(session)
        if (seconds := left.total_seconds()) > 0:
            raise EndpointCoolingDown(headers={"Retry-After": str(int(seconds) + 1)})
    endpoint.disabled_at = endpoint.disabled_reason = None
    endpoint.failures, endpoint.failing_since, endpoint.open_until = 0, None, None
    _move(session, endpoint, "enable", actor)
    return endpoint


def delete(session: Session, endpoint: WebhookEndpoint, *, actor: str) -> None:
    """Forget an endpoint: nothing more is sent, its keys are gone, its log stays until retention."""
    endpoint.disabled_at = endpoint.disabled_reason = None
    _move(session, endpoint, "delete", actor)
    _cancel_pending(session, endpoint)
    secrets.forget_all(session, endpoint.id)


def _move(
    session: Session, endpoint: WebhookEndpoint, action: str, actor: str, **told: Any
) -> None:
    before = endpoint.status
    try:
        endpoint.status = ENDPOINT.apply(action, EndpointStatus(before))
    except IllegalTransition as error:
        raise EndpointState(str(error)) from error
    endpoint.version += 1
    session.add(endpoint)
    _log(session, endpoint, action, actor, {"before": before, "after": endpoint.status, **told})
    # The past participle of each action ends alike: disabled, enabled, deleted.
    emit(session, f"endpoint.{action}d", endpoint.id, org_id=endpoint.org_id, **told)


def _cancel_pending(session: Session, endpoint: WebhookEndpoint) -> None:
    _, cancelled = DELIVERY.actions["cancel"]
    session.connection().execute(
        update(WebhookDelivery)
        .where(col(WebhookDelivery.endpoint_id) == endpoint.id)
        .where(col(WebhookDelivery.status) == rules.DeliveryStatus.PENDING)
        .values(status=cancelled, next_attempt_at=None, lease_until=None)
    )


def _require_url(url: str) -> None:
    try:
        outbound.checked(url)
    except OutboundFailed as error:
        told = FieldError(pointer="#/url", code="url_not_called", detail=str(error))
        raise UrlNotCalled(f"{error}.".capitalize(), errors=[told]) from None


def _log(
    session: Session, endpoint: WebhookEndpoint, action: str, actor: str, change: dict[str, Any]
) -> None:
    audit.record(
        session,
        f"webhook_endpoint:{endpoint.id.hex}",
        action,
        actor=actor,
        org_id=endpoint.org_id,
        change=change,
    )
