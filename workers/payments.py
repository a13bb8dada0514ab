"""Tasks of payments."""

from uuid import UUID

from sqlmodel import Session

from api.core import jobs
from api.core.jobs import Job
from api.payments.models import PayeeAccount
from api.payments.service import holds, orders, reconciling, sending, tariffs
from workers.app import batch_task, task


@task("payments.expire_hold")
def expire_hold(session: Session, resource_id: str) -> None:
    """The time of a hold is over: what nobody posted is free again."""
    holds.expire_due(session, UUID(hex=resource_id))


@task(sending.TASK)
def send(session: Session, resource_id: str) -> None:
    """An order was approved: its rail is asked to send it."""
    sending.send(UUID(hex=resource_id))


@task("payments.instruct")
def instruct(session: Session, resource_id: str) -> None:
    """Money is expected: its rail is asked how it is paid."""
    sending.instruct(UUID(hex=resource_id))


@task("payments.send_waiting")
def send_waiting(session: Session, resource_id: str) -> None:
    """An account of a payee has changed: what waits for it is tried again."""
    account = session.get_one(PayeeAccount, UUID(hex=resource_id))
    for order_id in orders.waiting(session, account.organisation_id):
        jobs.enqueue(session, sending.TASK, {"resource_id": order_id.hex})


@batch_task(reconciling.TASK)
def reconcile(session: Session, job: Job) -> bool:
    """Match the next clearing account with what its providers say."""
    return reconciling.step(session, job)


@task("payments.freeze_commission")
def freeze_commission(session: Session, resource_id: str) -> None:
    """A contract was signed: what the platform asks of it is settled for ever."""
    tariffs.freeze(session, UUID(hex=resource_id))
