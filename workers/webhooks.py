"""Tasks of events and webhooks; deliveries themselves are the dispatcher's (workers/dispatcher.py)."""

from uuid import UUID

from sqlmodel import Session

from api.core import settings
from api.core.jobs import Job
from api.webhooks import feed
from api.webhooks.service import notices, replaying, retention
from workers.app import batch_task, task


@batch_task(replaying.TASK)
def replay(session: Session, job: Job) -> bool:
    """Plan the next deliveries of a recovery or replay."""
    return replaying.step(session, job)


@task("webhooks.keep_retention")
def keep_retention(session: Session, resource_id: str) -> None:
    """Delete content and log that are older than their days."""
    retention.keep(session)


@task("webhooks.announce_disabled")
def announce_disabled(session: Session, resource_id: str) -> None:
    """An endpoint was disabled: unless its owner did it, people are told by mail."""
    notices.announce_disabled(session, UUID(hex=resource_id))


@batch_task("webhooks.prune_events")
def prune_events(session: Session, job: Job) -> bool:
    """Delete events that are older than they are kept, a batch at a time."""
    return not feed.prune(session, days=settings.get().events_keep_days)
