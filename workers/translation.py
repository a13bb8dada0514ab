"""Tasks of translation."""

from sqlmodel import Session

from api.core.jobs import Job
from api.translation import service
from workers.app import batch_task


@batch_task(service.TASK)
def translate_products(session: Session, job: Job) -> bool:
    """The next product in the next language."""
    return service.step(session, job)
