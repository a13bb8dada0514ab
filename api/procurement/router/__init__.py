"""The routes of procurement, one file per noun."""

from api.procurement.router import (
    awards,
    bidding,
    bids,
    complaints,
    enquiries,
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
    awards.of_tender,
    awards.router,
    complaints.of_tender,
    complaints.router,
)
