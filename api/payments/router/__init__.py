"""Routers of payments."""

from api.payments.router import guarantees, securities

ROUTERS = (guarantees.router, securities.of_bid, securities.of_contract, securities.router)
