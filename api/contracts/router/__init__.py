"""Routes of contracts and of their execution."""

from api.contracts.router import contracts

ROUTERS = (contracts.of_tender, contracts.router)
