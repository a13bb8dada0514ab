"""The routes of procurement, one file per noun."""

from api.procurement.router import (
    bidding,
    bids,
    commissions,
    enquiries,
    evaluations,
    openings,
    tenders,
)

ROUTERS = (
    tenders.router,
    enquiries.of_tender,
    enquiries.router,
    bidding.router,
    bids.router,
    openings.router,
    evaluations.router,
    commissions.router,
)
