"""People are told when their endpoint was disabled without them. Never commits."""

from uuid import UUID

from sqlmodel import Session

from api.core import ids, settings
from api.identity.service import notices
from api.rules.webhooks import DisabledReason, EndpointStatus
from api.webhooks.models import WebhookEndpoint


def announce_disabled(session: Session, endpoint_id: UUID) -> int:
    """Write to those who may enable it again; how many. Nobody is told of what its owner did."""
    endpoint = session.get_one(WebhookEndpoint, endpoint_id)
    if endpoint.status is not EndpointStatus.DISABLED:
        return 0
    if endpoint.disabled_reason in (None, DisabledReason.OWNER):
        return 0
    config = settings.get()
    values = {
        "url": endpoint.url,
        "reason": endpoint.disabled_reason,
        "id": ids.show("endpoint", endpoint.id),
        "base_url": config.base_url,
        "days": config.webhook_content_days,
    }
    return notices.notify(session, endpoint.org_id, "webhooks:write", "endpoint_disabled", values)
