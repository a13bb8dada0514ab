"""Routes of delivery."""

from api.delivery.router import landed_costs, terms

ROUTERS = (terms.router, landed_costs.router, landed_costs.of_tender)
