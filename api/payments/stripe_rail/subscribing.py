"""Subscriptions to plans that Stripe renews: made and changed there, and followed by what it says.

Stripe invoices each period; every invoice of its becomes a charge here, with an invoice of ours and a
collection that the payment of Stripe's invoice pays. Nothing is prorated at Stripe.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, select
from stripe import StripeClient

from api.core import db, deadlines, settings
from api.core.outbox import emit
from api.identity.models import Organisation
from api.payments.models import (
    Collection,
    PlanCharge,
    PlanPrice,
    PlanSubscription,
    StripeObject,
    SupplierPlan,
)
from api.payments.service import plan_charges, plans, subscription_billing, subscriptions
from api.payments.stripe_rail import billing, client, objects, taxing
from api.reference import locales
from api.rules import fees
from api.rules.clock import local_date
from api.rules.fees import Line
from api.rules.minor_units import from_minor
from api.rules.rails import RailName
from api.rules.stripe_events import StripeKind
from api.rules.subscriptions import ACTION_TO, SUBSCRIPTION, SubscriptionStatus, of_stripe

TASK = "payments.subscribe_at_stripe"
MOVED = "stripe_subscription.moved"
_S = SubscriptionStatus
_INVOICED = ("open", "paid", "uncollectible")


def follow_wish(subscription_id: UUID) -> None:
    """Make a subscription at Stripe, or let it have the plan that is wanted; told again, the same.

    No transaction is open while Stripe is asked. Raises RailRefused or RailUnavailable.
    """
    with db.worker_unit_of_work() as session:
        subscription = session.get_one(PlanSubscription, subscription_id)
        if subscription.rail is not RailName.STRIPE or subscription.status is _S.CANCELED:
            return
        plan = _wanted(session, subscription)
        organisation = session.get_one(Organisation, subscription.org_id)
        name = organisation.legal_name.get("en") or next(iter(organisation.legal_name.values()))
    price_id = _price(plan, subscription.currency)
    key = f"subscription:{subscription.id}"
    if subscription.provider_id is None:
        trial = subscription.period_end - subscription.period_start
        made = billing.subscribe(
            key=key,
            name=name,
            country=organisation.country,
            price_id=price_id,
            days_to_pay=plan.payment_days,
            trial_days=trial.days if subscription.anchor == subscription.period_end else 0,
        )
        with db.worker_unit_of_work() as session:
            held = _held(session, subscription.id)
            held.customer_id, held.provider_id = made.customer_id, made.subscription_id
            session.add(held)
            given_up = held.status is _S.CANCELED
        provider_id = made.subscription_id
        if given_up:  # while Stripe was asked
            billing.set_terms(provider_id, key=f"{key}:end", price_id=price_id, ends=True)
    else:
        provider_id = subscription.provider_id
        billing.set_terms(
            provider_id,
            key=f"{key}:{subscription.version}",
            price_id=price_id,
            ends=subscription.cancel_at_period_end,
        )
    with db.worker_unit_of_work() as session, client.calls():
        fold(session, client.get(), objects.lock(session, StripeKind.SUBSCRIPTION, provider_id))


def fold(session: Session, api: StripeClient, row: StripeObject) -> None:
    """Fetch a subscription whose row is locked, and follow it. Raises stripe.StripeError."""
    told = api.v1.subscriptions.retrieve(row.external_id).to_dict()
    moved = objects.move(session, row, told["status"])
    query = select(PlanSubscription.id).where(PlanSubscription.provider_id == row.external_id)
    known = session.exec(query).one_or_none()
    if known is not None:
        subscription = _held(session, known)
        _period(session, subscription, told)
        _charges(session, api, subscription)
        _status(session, subscription, of_stripe(told["status"]))
    if moved:
        emit(
            session,
            MOVED,
            row.id,
            org_id=None,
            subscription_id=row.external_id,
            status=told["status"],
        )


def expected(session: Session, api: StripeClient, told: dict[str, Any]) -> Collection | None:
    """The collection of the invoice that a payment (as Stripe tells it) is of, if it is of one of a
    subscription's. Raises stripe.StripeError."""
    customer = told.get("customer")
    query = select(PlanSubscription.id).where(PlanSubscription.customer_id == customer)
    known = session.exec(query).one_or_none() if customer else None
    if known is None:
        return None
    subscription = _held(session, known)
    for invoice in _charges(session, api, subscription):
        payments = (invoice.get("payments") or {}).get("data", ())
        if told["id"] in [each["payment"].get("payment_intent") for each in payments]:
            query_collection = select(Collection).where(Collection.provider_id == invoice["id"])
            return session.exec(query_collection).one_or_none()
    return None


def _wanted(session: Session, subscription: PlanSubscription) -> SupplierPlan:
    """The plan of the next invoice: the one that follows, as it is now."""
    if subscription.next_plan is not None:
        today = local_date(db.now(session))
        found = plans.of_code(session, subscription.next_plan, today)
        if found is not None and found.fee(subscription.currency) is not None:
            return found
    return session.get_one(SupplierPlan, subscription.plan_id)


def _price(plan: SupplierPlan, currency: str) -> str:
    """The price at Stripe of a plan, tax included; made where there is none.

    Raises RailRefused or RailUnavailable.
    """
    with db.worker_unit_of_work() as session:
        query = select(PlanPrice).where(
            PlanPrice.plan_id == plan.id, PlanPrice.currency == currency
        )
        known = session.exec(query).one_or_none()
    if known is not None:
        return known.external_id
    made = billing.price(
        key=f"plan:{plan.id}:{currency}",
        name=plan.names["en"],
        amount=_gross(plan, currency),
        currency=currency,
        interval="month",
    )
    with db.worker_unit_of_work() as session:
        if session.exec(query).one_or_none() is None:
            session.add(PlanPrice(plan_id=plan.id, currency=currency, external_id=made))
    return made


def _gross(plan: SupplierPlan, currency: str) -> Decimal:
    """As our invoice has it, so that what Stripe asks for is what is owed."""
    fee = plan.fee(currency)
    assert fee is not None, "nobody subscribes in a currency for which the plan is not sold"
    line = Line(plan_charges.PERIOD, plan.code, Decimal(1), fee, fee)
    places = locales.currencies()[currency].minor_units
    return fees.totals([line], settings.get().fee_tax_rate_bp, places).gross


def _net(gross: Decimal, places: int) -> Decimal:
    return fees.within(gross, settings.get().fee_tax_rate_bp, places).net


def _held(session: Session, subscription_id: UUID) -> PlanSubscription:
    query = select(PlanSubscription).where(PlanSubscription.id == subscription_id)
    locked = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(locked).one()


def _period(session: Session, subscription: PlanSubscription, told: dict[str, Any]) -> None:
    """Take over the period that Stripe is in; a new one begins with the plan of its price."""
    item = told["items"]["data"][0]
    start, end = (
        datetime.fromtimestamp(item[each], UTC)
        for each in ("current_period_start", "current_period_end")
    )
    if (start, end) == (subscription.period_start, subscription.period_end):
        return
    follows = start >= subscription.period_end - timedelta(seconds=1)
    if follows:
        price = select(SupplierPlan).where(
            SupplierPlan.id == PlanPrice.plan_id, PlanPrice.external_id == item["price"]["id"]
        )
        plan = session.exec(price).one_or_none()
        fee = plan.fee(subscription.currency) if plan is not None else None
        if plan is not None and fee is not None:
            subscriptions.adopt(subscription, plan, fee)
    subscription.period_start, subscription.period_end = start, end
    subscription.version += 1
    session.add(subscription)
    session.flush()
    if follows:
        subscriptions.log(
            session, subscription, "renew", objects.ACTOR, {"plan": subscription.plan}
        )


def _charges(
    session: Session, api: StripeClient, subscription: PlanSubscription
) -> list[dict[str, Any]]:
    """Stripe's invoices of a subscription, the latest ones; each is a charge here from now on."""
    assert subscription.provider_id is not None, "it is at Stripe"
    listed = api.v1.invoices.list(
        {"subscription": subscription.provider_id, "limit": 24, "expand": ["data.payments"]}
    )
    found = [each.to_dict() for each in listed.data]
    for invoice in reversed(found):
        if invoice["status"] in _INVOICED and invoice["total"]:
            _charge(session, subscription, invoice)
    return found


def _charge(session: Session, subscription: PlanSubscription, told: dict[str, Any]) -> None:
    key = f"stripe:{told['id']}"
    known = select(PlanCharge.id).where(
        PlanCharge.subscription_id == subscription.id, PlanCharge.key == key
    )
    if session.exec(known).one_or_none() is not None:
        return
    line = told["lines"]["data"][0]
    price_id = line["pricing"]["price_details"]["price"]
    priced = select(SupplierPlan).where(
        SupplierPlan.id == PlanPrice.plan_id, PlanPrice.external_id == price_id
    )
    plan = session.exec(priced).one_or_none()
    places = locales.currencies()[subscription.currency].minor_units
    gross = from_minor(told["total"], subscription.currency)
    tax = taxing.of_invoice(told, subscription.currency)
    net = gross - tax if tax is not None else _net(gross, places)
    due = told["due_date"] or told["created"]
    charge = PlanCharge(
        org_id=subscription.org_id,
        subscription_id=subscription.id,
        plan_id=plan.id if plan is not None else subscription.plan_id,
        key=key,
        code=plan_charges.PERIOD,
        period_start=datetime.fromtimestamp(line["period"]["start"], UTC),
        period_end=datetime.fromtimestamp(line["period"]["end"], UTC),
        amount=net,
        currency=subscription.currency,
        due_at=datetime.fromtimestamp(due, UTC),
    )
    session.add(charge)
    session.flush()
    collection = subscription_billing.issue(session, charge, RailName.STRIPE, provider_tax=tax)
    collection.provider_id, collection.pay_url = told["id"], told.get("hosted_invoice_url")
    session.add(collection)
    deadlines.arm(
        session,
        subscription_billing.PAYMENT_DUE,
        charge.id,
        charge.due_at,
        org_id=subscription.org_id,
    )
    session.flush()


def _status(session: Session, subscription: PlanSubscription, target: SubscriptionStatus) -> None:
    """Go where Stripe is, where that is a move; what is owed here keeps it from being active."""
    action = ACTION_TO[target]
    if target is subscription.status or action not in SUBSCRIPTION.allowed(subscription.status):
        return
    if target is _S.ACTIVE and subscription_billing.overdue(session, subscription):
        return
    if target is _S.PAST_DUE and subscription.status is _S.PAUSED:
        return
    subscriptions.move(session, subscription, action, objects.ACTOR)
