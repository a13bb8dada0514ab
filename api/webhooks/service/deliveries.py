"""Deliveries and attempts: listed, sent again, cancelled, tried out, expunged. Never commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import update
from sqlmodel import Session, col, select

from api.core import audit, db, pages
from api.core.errors import NotFound, refused
from api.core.pages import PageQuery
from api.rules.outbound import AttemptError
from api.rules.states import IllegalTransition
from api.rules.webhooks import DELIVERY, DeliveryStatus, EndpointStatus
from api.webhooks import catalogue, envelopes
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from api.webhooks.problems import ContentGone, DeliveryState, EndpointState

type Shown = tuple[WebhookDelivery, WebhookMessage]


def list_deliveries(
    session: Session,
    org_id: UUID,
    page: PageQuery,
    *,
    endpoint_id: UUID | None,
    status: DeliveryStatus | None,
    event_type: str | None,
) -> tuple[list[Shown], str | None]:
    """The organisation's deliveries with their messages, the newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.org_id == org_id)
    if endpoint_id is not None:
        query = query.where(WebhookDelivery.endpoint_id == endpoint_id)
    if status is not None:
        query = query.where(WebhookDelivery.status == status)
    if event_type is not None:
        query = query.where(WebhookDelivery.event_type == event_type)
    filters = {"endpoint": endpoint_id, "status": status, "type": event_type}
    rows, cursor = pages.newest_first(
        session,
        query,
        WebhookDelivery,
        page,
        scope=f"webhook-deliveries:{org_id}",
        filters=filters,
    )
    wanted = [row.message_id for row in rows]
    found = session.exec(select(WebhookMessage).where(col(WebhookMessage.id).in_(wanted)))
    messages = {message.id: message for message in found}
    return [(row, messages[row.message_id]) for row in rows], cursor


def get(session: Session, *, org_id: UUID, delivery_id: UUID, locked: bool = False) -> Shown:
    """A delivery of the organisation and its message; NotFound for anybody else's."""
    query = select(WebhookDelivery).where(
        WebhookDelivery.id == delivery_id, WebhookDelivery.org_id == org_id
    )
    found = session.exec(query.with_for_update() if locked else query).one_or_none()
    if found is None:
        raise NotFound
    return found, session.exec(
        select(WebhookMessage).where(WebhookMessage.id == found.message_id)
    ).one()


def list_attempts(
    session: Session,
    org_id: UUID,
    page: PageQuery,
    *,
    endpoint_id: UUID | None,
    delivery_id: UUID | None,
    event_type: str | None,
    succeeded: bool | None,
    status_code: int | None,
    error: AttemptError | None,
    since: datetime | None,
    until: datetime | None,
) -> tuple[Sequence[WebhookAttempt], str | None]:
    """The log of attempts, the newest first; `until` is not included."""
    table = WebhookAttempt
    equal = {
        "endpoint_id": endpoint_id,
        "delivery_id": delivery_id,
        "event_type": event_type,
        "status_code": status_code,
        "error": error,
    }
    query = select(table).where(table.org_id == org_id)
    for name, value in equal.items():
        if value is not None:
            query = query.where(getattr(table, name) == value)
    if succeeded is not None:
        query = query.where(col(table.error).is_(None) == succeeded)
    if since is not None:
        query = query.where(table.started_at >= since)
    if until is not None:
        query = query.where(table.started_at < until)
    filters = {**equal, "succeeded": succeeded, "since": since, "until": until}
    return pages.newest_first(
        session, query, WebhookAttempt, page, scope=f"webhook-attempts:{org_id}", filters=filters
    )


def content(message: WebhookMessage) -> dict[str, Any] | None:
    """What is or was sent, while it is kept."""
    return None if message.body is None else dict(from_json(message.body))


def resend(session: Session, *, org_id: UUID, actor: str, delivery_id: UUID) -> Shown:
    """Attempt once more, at once, with the same webhook-id; a failure is not tried again by itself.

    Raises ContentGone, or EndpointState while the endpoint is not enabled.
    """
    delivery, message = get(session, org_id=org_id, delivery_id=delivery_id, locked=True)
    if message.body is None:
        raise ContentGone
    endpoint = session.get(WebhookEndpoint, delivery.endpoint_id)
    if endpoint is None or endpoint.status is not EndpointStatus.ENABLED:
        raise EndpointState("The endpoint is not enabled.")
    # One that is still to be retried keeps its retries.
    delivery.single = delivery.status is not DeliveryStatus.PENDING
    _move(delivery, "resend", db.now(session))
    session.add(delivery)
    _log(session, delivery, "resend", actor)
    return delivery, message


def cancel(session: Session, *, org_id: UUID, actor: str, delivery_id: UUID) -> Shown:
    """Attempt no more; in a FIFO endpoint, what waits behind it goes on. Raises DeliveryState."""
    delivery, message = get(session, org_id=org_id, delivery_id=delivery_id, locked=True)
    _move(delivery, "cancel", None)
    session.add(delivery)
    _log(session, delivery, "cancel", actor)
    return delivery, message


def test(session: Session, endpoint: WebhookEndpoint, *, type: str) -> Shown:
    """Send the example of a type, marked `test: true`. Raises Invalid for a type there is not.

    It is attempted once, and is in no figures.
    """
    kind = catalogue.TYPES.get(type)
    if kind is None:
        raise refused("#/type", "unknown_event_type", f"{type} is not an event type.")
    if endpoint.status is not EndpointStatus.ENABLED:
        raise EndpointState("The endpoint is not enabled.")
    body = envelopes.test_body(kind)
    message = WebhookMessage(
        org_id=endpoint.org_id, webhook_id=str(from_json(body)["id"]), event_type=type, body=body
    )
    delivery = WebhookDelivery(
        org_id=endpoint.org_id,
        endpoint_id=endpoint.id,
        message_id=message.id,
        event_type=type,
        next_attempt_at=db.now(session),
        single=True,
        test=True,
    )
    session.add(message)
    session.flush()
    session.add(delivery)
    return delivery, message


def expunge(session: Session, *, org_id: UUID, actor: str, delivery_id: UUID) -> Shown:
    """Delete the content of a delivery's message, and what was answered to it, for good.

    All deliveries of the message that are still to be attempted are cancelled.
    """
    delivery, message = get(session, org_id=org_id, delivery_id=delivery_id, locked=True)
    message.body, message.expunged_at = None, db.now(session)
    session.add(message)
    siblings = select(WebhookDelivery).where(WebhookDelivery.message_id == message.id)
    for each in session.exec(siblings.with_for_update()):
        if each.status is DeliveryStatus.PENDING:
            _move(each, "cancel", None)
            session.add(each)
    attempted = select(WebhookDelivery.id).where(WebhookDelivery.message_id == message.id)
    session.connection().execute(
        update(WebhookAttempt)
        .where(col(WebhookAttempt.delivery_id).in_(attempted))
        .values(response=None)
    )
    _log(session, delivery, "expunge", actor)
    return delivery, message


def _move(delivery: WebhookDelivery, action: str, next_attempt_at: datetime | None) -> None:
    try:
        delivery.status = DELIVERY.apply(action, DeliveryStatus(delivery.status))
    except IllegalTransition as error:
        raise DeliveryState(str(error)) from error
    delivery.next_attempt_at = next_attempt_at


def _log(session: Session, delivery: WebhookDelivery, action: str, actor: str) -> None:
    audit.record(
        session,
        f"webhook_endpoint:{delivery.endpoint_id.hex}",
        f"{action}_delivery",
        actor=actor,
        org_id=delivery.org_id,
        change={"delivery": delivery.id.hex},
    )
