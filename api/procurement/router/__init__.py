"""The routes of procurement, one file per noun."""

from api.procurement.router import (
    bidding,
    bids,
    commissions,
    evaluations,
    openings,
    tenders,
)

ROUTERS = (
    tenders.router,
    bidding.router,
    bids.router,
    openings.router,
    evaluations.router,
    commissions.router,
)
