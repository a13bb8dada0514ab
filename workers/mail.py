"""The task that sends mail."""

from sqlmodel import Session

from api.core.jobs import Job
from api.identity.service import notices
from workers.app import batch_task


@batch_task(notices.TASK)
def send(session: Session, job: Job) -> bool:
    """Somebody is to be told something."""
    return notices.send(session, job)
