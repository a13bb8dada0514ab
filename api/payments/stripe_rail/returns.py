"""Money that flows back through a root: never more than came by it, whoever asks, however often."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, func, select

from api.payments.models import StripeObject, StripeReturn
from api.rules.stripe_events import CAME_TO_NOTHING, ReturnStatus, returns_forward


def left(session: Session, row: StripeObject) -> Decimal:
    """What may still flow back through a root that is locked."""
    taken = session.exec(
        select(func.coalesce(func.sum(StripeReturn.amount), 0)).where(
            StripeReturn.object_id == row.id, col(StripeReturn.status).not_in(CAME_TO_NOTHING)
        )
    ).one()
    return row.amount - Decimal(taken)


def gone(session: Session, row: StripeObject) -> Decimal:
    """What has flowed back through a root."""
    found = session.exec(
        select(func.coalesce(func.sum(StripeReturn.amount), 0)).where(
            StripeReturn.object_id == row.id, StripeReturn.status == ReturnStatus.SUCCEEDED
        )
    ).one()
    return Decimal(found)


def plan(
    session: Session,
    row: StripeObject,
    *,
    key: str,
    amount: Decimal,
    order_id: UUID | None = None,
) -> StripeReturn:
    """Count `amount` against a root that is locked, before Stripe is asked; `left` was asked."""
    assert row.currency is not None, "money came by it"
    found = StripeReturn(
        key=key,
        object_id=row.id,
        payment_order_id=order_id,
        amount=amount,
        currency=row.currency,
    )
    session.add(found)
    session.flush()
    return found


def of_order(session: Session, order_id: UUID) -> StripeReturn | None:
    """The refund that an order asked for."""
    query = select(StripeReturn).where(StripeReturn.payment_order_id == order_id)
    return session.exec(query).one_or_none()


def of_root(session: Session, row: StripeObject) -> Sequence[StripeReturn]:
    """All that flowed back through a root."""
    return session.exec(select(StripeReturn).where(StripeReturn.object_id == row.id)).all()


def found(
    session: Session,
    row: StripeObject,
    *,
    external_id: str,
    key: str | None,
    amount: Decimal,
) -> StripeReturn:
    """What Stripe tells of, known by its id or by the key we gave it; kept if it is made elsewhere."""
    by_id = col(StripeReturn.external_id) == external_id
    known = session.exec(
        select(StripeReturn).where(
            StripeReturn.object_id == row.id, by_id | (StripeReturn.key == (key or external_id))
        )
    ).one_or_none()
    if known is None:
        known = plan(session, row, key=external_id, amount=amount)
    known.external_id = external_id
    session.add(known)
    return known


def move(session: Session, found: StripeReturn, status: ReturnStatus) -> bool:
    """Believe a status that is not older than the known one; False when it changes nothing."""
    if not returns_forward(found.status, status):
        return False
    found.status = status
    session.add(found)
    session.flush()
    return True
