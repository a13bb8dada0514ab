"""Money that goes out. Never commits."""

from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, select

from api.core.outbox import emit
from api.payments.models import LedgerHold, PaymentOrder
from api.payments.service import holds
from api.payments.service.accounts import Parties
from api.rules.ledger import AccountKey, AccountKind
from api.rules.rails import ORDER, Purpose, RailName


def order(
    session: Session,
    *,
    key: str,
    purpose: Purpose,
    resource_id: UUID,
    beneficiary_id: UUID,
    payee_account_id: UUID,
    amount: Decimal,
    currency: str,
    rail: RailName,
    debit: AccountKey,
    parties: Parties,
    actor: str,
    needs_approval: bool = False,
) -> PaymentOrder:
    """Promise money; told again, the order of the first time."""
    query = select(PaymentOrder).where(PaymentOrder.idempotency_key == key)
    if (known := session.exec(query).one_or_none()) is not None:
        return known
    hold = holds.reserve(
        session,
        key=key,
        kind="payment_order",
        debit=debit,
        credit=AccountKey(AccountKind.BANK_CLEARING, currency),
        amount=amount,
        actor=actor,
        resource_id=resource_id,
        parties=parties,
    )
    found = PaymentOrder(
        idempotency_key=key,
        purpose=purpose,
        resource_id=resource_id,
        beneficiary_id=beneficiary_id,
        payee_account_id=payee_account_id,
        rail=rail,
        currency=currency,
        amount=amount,
        hold_id=hold.id,
    )
    session.add(found)
    session.flush()
    return found


def locked(session: Session, order_id: UUID) -> PaymentOrder:
    """An order, its row locked."""
    query = select(PaymentOrder).where(PaymentOrder.id == order_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one()


def cancel(session: Session, order: PaymentOrder, *, actor: str) -> None:
    """Give an order up that was not sent."""
    holds.void(session, session.get_one(LedgerHold, order.hold_id), actor=actor)
    _move(session, order, "cancel")


def sent(session: Session, order: PaymentOrder) -> None:
    """It was sent."""
    _move(session, order, "send")


def settled(session: Session, order: PaymentOrder, *, actor: str) -> None:
    """It has arrived."""
    holds.post(session, session.get_one(LedgerHold, order.hold_id), actor=actor)
    _move(session, order, "settle")


def failed(session: Session, order: PaymentOrder, *, error: str, actor: str) -> None:
    """It was refused."""
    holds.void(session, session.get_one(LedgerHold, order.hold_id), actor=actor)
    order.last_error = error
    _move(session, order, "fail")


_DONE = {"send": "sent", "settle": "settled", "fail": "failed", "return": "returned"}


def _move(session: Session, order: PaymentOrder, action: str) -> None:
    order.status = ORDER.apply(action, order.status)
    order.version += 1
    session.add(order)
    session.flush()
    done = _DONE.get(action, "cancelled")
    emit(session, f"payment_order.{done}", order.id, org_id=order.beneficiary_id)
