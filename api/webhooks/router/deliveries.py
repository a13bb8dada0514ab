"""Routes of deliveries and of the attempts at them."""

from typing import Annotated, Any

from fastapi import Query

from api.core.http import PageDep, documented
from api.core.inputs import IsoInstant
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.rules.outbound import AttemptError
from api.rules.webhooks import DeliveryStatus
from api.webhooks.problems import ContentGone, DeliveryState, EndpointState
from api.webhooks.schemas.endpoints import AttemptOut, DeliveryId, DeliveryOut, EndpointId
from api.webhooks.service import deliveries
from api.webhooks.service.deliveries import Shown

router = access.router("/webhook-deliveries", "webhooks")
attempts = access.router("/webhook-attempts", "webhooks")
Read = Annotated[Context, require("webhooks:read")]
Write = Annotated[Context, require("webhooks:write")]
WithContent = Annotated[bool, Query(description="Show what was sent, or answered, too")]
EventTypeQuery = Annotated[str | None, Query(max_length=100)]


@router.get("", response_model=Page[DeliveryOut])
def list_deliveries(
    ctx: Read,
    page: PageDep,
    endpoint_id: EndpointId | None = None,
    status: DeliveryStatus | None = None,
    event_type: EventTypeQuery = None,
    with_content: WithContent = False,
) -> Page[Any]:
    """What is on its way to your endpoints, and what became of the rest."""
    rows, cursor = deliveries.list_deliveries(
        ctx.session,
        ctx.org_id,
        page,
        endpoint_id=endpoint_id,
        status=status,
        event_type=event_type,
    )
    items = [_shown(row, with_content) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/{delivery_id}", response_model=DeliveryOut)
def get_delivery(
    delivery_id: DeliveryId, ctx: Read, with_content: WithContent = False
) -> dict[str, Any]:
    """One delivery."""
    found = deliveries.get(ctx.session, org_id=ctx.org_id, delivery_id=delivery_id)
    return _shown(found, with_content)


@router.post(
    "/{delivery_id}/resend",
    status_code=202,
    response_model=DeliveryOut,
    responses=documented(ContentGone, EndpointState),
)
def resend_delivery(delivery_id: DeliveryId, ctx: Write) -> dict[str, Any]:
    """Attempt once more, now, with the same `webhook-id`."""
    return _shown(
        deliveries.resend(ctx.session, org_id=ctx.org_id, actor=ctx.actor, delivery_id=delivery_id)
    )


@router.post(
    "/{delivery_id}/cancel", response_model=DeliveryOut, responses=documented(DeliveryState)
)
def cancel_delivery(delivery_id: DeliveryId, ctx: Write) -> dict[str, Any]:
    """Attempt no more. In a FIFO endpoint, what waits behind it goes on."""
    return _shown(
        deliveries.cancel(ctx.session, org_id=ctx.org_id, actor=ctx.actor, delivery_id=delivery_id)
    )


@router.post("/{delivery_id}/expunge", response_model=DeliveryOut)
def expunge_delivery(delivery_id: DeliveryId, ctx: Write) -> dict[str, Any]:
    """Delete for good what the message said, at all your endpoints, and what was answered."""
    return _shown(
        deliveries.expunge(ctx.session, org_id=ctx.org_id, actor=ctx.actor, delivery_id=delivery_id)
    )


@attempts.get("", response_model=Page[AttemptOut])
def list_attempts(
    ctx: Read,
    page: PageDep,
    endpoint_id: EndpointId | None = None,
    delivery_id: DeliveryId | None = None,
    event_type: EventTypeQuery = None,
    succeeded: bool | None = None,
    status_code: Annotated[int | None, Query(ge=100, le=599)] = None,
    error: AttemptError | None = None,
    since: IsoInstant | None = None,
    until: IsoInstant | None = None,
    with_content: WithContent = False,
) -> Page[Any]:
    """The log: each request to your endpoints, and what came back."""
    rows, cursor = deliveries.list_attempts(
        ctx.session,
        ctx.org_id,
        page,
        endpoint_id=endpoint_id,
        delivery_id=delivery_id,
        event_type=event_type,
        succeeded=succeeded,
        status_code=status_code,
        error=error,
        since=since,
        until=until,
    )
    left_out = set() if with_content else {"response"}
    items = [row.model_dump(exclude=left_out) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


def _shown(found: Shown, with_content: bool = False) -> dict[str, Any]:
    delivery, message = found
    told = deliveries.content(message) if with_content else None
    return {**delivery.model_dump(), "webhook_id": message.webhook_id, "content": told}
