"""Tasks of open data."""

from uuid import UUID

from sqlmodel import Session

from api.core.jobs import Job
from api.opendata import bulk, indicators
from api.opendata import service as opendata
from workers.app import batch_task, task


@task("opendata.publish_tender")
def publish_tender(session: Session, resource_id: str) -> None:
    """Write a tender anew for the public."""
    opendata.publish_tender(session, UUID(hex=resource_id))


@task("opendata.publish_bidding")
def publish_bidding(session: Session, resource_id: str) -> None:
    """Write anew for the public how bids are kept, and what was opened."""
    opendata.publish_bidding(session, UUID(hex=resource_id))


@task("opendata.publish_decided")
def publish_decided(session: Session, resource_id: str) -> None:
    """A lot was decided: from now on everybody reads the commission's declarations and minutes."""
    opendata.publish_decided(session, UUID(hex=resource_id))


@task("opendata.publish_minutes")
def publish_minutes(session: Session, resource_id: str) -> None:
    """Minutes were recorded or approved."""
    opendata.publish_minutes(session, UUID(hex=resource_id))


@task("opendata.publish_enquiry")
def publish_enquiry(session: Session, resource_id: str) -> None:
    """Write the tender that a question was about anew, with the answer."""
    opendata.publish_enquiry(session, UUID(hex=resource_id))


@task("opendata.publish_cancellation")
def publish_cancellation(session: Session, resource_id: str) -> None:
    """Write the tender that somebody wishes to cancel anew."""
    opendata.publish_cancellation(session, UUID(hex=resource_id))


@task("opendata.refresh_indicators")
def refresh_indicators(session: Session, resource_id: str) -> None:
    """Ask every red-flag indicator anew."""
    indicators.refresh(session)


@batch_task("opendata.export_year")
def export_year(session: Session, job: Job) -> bool:
    """Make the tables of a year; first say how many processes there are."""
    year = job.args["year"]
    if job.progress_total is None:
        job.progress_total = bulk.count(session, year)
        return False
    made = bulk.export_year(session, year, lambda *_: None)
    job.progress_done = job.progress_total = made.processes
    job.result = {"processes": made.processes, "paths": [*made.paths]}
    return True


@task("opendata.publish_evaluation")
def publish_evaluation(session: Session, resource_id: str) -> None:
    """Let everybody read the completed evaluation of a lot."""
    opendata.publish_evaluation(session, UUID(hex=resource_id))
