"""Money that goes out: promised, approved, sent once, settled or back where it was. Never commits.

From its order until the rail has settled it, the money is held on the account that it comes from. A
payment that is returned after it was settled is reversed: it is on that account again.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from api.core import audit, pages, rows
from api.core.errors import Conflict, NotFound
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.payments import references
from api.payments.models import LedgerHold, LedgerTransaction, PayeeAccount, PaymentOrder
from api.payments.problems import PayeeUnfit, PaymentFourEyes, PaymentUnderWay
from api.payments.rails import OrderToSend
from api.payments.service import gates, holds, payees, posting
from api.payments.service.accounts import Parties
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.offers import plain
from api.rules.rails import BACK, CLEARING, ORDER, OrderStatus, Purpose, RailName
from api.rules.states import IllegalTransition


def order(
    session: Session,
    *,
    key: str,
    purpose: Purpose,
    resource_id: UUID,
    beneficiary_id: UUID,
    payee_account_id: UUID | None,
    amount: Decimal,
    currency: str,
    rail: RailName,
    debit: AccountKey,
    parties: Parties,
    actor: str,
    needs_approval: bool = False,
) -> PaymentOrder:
    """Promise `amount` of the account `debit` to a beneficiary; told again, the same order.

    It is sent once it is approved, which without `needs_approval` it is at once. Raises
    InsufficientFunds, Invalid or PayeeUnfit for the payee's account, and Conflict when the key
    belongs to another order.
    """
    query = select(PaymentOrder).where(PaymentOrder.idempotency_key == key)
    known = session.exec(query).one_or_none()
    told = (purpose, resource_id, beneficiary_id, payee_account_id, rail, currency, amount)
    if known is not None:
        if told != (
            known.purpose,
            known.resource_id,
            known.beneficiary_id,
            known.payee_account_id,
            known.rail,
            known.currency,
            known.amount,
        ):
            raise Conflict(f"{key} was ordered otherwise.")
        return known
    if rail not in CLEARING:
        raise PayeeUnfit(f"{rail} moves no money.")
    # What a provider pays back goes to what was paid with; everything else names an account.
    if payee_account_id is not None or rail is RailName.BANK_TRANSFER or purpose not in BACK:
        account = payees.require(
            session, payee_account_id, org_id=beneficiary_id, currency=currency
        )
        if account.rail is not rail:
            raise PayeeUnfit(f"The account is for {account.rail}.")
    id = uuid7()
    hold = holds.reserve(
        session,
        key=f"order:{key}",
        kind=f"payment.{purpose}",
        debit=debit,
        credit=AccountKey(CLEARING[rail], currency),
        amount=amount,
        actor=actor,
        resource_id=id,
        parties=parties,
    )
    found = PaymentOrder(
        id=id,
        idempotency_key=key,
        purpose=purpose,
        resource_id=resource_id,
        beneficiary_id=beneficiary_id,
        payee_account_id=payee_account_id,
        rail=rail,
        currency=currency,
        amount=amount,
        debit_kind=debit.kind,
        debit_reference=debit.reference,
        hold_id=hold.id,
        needs_approval=needs_approval,
        created_by=actor,
        blocked_by=[],
        end_to_end_id=references.end_to_end_id(id),
    )
    session.add(found)
    session.flush()
    _log(session, found, "create", "created", actor, {"amount": plain(amount), "key": key})
    if not needs_approval:
        _move(session, found, "approve", actor, {})
    return found


def locked(session: Session, order_id: UUID) -> PaymentOrder:
    """An order, its row locked. NotFound."""
    return rows.locked(session, PaymentOrder, order_id)


def get(session: Session, order_id: UUID, *, org_id: UUID | None) -> PaymentOrder:
    """An order to the organisation; to anybody, for the operator. NotFound."""
    query = select(PaymentOrder).where(PaymentOrder.id == order_id)
    if org_id is not None:
        query = query.where(PaymentOrder.beneficiary_id == org_id)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_orders(
    session: Session, page: PageQuery, *, org_id: UUID | None, status: OrderStatus | None
) -> tuple[Sequence[PaymentOrder], str | None]:
    """Orders to the organisation, or to everybody, the newest first, and the next cursor."""
    query = select(PaymentOrder)
    if org_id is not None:
        query = query.where(PaymentOrder.beneficiary_id == org_id)
    if status is not None:
        query = query.where(PaymentOrder.status == status)
    return pages.newest_first(
        session, query, PaymentOrder, page, scope=f"orders:{org_id}", filters={"status": status}
    )


def approve(session: Session, order: PaymentOrder, *, actor: str) -> None:
    """Let it be sent. Raises PaymentFourEyes to who has ordered it, and Conflict."""
    order = locked(session, order.id)
    if order.created_by == actor:
        raise PaymentFourEyes
    order.approved_by = actor
    _move(session, order, "approve", actor, {})


def to_send(session: Session, order_id: UUID) -> OrderToSend | None:
    """Claim an order for one call of its rail; None when there is nothing to send.

    Once claimed it is nobody's to cancel: what became of it is the rail's to say. What forbids to
    pay is written on the order, which then waits.
    """
    order = locked(session, order_id)
    if order.status is not OrderStatus.APPROVED:
        return None
    order.blocked_by = []
    # What was asked before may have been done: only the rail knows, so that no gate stops it now.
    if not order.attempts:
        order.blocked_by = gates.blockers(session, order)
    session.add(order)
    if order.blocked_by:
        return None
    order.attempts += 1
    account = session.get(PayeeAccount, order.payee_account_id) if order.payee_account_id else None
    return OrderToSend(
        id=order.id,
        key=order.idempotency_key,
        rail=order.rail,
        purpose=order.purpose,
        resource_id=order.resource_id,
        currency=order.currency,
        amount=order.amount,
        beneficiary_id=order.beneficiary_id,
        end_to_end_id=order.end_to_end_id,
        attempts=order.attempts,
        provider_account_id=account.provider_account_id if account else None,
        held_for=order.debit_reference,
    )


def waiting(session: Session, beneficiary_id: UUID) -> Sequence[UUID]:
    """Orders of a beneficiary that were approved and not asked for yet, the oldest first."""
    return session.exec(
        select(PaymentOrder.id)
        .where(PaymentOrder.beneficiary_id == beneficiary_id)
        .where(PaymentOrder.status == OrderStatus.APPROVED, PaymentOrder.attempts == 0)
        .order_by(col(PaymentOrder.id))
    ).all()


def at_bank(session: Session, beneficiary_id: UUID) -> Sequence[PaymentOrder]:
    """Orders of a beneficiary that wait for a file or for the bank, the oldest first, locked."""
    query = (
        select(PaymentOrder)
        .where(PaymentOrder.beneficiary_id == beneficiary_id)
        .where(PaymentOrder.rail == RailName.BANK_TRANSFER)
        .where(PaymentOrder.status == OrderStatus.SENT)
        .order_by(col(PaymentOrder.id))
        .with_for_update()
    )
    return session.exec(query.execution_options(populate_existing=True)).all()


def sent(
    session: Session, order: PaymentOrder, *, actor: str, provider_id: str | None = None
) -> None:
    """The rail has taken it over; told again, or after it was settled, nothing."""
    order = locked(session, order.id)
    if order.status is not OrderStatus.APPROVED:
        return
    order.provider_id, order.last_error = provider_id or order.provider_id, None
    _move(session, order, "send", actor, {"provider_id": order.provider_id})


def unanswered(session: Session, order: PaymentOrder, *, reason: str) -> None:
    """Nobody knows whether it was sent: it is asked again with the same key."""
    order = locked(session, order.id)
    order.last_error = reason[:500]
    session.add(order)


def settled(
    session: Session,
    order: PaymentOrder,
    *,
    actor: str,
    provider_id: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """The money is gone: the held amount is booked, with what the transaction says besides. Told
    again, nothing. Raises Conflict."""
    order = locked(session, order.id)
    if order.status in (OrderStatus.SETTLED, OrderStatus.RETURNED):
        return
    order.provider_id = provider_id or order.provider_id
    _move(session, order, "settle", actor, {"provider_id": order.provider_id})
    hold = session.get_one(LedgerHold, order.hold_id)
    holds.post(session, hold, actor=actor, details=details)


def failed(session: Session, order: PaymentOrder, *, reason: str, actor: str) -> None:
    """Nothing was sent and never will be: the held amount is free. Told again, nothing."""
    order = locked(session, order.id)
    if order.status is OrderStatus.FAILED:
        return
    order.last_error = reason[:500]
    _move(session, order, "fail", actor, {"reason": reason})
    holds.void(session, session.get_one(LedgerHold, order.hold_id), actor=actor)


def returned(
    session: Session,
    order: PaymentOrder,
    *,
    reason: str,
    actor: str,
    fee: Decimal = Decimal(0),
    details: Mapping[str, Any] | None = None,
) -> None:
    """The payment came back, less what banks kept: it is on the account that it came from.

    Told again, nothing. Raises Conflict for one that was never sent.
    """
    order = locked(session, order.id)
    if order.status is OrderStatus.RETURNED:
        return
    was_settled = order.status is OrderStatus.SETTLED
    order.last_error = reason[:500]
    _move(session, order, "return", actor, {"reason": reason})
    hold = session.get_one(LedgerHold, order.hold_id)
    if not was_settled:
        holds.void(session, hold, actor=actor)
    else:
        query = select(LedgerTransaction).where(
            LedgerTransaction.idempotency_key == f"hold:{hold.id}"
        )
        first = session.exec(query).one()
        posting.reverse(session, first, actor=actor, reason=reason, details=details)
    if fee:
        clearing = AccountKey(CLEARING[order.rail], order.currency)
        fees = AccountKey(AccountKind.PROVIDER_FEES, order.currency)
        posting.post(
            session,
            Posting(
                key=f"return_fee:{order.id}",
                kind="payment.return_fee",
                entries=transfer(fees, clearing, fee),
                actor=actor,
                resource_id=order.id,
                details=dict(details or {}),
            ),
        )


def cancel(session: Session, order: PaymentOrder, *, actor: str) -> None:
    """Give an order up; the held amount is free. Raises PaymentUnderWay once the rail was asked."""
    order = locked(session, order.id)
    if order.attempts:
        raise PaymentUnderWay
    _move(session, order, "cancel", actor, {})
    holds.void(session, session.get_one(LedgerHold, order.hold_id), actor=actor)


_PAST = {
    "approve": "approved",
    "send": "sent",
    "settle": "settled",
    "fail": "failed",
    "return": "returned",
    "cancel": "cancelled",
}


def _move(
    session: Session,
    order: PaymentOrder,
    action: str,
    actor: str,
    change: Mapping[str, Any],
) -> None:
    """The one place that writes `payment_order.status`. Raises Conflict."""
    try:
        order.status = ORDER.apply(action, order.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    order.version += 1
    session.add(order)
    session.flush()
    _log(session, order, action, _PAST[action], actor, change)


def _log(
    session: Session,
    order: PaymentOrder,
    action: str,
    happened: str,
    actor: str,
    change: Mapping[str, Any],
) -> None:
    org_id = order.beneficiary_id
    stream = f"payment_order:{order.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=dict(change))
    emit(
        session,
        f"payment_order.{happened}",
        order.id,
        org_id=org_id,
        purpose=order.purpose,
        rail=order.rail,
        status=order.status,
        currency=order.currency,
        amount=plain(order.amount),
    )
