"""The routes of procurement, one file per noun."""

from api.procurement.router import auctions, bidding, bids, openings, tenders

ROUTERS = (
    tenders.router,
    bidding.router,
    bids.router,
    openings.router,
    auctions.of_tender,
    auctions.router,
)
