"""Content and log of webhooks are kept for so many days: a daily deadline that arms itself again."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, text, update
from sqlmodel import Session, col, select

from api.core import db, deadlines, settings
from api.rules.webhooks import DeliveryStatus
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookMessage
from api.webhooks.service import secrets

DUE = "webhook.retention_due"
EVERY = timedelta(days=1)
_WHOLE = UUID(int=0)
"""The deadline is of no resource, but of all endpoints together."""
_UNUSED = text("""
    DELETE FROM webhook_message m WHERE m.created_at < :before
      AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.message_id = m.id)
""")


def ensure_armed(session: Session) -> None:
    """See to it that there is a next time, if there is none yet."""
    deadlines.ensure(session, DUE, _WHOLE, db.now(session) + EVERY)


def keep(session: Session) -> None:
    """Delete what is older than its days, and what is under way never; do so again tomorrow."""
    now, config = db.now(session), settings.get()
    run = session.connection().execute
    content = now - timedelta(days=config.webhook_content_days)
    run(
        update(WebhookMessage)
        .where(
            col(WebhookMessage.created_at) < content,
            col(WebhookMessage.body).is_not(None),
            col(WebhookMessage.id).not_in(
                select(WebhookDelivery.message_id).where(
                    WebhookDelivery.status == DeliveryStatus.PENDING
                )
            ),
        )
        .values(body=None)
    )
    run(
        update(WebhookAttempt)
        .where(col(WebhookAttempt.created_at) < content, col(WebhookAttempt.response).is_not(None))
        .values(response=None)
    )
    before = now - timedelta(days=config.webhook_log_days)
    run(
        delete(WebhookDelivery).where(
            col(WebhookDelivery.created_at) < before,
            col(WebhookDelivery.status) != DeliveryStatus.PENDING,
        )
    )
    run(_UNUSED, {"before": before})
    secrets.forget_expired(session, now)
    deadlines.arm(session, DUE, _WHOLE, now + EVERY, org_id=None)
