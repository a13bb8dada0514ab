"""Endpoints of everybody that their operator should know of: disabled, failing, or behind.

How far behind an endpoint is, is the age of its oldest delivery that has not been taken: of one
with `ordering: fifo`, it counts what waits for the one before it, too.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import Session, col, select

from api.core import db, pages
from api.core.metrics import Figure
from api.core.pages import PageQuery
from api.rules.webhooks import DeliveryStatus, DisabledReason, EndpointStatus, Ordering
from api.webhooks.models import WebhookDelivery, WebhookEndpoint


class EndpointTrouble(StrEnum):
    """`disabled` by the service and not by its owner; `failing`: the last attempt came to nothing;
    `fifo_behind`: deliveries in order of an enabled endpoint wait."""

    DISABLED = "disabled"
    FAILING = "failing"
    FIFO_BEHIND = "fifo_behind"


FIGURES = (
    Figure(
        "kerben_webhook_fifo_lag_seconds",
        "Age of the oldest delivery that waits at an endpoint with ordering fifo",
        """
        SELECT extract(epoch FROM now() - min(d.created_at))::float8
        FROM webhook_endpoint e JOIN webhook_delivery d ON d.endpoint_id = e.id
        WHERE e.ordering = 'fifo' AND e.status = 'enabled' AND d.status = 'pending'
        """,
    ),
    Figure(
        "kerben_webhook_endpoints_disabled",
        "Endpoints that were disabled without their owner",
        "SELECT count(*) FROM webhook_endpoint"
        " WHERE status = 'disabled' AND disabled_reason <> 'owner'",
    ),
)
_IS: Mapping[EndpointTrouble, ColumnElement[bool]] = {
    EndpointTrouble.DISABLED: and_(
        col(WebhookEndpoint.status) == EndpointStatus.DISABLED,
        col(WebhookEndpoint.disabled_reason) != DisabledReason.OWNER,
    ),
    EndpointTrouble.FAILING: and_(
        col(WebhookEndpoint.status) == EndpointStatus.ENABLED, col(WebhookEndpoint.failures) > 0
    ),
    EndpointTrouble.FIFO_BEHIND: and_(
        col(WebhookEndpoint.status) == EndpointStatus.ENABLED,
        col(WebhookEndpoint.ordering) == Ordering.FIFO,
        select(WebhookDelivery.id)
        .where(
            WebhookDelivery.endpoint_id == WebhookEndpoint.id,
            WebhookDelivery.status == DeliveryStatus.PENDING,
        )
        .exists(),
    ),
}


def list_troubled(
    session: Session, page: PageQuery, *, trouble: EndpointTrouble
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """Endpoints of everybody in such trouble, the newest first, with what waits at each.

    The query of an address may hold what only its owner should know, and is left out.
    """
    query = select(WebhookEndpoint).where(_IS[trouble])
    scope, filters = "operations:endpoints", {"trouble": trouble}
    if page.cursor:
        (last,) = pages.unseal(scope, filters, page.cursor)
        query = query.where(col(WebhookEndpoint.id) < UUID(last))
    found = session.exec(query.order_by(col(WebhookEndpoint.id).desc()).limit(page.limit + 1)).all()
    rows, more = found[: page.limit], len(found) > page.limit
    waiting = _waiting(session, [row.id for row in rows])
    told = [
        {
            **row.model_dump(),
            "url": row.url.partition("?")[0],
            **waiting.get(row.id, {"waiting": 0, "lag_seconds": 0.0}),
        }
        for row in rows
    ]
    return told, pages.seal(scope, filters, [rows[-1].id]) if more else None


def _waiting(session: Session, endpoint_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    oldest = func.min(WebhookDelivery.created_at)
    query = (
        select(WebhookDelivery.endpoint_id, func.count(), oldest)
        .where(col(WebhookDelivery.endpoint_id).in_(endpoint_ids))
        .where(WebhookDelivery.status == DeliveryStatus.PENDING)
        .group_by(col(WebhookDelivery.endpoint_id))
    )
    now = db.now(session)
    return {
        endpoint_id: {"waiting": count, "lag_seconds": max(0.0, (now - since).total_seconds())}
        for endpoint_id, count, since in session.exec(query)
    }
