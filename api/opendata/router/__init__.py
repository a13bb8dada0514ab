"""Routes of open data."""

from api.opendata.router import analysis, documents, ocds, schemas

ROUTERS = (
    documents.router,
    ocds.single,
    ocds.feed,
    schemas.router,
    analysis.public,
    analysis.router,
)

__all__ = ["ROUTERS"]
