"""Routes of open data."""

from api.opendata.router import analysis, documents, files, ocds, schemas

ROUTERS = (
    documents.router,
    files.router,
    ocds.single,
    ocds.feed,
    schemas.router,
    analysis.public,
    analysis.router,
)

__all__ = ["ROUTERS"]
