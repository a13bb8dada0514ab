"""Tasks of channels."""

from uuid import UUID

from sqlmodel import Session

from api.channels.service import connections, listings, polling, syncing
from api.core.jobs import Job
from workers.app import batch_task, task


@batch_task(connections.AUTHORISE)
def authorise(session: Session, job: Job) -> bool:
    """A seller has agreed: ask the channel for credentials."""
    return connections.authorise_step(session, job)


@batch_task(listings.SYNC)
def sync(session: Session, job: Job) -> bool:
    """The next piece of work of a connection's listings."""
    return syncing.step_all(session, job)


@batch_task(listings.SYNC_LISTING)
def sync_listing(session: Session, job: Job) -> bool:
    """The next piece of work of one listing."""
    return syncing.step_one(session, job)


@batch_task("channels.poll")
def poll(session: Session, job: Job) -> bool:
    """The next page of orders and inquiries of a connection."""
    return polling.step(session, job)


@task("channels.follow_offer")
def follow_offer(session: Session, resource_id: str) -> None:
    """An offer has changed: what is shown of it elsewhere changes too."""
    listings.follow_offer(session, UUID(hex=resource_id))


@task("channels.follow_permission")
def follow_permission(session: Session, resource_id: str) -> None:
    """A permission has come or is gone: what hangs on it is shown, or not any more."""
    listings.follow_permission(session, UUID(hex=resource_id))


@task("channels.follow_connection")
def follow_connection(session: Session, resource_id: str) -> None:
    """A channel lets us act for a seller: what had to wait goes on."""
    listings.follow_connection(session, UUID(hex=resource_id))
