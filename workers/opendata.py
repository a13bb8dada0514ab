"""Tasks of open data."""

from uuid import UUID

from sqlmodel import Session

from api.opendata import service as opendata
from workers.app import task


@task("opendata.publish_tender")
def publish_tender(session: Session, resource_id: str) -> None:
    """Write a tender anew for the public."""
    opendata.publish_tender(session, UUID(hex=resource_id))


@task("opendata.publish_enquiry")
def publish_enquiry(session: Session, resource_id: str) -> None:
    """Write the tender that a question was about anew, with the answer."""
    opendata.publish_enquiry(session, UUID(hex=resource_id))


@task("opendata.publish_cancellation")
def publish_cancellation(session: Session, resource_id: str) -> None:
    """Write the tender that somebody wishes to cancel anew."""
    opendata.publish_cancellation(session, UUID(hex=resource_id))
