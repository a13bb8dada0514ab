"""Every router of webhooks."""

from api.webhooks.router import deliveries, endpoints

ROUTERS = (endpoints.router, deliveries.router, deliveries.attempts)
