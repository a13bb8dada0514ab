"""Tasks of payments."""

from uuid import UUID

from sqlmodel import Session

from api.core import jobs
from api.core.jobs import Job
from api.payments.models import PayeeAccount, PaymentDispute
from api.payments.service import holds, orders, sending
from api.payments.stripe_rail import chargebacks, polling, recovery
from api.payments.stripe_rail import payees as stripe_payees
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


@batch_task(polling.EVENTS)
def poll_stripe_events(session: Session, job: Job) -> bool:
    """Take in the events of Stripe that no webhook brought."""
    return polling.poll_events(session, job)


@batch_task(polling.LINES)
def fetch_stripe_lines(session: Session, job: Job) -> bool:
    """Keep the balance transactions of Stripe that are new."""
    return polling.fetch_lines(session, job)


@task("payments.warn_of_evidence")
def warn_of_evidence(session: Session, resource_id: str) -> None:
    """Evidence for a dispute of a payer is due soon."""
    chargebacks.warn(session, session.get_one(PaymentDispute, UUID(hex=resource_id)))


@task(recovery.TASK)
def reverse_transfer(session: Session, return_id: str, actor: str) -> None:
    """Take back what a seller was paid."""
    recovery.reverse(UUID(hex=return_id), actor)


@task(stripe_payees.ONBOARD)
def onboard_payee(session: Session, resource_id: str) -> None:
    """A payee account was added: it gets its account at Stripe, if it is of that rail."""
    stripe_payees.onboard(UUID(hex=resource_id))


@batch_task(stripe_payees.INVITE)
def invite_payee(session: Session, job: Job) -> bool:
    """Make a link by which a payee goes through Stripe's onboarding."""
    return stripe_payees.invite(session, job)
