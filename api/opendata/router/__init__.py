"""Routes of open data."""

from api.opendata.router import analysis, documents, ocds

ROUTERS = (documents.router, ocds.single, ocds.feed, analysis.public, analysis.router)

__all__ = ["ROUTERS"]
