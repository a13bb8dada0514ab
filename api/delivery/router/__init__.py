"""Routes of delivery."""

from api.delivery.router import (
    landed_cost_updates,
    landed_costs,
    receipts,
    scorecards,
    shipments,
    terms,
    timelines,
    tracking_events,
    tracking_sources,
    ubl,
)

ROUTERS = (
    terms.router,
    landed_costs.router,
    landed_costs.of_tender,
    landed_cost_updates.router,
    shipments.router,
    shipments.advices,
    receipts.router,
    timelines.router,
    tracking_events.of_shipment,
    tracking_events.events,
    tracking_events.imports,
    tracking_events.messages,
    tracking_sources.router,
    tracking_sources.webhooks,
    scorecards.router,
    scorecards.said,
    scorecards.numbers,
    scorecards.own_rules,
    ubl.of_contract,
    ubl.of_shipment,
    ubl.advices,
    ubl.of_invoices,
)
