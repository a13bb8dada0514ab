"""The tables of webhooks, one file per noun."""

from api.webhooks.models.endpoints import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
    WebhookSecret,
)
from api.webhooks.models.events import EventCounter, EventEnvelope, EventHorizon

__all__ = [
    "EventCounter",
    "EventEnvelope",
    "EventHorizon",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookMessage",
    "WebhookSecret",
]
