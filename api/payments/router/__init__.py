"""Every router of payments."""

from api.payments.router import fees, ledger

ROUTERS = (ledger.router, fees.router, fees.tariff_router, fees.contract_router)
