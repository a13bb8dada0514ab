"""Tasks of webhooks; deliveries themselves are the dispatcher's (workers/dispatcher.py)."""

from sqlmodel import Session

from api.core.jobs import Job
from api.webhooks.service import replaying, retention
from workers.app import batch_task, task


@batch_task(replaying.TASK)
def replay(session: Session, job: Job) -> bool:
    """Plan the next deliveries of a recovery or replay."""
    return replaying.step(session, job)


@task("webhooks.keep_retention")
def keep_retention(session: Session, resource_id: str) -> None:
    """Delete content and log that are older than their days."""
    retention.keep(session)
