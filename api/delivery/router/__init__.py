"""Routes of delivery."""

from api.delivery.router import timelines, tracking_events, tracking_sources

ROUTERS = (
    timelines.router,
    tracking_events.of_shipment,
    tracking_events.events,
    tracking_events.imports,
    tracking_events.messages,
    tracking_sources.router,
    tracking_sources.webhooks,
)
