"""Every router of payments."""

from api.payments.router import ledger

ROUTERS = (ledger.router,)
