"""Files of payments for banks: made by one, released by another, given out the same each time. Never commits.

An order is in one batch at most, and a batch is never made anew with another message id, by which
banks tell a file that comes twice: nothing is paid by two files. What became of an order is told by
the bank's statement alone.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from api.core import audit, db, ids, pages, rows
from api.core.errors import Conflict, NotFound, refused
from api.core.pages import PageQuery
from api.payments import references
from api.payments.bank import pain001
from api.payments.bank.pain001 import Account, Initiation, Transfer
from api.payments.models import PayeeAccount, PaymentBatch, PaymentOrder, PlatformAccount
from api.payments.problems import (
    BatchFourEyes,
    BatchHeld,
    BatchNotReleased,
    BatchRejected,
    NothingToPay,
)
from api.payments.service import gates, payees
from api.rules.clock import BISHKEK, local_date
from api.rules.rails import BATCH, BatchStatus, OrderStatus, RailName
from api.rules.states import IllegalTransition

MOST = 1000
"""Orders in one file."""


def make(
    session: Session,
    account: PlatformAccount,
    *,
    actor: str,
    org_id: UUID,
    execution_on: date | None,
    order_ids: Sequence[UUID] | None,
) -> PaymentBatch:
    """Put orders into a batch that the bank rail has taken over and that are in none, in the account's
    currency: these, or the oldest 1,000.

    Raises NothingToPay, BatchHeld when one of these must not be paid now, Invalid for a day that has passed or orders that do not fit, and Conflict for
    an account that is closed.
    """
    today = local_date(db.now(session))
    if execution_on is not None and execution_on < today:
        raise refused("#/execution_on", "passed", "The day has passed.")
    if account.closed_at is not None:
        raise Conflict("The account is closed.")
    orders = _waiting(session, account.currency, order_ids)
    if order_ids is not None and len(orders) != len(set(order_ids)):
        detail = (
            "Name orders by bank transfer in the account's currency that were sent, in no batch."
        )
        raise refused("#/order_ids", "unfit", detail)
    if order_ids is not None:
        _require_free(session, orders)
    orders = [each for each in orders if not gates.known_blockers(session, each)]
    if not orders:
        raise NothingToPay
    id = uuid7()
    batch = PaymentBatch(
        id=id,
        platform_account_id=account.id,
        message_id=f"KERBEN{references.end_to_end_id(id)}",
        currency=account.currency,
        orders=len(orders),
        total=sum((each.amount for each in orders), Decimal()),
        execution_on=execution_on or today,
        sha256="",
        created_by=actor,
    )
    batch.sha256 = hashlib.sha256(_written(session, batch, account, orders)).hexdigest()
    session.add(batch)
    session.flush()
    for each in orders:
        each.batch_id = batch.id
        each.version += 1
        session.add(each)
    change = {"orders": batch.orders, "message_id": batch.message_id, "sha256": batch.sha256}
    _log(session, batch, "make", actor, org_id, change)
    return batch


def release(session: Session, batch: PaymentBatch, *, actor: str, org_id: UUID) -> None:
    """Let the file out. Raises BatchFourEyes to who has made it, BatchHeld, and Conflict."""
    if batch.status is BatchStatus.CREATED and batch.created_by == actor:
        raise BatchFourEyes
    _require_free(session, orders_of(session, batch))
    batch.released_by = actor
    _move(session, batch, "release", actor, org_id)


def cancel(session: Session, batch: PaymentBatch, *, actor: str, org_id: UUID) -> None:
    """Give a batch up that was not released: its orders wait for another. Raises Conflict."""
    _move(session, batch, "cancel", actor, org_id)
    for each in orders_of(session, batch):
        each.batch_id = None
        each.version += 1
        session.add(each)


def file(session: Session, batch: PaymentBatch, *, actor: str, org_id: UUID) -> bytes:
    """The file of a released batch, the same bytes each time; that it was taken is in the audit trail.
    Raises BatchNotReleased, BatchRejected once the bank has rejected any of it, and BatchHeld."""
    if batch.status is not BatchStatus.RELEASED:
        raise BatchNotReleased
    orders = orders_of(session, batch)
    if any(each.status is OrderStatus.FAILED for each in orders):
        raise BatchRejected
    _require_free(session, [each for each in orders if each.status is OrderStatus.SENT])
    account = session.get_one(PlatformAccount, batch.platform_account_id)
    written = _written(session, batch, account, orders)
    if hashlib.sha256(written).hexdigest() != batch.sha256:
        raise Conflict("The file would not be the one that was released.")
    _log(session, batch, "download", actor, org_id, {"sha256": batch.sha256})
    return written


def orders_of(session: Session, batch: PaymentBatch) -> Sequence[PaymentOrder]:
    """The orders of a batch, in the order of its file."""
    query = select(PaymentOrder).where(PaymentOrder.batch_id == batch.id)
    return session.exec(query.order_by(col(PaymentOrder.id))).all()


def get(session: Session, batch_id: UUID) -> PaymentBatch:
    """A batch; NotFound."""
    found = session.get(PaymentBatch, batch_id)
    if found is None:
        raise NotFound
    return found


def locked(session: Session, batch_id: UUID) -> PaymentBatch:
    """A batch, its row locked; NotFound."""
    return rows.locked(session, PaymentBatch, batch_id)


def list_batches(
    session: Session, page: PageQuery, *, status: BatchStatus | None
) -> tuple[Sequence[PaymentBatch], str | None]:
    """Batches, the newest first, and the next cursor."""
    query = select(PaymentBatch)
    if status is not None:
        query = query.where(PaymentBatch.status == status)
    filters = {"status": status}
    return pages.newest_first(
        session, query, PaymentBatch, page, scope="payment_batches", filters=filters
    )


def _require_free(session: Session, orders: Sequence[PaymentOrder]) -> None:
    """Raises BatchHeld when one of the orders must not be paid now."""
    held = [each for each in orders if gates.known_blockers(session, each)]
    if held:
        named = ", ".join(ids.show("paymentorder", each.id) for each in held[:5])
        raise BatchHeld(f"{len(held)} of its payments must not be made now: {named}.")


def _waiting(
    session: Session, currency: str, order_ids: Sequence[UUID] | None
) -> Sequence[PaymentOrder]:
    """Orders that wait for a file, the oldest first, their rows locked."""
    query = (
        select(PaymentOrder)
        .where(PaymentOrder.rail == RailName.BANK_TRANSFER, PaymentOrder.currency == currency)
        .where(PaymentOrder.status == OrderStatus.SENT, col(PaymentOrder.batch_id).is_(None))
    )
    if order_ids is not None:
        query = query.where(col(PaymentOrder.id).in_(order_ids))
    query = query.order_by(col(PaymentOrder.id)).limit(MOST).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).all()


def _written(
    session: Session,
    batch: PaymentBatch,
    account: PlatformAccount,
    orders: Sequence[PaymentOrder],
) -> bytes:
    debtor = Account(
        account.holder_name, account.country, account.number, account.bank_name, account.bic
    )
    transfers = []
    for each in orders:
        payee = session.get_one(PayeeAccount, each.payee_account_id)
        number = payees.number(payee)
        assert number is not None, "an account at a bank has a number"
        to = Account(payee.holder_name, payee.country, number, payee.bank_name, payee.bic)
        about = f"{each.purpose} {each.resource_id.hex}"
        transfers.append(Transfer(each.end_to_end_id, each.amount, to, about))
    return pain001.write(
        Initiation(
            message_id=batch.message_id,
            created_at=batch.created_at.astimezone(BISHKEK),
            execution_on=batch.execution_on,
            currency=batch.currency,
            debtor=debtor,
            transfers=transfers,
        )
    )


def _move(session: Session, batch: PaymentBatch, action: str, actor: str, org_id: UUID) -> None:
    """The one place that writes `payment_batch.status`."""
    try:
        batch.status = BATCH.apply(action, batch.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    batch.version += 1
    session.add(batch)
    session.flush()
    _log(session, batch, action, actor, org_id, {})


def _log(
    session: Session,
    batch: PaymentBatch,
    action: str,
    actor: str,
    org_id: UUID,
    change: Mapping[str, object],
) -> None:
    stream = f"payment_batch:{batch.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=dict(change))
