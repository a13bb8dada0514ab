"""The routes of procurement, one file per noun."""

from api.procurement.router import auctions, tenders

ROUTERS = (tenders.router, auctions.of_tender, auctions.router)
