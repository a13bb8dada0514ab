"""The routes of procurement, one file per noun."""

from api.procurement.router import awards, complaints, enquiries, tenders

ROUTERS = (
    tenders.router,
    enquiries.of_tender,
    enquiries.router,
    awards.of_tender,
    awards.router,
    complaints.of_tender,
    complaints.router,
)
