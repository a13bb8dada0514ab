"""Subscriptions of suppliers: begun, changed, ended by who owns them. Never commits.

Nothing is invoiced or asked of a rail here: what is to be paid is written down (plan_charges), and the
workers follow (subscription_billing, stripe_rail/subscribing).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from api.core import audit, db, deadlines, pages, settings
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.identity.models import Organisation
from api.payments.models import PlanSubscription, SupplierPlan
from api.payments.problems import SellerUnknown, SubscriptionUnpaid
from api.payments.schemas.plans import SubscribeIn
from api.payments.service import plan_charges, plans
from api.rules import subscriptions as rules
from api.rules.clock import local_date
from api.rules.offers import plain
from api.rules.rails import RailName
from api.rules.states import IllegalTransition
from api.rules.subscriptions import FREE, GRANTING, SUBSCRIPTION, SubscriptionStatus

PERIOD_ENDED = "subscription.period_ended"
_S = SubscriptionStatus


def subscribe(session: Session, *, org_id: UUID, actor: str, data: SubscribeIn) -> PlanSubscription:
    """Begin a subscription: with the plan's trial if it is the organisation's first, else at once.

    By Stripe it is paused until Stripe has made it. Raises Invalid, AlreadyExists when one lives,
    SubscriptionUnpaid when an earlier one is owed for, or SellerUnknown.
    """
    now = db.now(session)
    plan = _wanted(session, data.plan, now)
    fee = plan.fee(data.currency)
    if fee is None:
        raise refused("#/currency", "not_sold", "The plan is not sold in this currency.")
    config = settings.get()
    if config.invoice_seller_name is None or config.invoice_seller_identifier is None:
        raise SellerUnknown
    by_stripe = data.rail is RailName.STRIPE
    if by_stripe and config.stripe_key is None:
        raise refused("#/rail", "rail_off", "Nothing is paid by Stripe here.")
    if by_stripe:
        _require_taxable(session, org_id)
    before = select(PlanSubscription.id).where(PlanSubscription.org_id == org_id).limit(1)
    first = session.exec(before).one_or_none() is None
    plan_charges.require_paid(session, org_id)
    trial = timedelta(days=plan.trial_days) if first else timedelta()
    end = now + trial if trial else rules.months_after(now, 1)
    status = _S.TRIALING if trial else _S.ACTIVE
    made = PlanSubscription(
        org_id=org_id,
        plan_id=plan.id,
        plan=plan.code,
        currency=data.currency,
        fee=fee,
        rail=data.rail,
        status=_S.PAUSED if by_stripe else status,
        anchor=end if trial else now,
        period_start=now,
        period_end=end,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as error:
        raise AlreadyExists("You have a subscription: change it.") from error
    if not by_stripe:
        deadlines.arm(session, PERIOD_ENDED, made.id, end, org_id=org_id)
        if not trial:
            plan_charges.of_period(session, made, plan, now)
    log(session, made, "start", actor, {"plan": plan.code, "rail": data.rail})
    return made


def _require_taxable(session: Session, org_id: UUID) -> None:
    """Stripe Tax is on: only who is in a country where the platform is registered is asked by Stripe."""
    config = settings.get()
    country = session.get_one(Organisation, org_id).country
    if config.stripe_tax and country not in config.stripe_tax_countries.split(","):
        detail = "The platform is not registered for tax in your country: pay by bank transfer."
        raise refused("#/rail", "tax_not_registered", detail)


def change(
    session: Session, subscription: PlanSubscription, *, actor: str, code: str
) -> PlanSubscription:
    """Ask for another plan. A dearer one counts at once, and its difference for the rest of the
    period is charged; another follows when the period is over. The present one takes back what was
    planned. The row is locked.

    Raises Invalid, Conflict for a subscription that allows nothing, or SubscriptionUnpaid.
    """
    if subscription.status not in GRANTING:
        raise Conflict(f"The subscription is {subscription.status}.")
    if code == subscription.plan:
        subscription.next_plan, subscription.cancel_at_period_end = None, False
        return _changed(session, subscription, actor)
    now = db.now(session)
    plan = _wanted(session, code, now)
    fee = plan.fee(subscription.currency)
    if fee is None:
        raise refused("#/plan", "not_sold", "The plan is not sold in your currency.")
    if fee <= subscription.fee:
        subscription.next_plan, subscription.cancel_at_period_end = code, False
        return _changed(session, subscription, actor)
    if subscription.status is _S.PAST_DUE:
        raise SubscriptionUnpaid
    if subscription.status is _S.ACTIVE:
        plan_charges.of_difference(session, subscription, plan, fee, now)
    adopt(subscription, plan, fee)
    subscription.cancel_at_period_end = False
    return _changed(session, subscription, actor)


def cancel(session: Session, subscription: PlanSubscription, *, actor: str) -> PlanSubscription:
    """End it when its period is over, without a refund; at once when it allows nothing anyhow.

    The row is locked. Raises Conflict when it has ended.
    """
    if subscription.status is _S.CANCELED:
        raise Conflict("The subscription has ended.")
    if subscription.status is _S.PAUSED and subscription.provider_id is None:
        move(session, subscription, "cancel", actor)
        return subscription
    subscription.cancel_at_period_end, subscription.next_plan = True, None
    return _changed(session, subscription, actor)


def get(session: Session, subscription_id: UUID, *, org_id: UUID) -> PlanSubscription:
    """A subscription of the organisation. NotFound."""
    query = select(PlanSubscription).where(
        PlanSubscription.id == subscription_id, PlanSubscription.org_id == org_id
    )
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def lock(session: Session, subscription_id: UUID, *, org_id: UUID) -> PlanSubscription:
    """A subscription of the organisation, its row locked. NotFound."""
    query = select(PlanSubscription).where(
        PlanSubscription.id == subscription_id, PlanSubscription.org_id == org_id
    )
    found = session.exec(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_subscriptions(
    session: Session, page: PageQuery, *, org_id: UUID
) -> tuple[Sequence[PlanSubscription], str | None]:
    """The organisation's subscriptions, the newest first, and the next cursor."""
    query = select(PlanSubscription).where(PlanSubscription.org_id == org_id)
    scope = f"subscriptions:{org_id.hex}"
    return pages.newest_first(session, query, PlanSubscription, page, scope=scope, filters={})


def adopt(subscription: PlanSubscription, plan: SupplierPlan, fee: Decimal) -> None:
    """Let a plan count from now on, in place of whatever was or was planned."""
    subscription.plan_id, subscription.plan, subscription.fee = plan.id, plan.code, fee
    subscription.next_plan = None


def move(
    session: Session,
    subscription: PlanSubscription,
    action: str,
    actor: str,
    **change: Any,
) -> None:
    """The one place that writes `plan_subscription.status`. Raises Conflict."""
    try:
        subscription.status = SUBSCRIPTION.apply(action, subscription.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    if subscription.status is _S.CANCELED:
        subscription.ended_at = db.now(session)
        deadlines.disarm(session, PERIOD_ENDED, subscription.id)
    subscription.version += 1
    session.add(subscription)
    session.flush()
    log(session, subscription, action, actor, change)


_EVENTS = {
    "start": "started",
    "change": "changed",
    "renew": "renewed",
    "activate": "activated",
    "try": "activated",
    "fall_behind": "past_due",
    "pause": "paused",
    "cancel": "canceled",
}


def log(
    session: Session,
    subscription: PlanSubscription,
    action: str,
    actor: str,
    change: dict[str, Any],
) -> None:
    """What happened to a subscription, in its trail and as an event."""
    org_id = subscription.org_id
    stream = f"subscription:{subscription.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=change)
    emit(
        session,
        f"subscription.{_EVENTS[action]}",
        subscription.id,
        org_id=org_id,
        plan=subscription.plan,
        next_plan=subscription.next_plan,
        status=subscription.status,
        rail=subscription.rail,
        currency=subscription.currency,
        fee=plain(subscription.fee),
        period_end=subscription.period_end.isoformat(),
        cancel_at_period_end=subscription.cancel_at_period_end,
    )


def _changed(session: Session, subscription: PlanSubscription, actor: str) -> PlanSubscription:
    subscription.version += 1
    session.add(subscription)
    session.flush()
    told = {
        "plan": subscription.plan,
        "next_plan": subscription.next_plan,
        "cancel_at_period_end": subscription.cancel_at_period_end,
    }
    log(session, subscription, "change", actor, told)
    return subscription


def _wanted(session: Session, code: str, now: datetime) -> SupplierPlan:
    plan = plans.of_code(session, code, local_date(now))
    if plan is None or not plan.offered:
        raise refused("#/plan", "unknown_plan", "There is no such plan to subscribe to.")
    if code == FREE:
        raise refused("#/plan", "free_plan", "The free plan is without a subscription: cancel it.")
    return plan
