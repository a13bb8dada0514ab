"""Every router of webhooks."""

from api.webhooks.router import deliveries, endpoints, events

ROUTERS = (
    events.events,
    events.event_types,
    endpoints.router,
    endpoints.signatures,
    deliveries.router,
    deliveries.attempts,
)
