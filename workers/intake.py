"""Tasks of the intake."""

from sqlmodel import Session

from api.core.jobs import Job
from api.intake import service as intake
from workers.app import batch_task


@batch_task(intake.TASK)
def work_message(session: Session, job: Job) -> bool:
    """Work what a source has sent, by its provider."""
    return intake.work(session, job)
