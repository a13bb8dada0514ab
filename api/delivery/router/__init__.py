"""Routes of delivery."""

from api.delivery.router import receipts, shipments

ROUTERS = (shipments.router, shipments.advices, receipts.router)
