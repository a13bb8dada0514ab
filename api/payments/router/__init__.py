"""Every router of payments."""

from api.payments.router import fees, guarantees, ledger, securities

ROUTERS = (
    ledger.router,
    fees.router,
    fees.tariff_router,
    fees.contract_router,
    guarantees.router,
    securities.of_bid,
    securities.of_contract,
    securities.router,
)
