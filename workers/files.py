"""Tasks of files."""

from uuid import UUID

from sqlmodel import Session

from api.core.files import service as files
from api.core.jobs import Job
from workers.app import batch_task, task


@batch_task("files.scan")
def scan(session: Session, job: Job) -> bool:
    """A file has come: clamd looks through it."""
    return files.scan(session, UUID(hex=job.args["resource_id"]))


@task("files.sweep")
def sweep(session: Session, resource_id: str) -> None:
    """The store may have bytes that no row names."""
    files.sweep(session)
