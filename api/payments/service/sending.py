"""Asking rails: what a job does between two transactions, never inside one that moves money."""

from uuid import UUID

import structlog
from sqlmodel import Session

from api.core import db, jobs
from api.identity.models import Organisation
from api.payments.models import Collection
from api.payments.rails import OrderToSend, RailRefused, RailUnavailable, ToCollect, registry
from api.payments.service import collections, gates, orders

TASK = "payments.send"
ACTOR = "rail"
log = structlog.get_logger(__name__)


def send(order_id: UUID) -> None:
    """Send an order: claimed in one transaction, asked in none, answered in another.

    Raises RailUnavailable when nobody knows what became of it; asked again, the rail is given the
    same key.
    """
    with db.worker_unit_of_work() as session:
        told = orders.to_send(session, order_id)
    if told is not None:
        _ask(told)


def send_waiting(session: Session, beneficiary_id: UUID) -> None:
    """Try again what waits for something about its beneficiary that has changed."""
    for order_id in orders.waiting(session, beneficiary_id):
        jobs.enqueue(session, TASK, {"resource_id": order_id.hex})


def hold_sent(session: Session, beneficiary_id: UUID) -> None:
    """Write on orders that a bank has not executed which cases of screening hold them: no file takes
    them, or is let out with them, while one does."""
    for order in orders.at_bank(session, beneficiary_id):
        order.blocked_by = gates.screening_blockers(session, order)
        session.add(order)


def instruct(collection_id: UUID) -> None:
    """Ask the rail of a collection how it is paid, and keep the provider's id and page.

    Raises RailUnavailable. A refusal stands in the log: the payer is shown no way to pay.
    """
    with db.worker_unit_of_work() as session:
        found = collections.locked(session, collection_id)
        if found.provider_id is not None:
            return
        told = to_collect(session, found)
        rail = found.rail
    try:
        how = registry.find(rail).instructions(told)
    except RailRefused as error:
        log.warning("rail refused", collection=collection_id.hex, code=error.code)
        return
    with db.worker_unit_of_work() as session:
        found = collections.locked(session, collection_id)
        found.provider_id, found.pay_url = how.provider_id, how.url
        session.add(found)


def to_collect(session: Session, collection: Collection) -> ToCollect:
    """A collection, as a rail is told of it."""
    return ToCollect(
        id=collection.id,
        payer_id=collection.payer_id,
        payer_country=session.get_one(Organisation, collection.payer_id).country,
        purpose=collection.purpose,
        resource_id=collection.resource_id,
        currency=collection.currency,
        amount=collection.amount,
        reference=collection.reference,
    )


def _ask(told: OrderToSend) -> None:
    try:
        answer = registry.find(told.rail).send(told)
    except RailRefused as error:
        with db.worker_unit_of_work() as session:
            order = orders.locked(session, told.id)
            orders.failed(session, order, reason=f"{error.code}: {error.detail}", actor=ACTOR)
        return
    except RailUnavailable as error:
        with db.worker_unit_of_work() as session:
            orders.unanswered(session, orders.locked(session, told.id), reason=str(error))
        raise
    with db.worker_unit_of_work() as session:
        order = orders.locked(session, told.id)
        orders.sent(session, order, actor=ACTOR, provider_id=answer.provider_id)
        if answer.settled:
            orders.settled(session, order, actor=ACTOR)
