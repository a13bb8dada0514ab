"""Tasks of payments."""

from uuid import UUID

from sqlmodel import Session

from api.core.jobs import Job
from api.payments.service import holds, reconciling
from workers.app import batch_task, task


@task("payments.expire_hold")
def expire_hold(session: Session, resource_id: str) -> None:
    """The time of a hold is over: what nobody posted is free again."""
    holds.expire_due(session, UUID(hex=resource_id))


@batch_task(reconciling.TASK)
def reconcile(session: Session, job: Job) -> bool:
    """Match the next clearing account with what its providers say."""
    return reconciling.step(session, job)
