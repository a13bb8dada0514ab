"""Routes of payments."""

from api.payments.router import fees

ROUTERS = (fees.router, fees.tariff_router, fees.contract_router)
