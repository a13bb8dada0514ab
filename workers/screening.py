"""Tasks of screening."""

from uuid import UUID

from sqlmodel import Session

from api.core.jobs import Job
from api.screening.service import imports, subjects
from workers.app import batch_task, task


@task("screening.watch_organisation")
def watch_organisation(session: Session, resource_id: str) -> None:
    """A party is new or has another name."""
    subjects.watch_organisation(session, UUID(hex=resource_id))


@task("screening.rescreen")
def rescreen(session: Session, resource_id: str) -> None:
    """The day of a subject has come."""
    subjects.rescreen(session, UUID(hex=resource_id))


@batch_task(imports.RESCREEN)
def rescreen_all(session: Session, job: Job) -> bool:
    """A list has changed: everybody and everything is screened anew."""
    return subjects.rescreen_all(session, job)
