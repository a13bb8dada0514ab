"""The routes of procurement, one file per noun."""

from api.procurement.router import tenders

ROUTERS = (tenders.router,)
