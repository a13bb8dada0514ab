"""Routes of orders, of contracts and of their execution."""

from api.contracts.router import acceptances, contracts, disputes, orders, penalties, schedules

ROUTERS = (
    contracts.of_tender,
    contracts.router,
    schedules.router,
    penalties.router,
    acceptances.router,
    disputes.of_contract,
    disputes.router,
    orders.of_rfq,
    orders.router,
)
