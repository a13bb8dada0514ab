"""The routes of procurement, one file per noun."""

from api.procurement.router import enquiries, tenders

ROUTERS = (tenders.router, enquiries.of_tender, enquiries.router)
