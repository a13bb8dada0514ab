"""The routes of procurement, one file per noun."""

from api.procurement.router import bidding, bids, contents, openings, tenders

ROUTERS = (tenders.router, bidding.router, bids.router, openings.router, contents.router)
