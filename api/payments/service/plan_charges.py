"""What subscriptions cost, written down to be invoiced: a period, or the rest of one. Never commits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.payments.models import PlanCharge, PlanSubscription, SupplierPlan
from api.payments.problems import SubscriptionUnpaid
from api.reference import locales
from api.rules import subscriptions as rules
from api.rules.subscriptions import SubscriptionStatus

PERIOD, DIFFERENCE = "subscription", "subscription_change"
"""What charges are for, as the words of invoices name it."""


def every(session: Session, subscription: PlanSubscription) -> Sequence[PlanCharge]:
    """What was asked for a subscription, the earliest first."""
    query = select(PlanCharge).where(PlanCharge.subscription_id == subscription.id)
    return session.exec(query.order_by(col(PlanCharge.id))).all()


def of_period(
    session: Session, subscription: PlanSubscription, plan: SupplierPlan, now: datetime
) -> PlanCharge:
    """Write down what the present period costs."""
    start = subscription.period_start
    return _charge(session, subscription, plan, PERIOD, start, subscription.fee, now)


def require_paid(session: Session, org_id: UUID) -> None:
    """Raise SubscriptionUnpaid while something that was asked of an ended subscription is owed."""
    query = (
        select(PlanCharge.id)
        .join(PlanSubscription, col(PlanSubscription.id) == col(PlanCharge.subscription_id))
        .where(
            PlanCharge.org_id == org_id,
            col(PlanCharge.paid_at).is_(None),
            PlanSubscription.status == SubscriptionStatus.CANCELED,
        )
        .limit(1)
    )
    if session.exec(query).one_or_none() is not None:
        raise SubscriptionUnpaid


def of_difference(
    session: Session,
    subscription: PlanSubscription,
    plan: SupplierPlan,
    fee: Decimal,
    now: datetime,
) -> None:
    """Write down what a dearer plan costs more for the rest of the period, if it is anything."""
    amount = rules.difference(
        subscription.fee,
        fee,
        start=subscription.period_start,
        end=subscription.period_end,
        now=now,
        places=locales.currencies()[subscription.currency].minor_units,
    )
    if amount:
        _charge(session, subscription, plan, DIFFERENCE, now, amount, now)


def _charge(
    session: Session,
    subscription: PlanSubscription,
    plan: SupplierPlan,
    code: str,
    start: datetime,
    amount: Decimal,
    now: datetime,
) -> PlanCharge:
    made = PlanCharge(
        org_id=subscription.org_id,
        subscription_id=subscription.id,
        plan_id=plan.id,
        key=f"{code}:{start.isoformat()}",
        code=code,
        period_start=start,
        period_end=subscription.period_end,
        amount=amount,
        currency=subscription.currency,
        due_at=now + timedelta(days=plan.payment_days),
    )
    session.add(made)
    session.flush()
    return made
