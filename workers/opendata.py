"""Tasks of open data."""

from uuid import UUID

from sqlmodel import Session

from api.opendata import service as opendata
from workers.app import task


@task("opendata.publish_tender")
def publish_tender(session: Session, resource_id: str) -> None:
    """Write a tender anew for the public."""
    opendata.publish_tender(session, UUID(hex=resource_id))


@task("opendata.publish_bidding")
def publish_bidding(session: Session, resource_id: str) -> None:
    """Write anew for the public how bids are kept, and what was opened."""
    opendata.publish_bidding(session, UUID(hex=resource_id))
