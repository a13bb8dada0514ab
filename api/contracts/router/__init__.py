"""Routes of contracts and of their execution."""

from api.contracts.router import contracts, schedules

ROUTERS = (contracts.of_tender, contracts.router, schedules.router)
