"""The routes of procurement, one file per noun."""

from api.procurement.router import (
    awards,
    bidding,
    bids,
    cancellations,
    complaints,
    documents,
    enquiries,
    openings,
    plans,
    tenders,
)

ROUTERS = (
    tenders.router,
    cancellations.of_tender,
    cancellations.router,
    enquiries.of_tender,
    enquiries.router,
    bidding.router,
    bids.router,
    openings.router,
    plans.router,
    documents.of_tender,
    documents.router,
    awards.of_tender,
    awards.router,
    complaints.of_tender,
    complaints.router,
)
