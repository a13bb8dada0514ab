"""Routes of sourcing."""

from api.sourcing.router import matches, quotes, rfqs

ROUTERS = (rfqs.router, quotes.of_rfq, quotes.router, matches.of_rfq, matches.router)
"""Routes of requests for quotation, quotes, their comparison, and the offers that answer."""
