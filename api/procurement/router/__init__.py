"""The routes of procurement, one file per noun."""

from api.procurement.router import (
    auctions,
    awards,
    bidding,
    bids,
    cancellations,
    commissions,
    complaints,
    contents,
    enquiries,
    evaluations,
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
    contents.router,
    evaluations.router,
    commissions.router,
    auctions.of_tender,
    auctions.router,
    plans.router,
    awards.of_tender,
    awards.router,
    complaints.of_tender,
    complaints.router,
)
