"""Subscriptions as time passes: invoiced, paid, renewed, paused while they are not paid, ended.

For the workers. Never commits. Those that Stripe renews begin and end by what Stripe says
(stripe_rail/subscribing); what they are charged is invoiced, booked and dunned here as well.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import db, deadlines, ids, rows, settings
from api.identity.service import notices
from api.payments.models import Collection, FeeInvoice, PlanCharge, PlanSubscription, SupplierPlan
from api.payments.service import collections, fee_invoices, plan_charges, plans, subscriptions
from api.rules import subscriptions as rules
from api.rules.clock import local_date
from api.rules.fees import FeePurpose, Line
from api.rules.ledger import AccountKey, AccountKind
from api.rules.offers import plain
from api.rules.rails import CollectionStatus, Purpose, RailName
from api.rules.subscriptions import SubscriptionStatus

PAYMENT_DUE, GRACE_ENDED = "subscription.payment_due", "subscription.grace_ended"
SYSTEM = "system:plans"
_S = SubscriptionStatus


def bill(session: Session, subscription_id: UUID) -> None:
    """Issue the invoices of what was charged, and ask for the money; told again, nothing."""
    subscription = rows.locked(session, PlanSubscription, subscription_id)
    for charge in plan_charges.every(session, subscription):
        if charge.fee_invoice_id is None:
            issue(session, charge, subscription.rail)
            deadlines.arm(
                session, PAYMENT_DUE, charge.id, charge.due_at, org_id=subscription.org_id
            )


def issue(
    session: Session, charge: PlanCharge, rail: RailName, *, provider_tax: Decimal | None = None
) -> Collection:
    """Issue the invoice of a charge, and ask for its money by a rail; `provider_tax` is its tax where
    the rail has computed it."""
    plan = session.get_one(SupplierPlan, charge.plan_id)
    period = [local_date(each).isoformat() for each in (charge.period_start, charge.period_end)]
    invoice = fee_invoices.issue(
        session,
        key=f"charge:{charge.id}",
        org_id=charge.org_id,
        purpose=FeePurpose.SUBSCRIPTION,
        lines=[Line(charge.code, plan.names["en"], Decimal(1), charge.amount, charge.amount)],
        details=[{"period": period, "names": plan.names}],
        currency=charge.currency,
        actor=SYSTEM,
        resource_id=charge.id,
        due_date=local_date(charge.due_at),
        provider_tax=provider_tax,
    )
    collection = collections.request(
        session,
        payer_id=charge.org_id,
        purpose=Purpose.SUBSCRIPTION,
        resource_id=charge.id,
        amount=invoice.gross,
        currency=charge.currency,
        rail=rail,
        credit=AccountKey(AccountKind.SUPPLIER_RECEIVABLE, charge.currency, charge.org_id),
        parties={charge.org_id: [charge.org_id]},
        due_at=charge.due_at,
        actor=SYSTEM,
    )
    charge.fee_invoice_id, charge.collection_id = invoice.id, collection.id
    session.add(charge)
    session.flush()
    return collection


def taxed(session: Session, collection_id: UUID, tax: Decimal) -> None:
    """The rail has computed the tax in what was paid for a charge; told again, nothing."""
    query = select(PlanCharge.fee_invoice_id).where(PlanCharge.collection_id == collection_id)
    invoice_id = session.exec(query).one_or_none()
    if invoice_id is not None:
        fee_invoices.keep_provider_tax(session, fee_invoices.lock(session, invoice_id), tax)


def paid(session: Session, collection_id: UUID) -> None:
    """Money has come for a charge: once it is whole the subscription goes on."""
    query = select(PlanCharge).where(PlanCharge.collection_id == collection_id)
    charge = session.exec(query).one_or_none()
    if charge is None:
        return
    subscription = rows.locked(session, PlanSubscription, charge.subscription_id)
    collection = session.get_one(Collection, collection_id, populate_existing=True)
    session.refresh(charge)
    if collection.status is not CollectionStatus.RECEIVED or charge.paid_at is not None:
        return
    charge.paid_at = db.now(session)
    invoice = session.get_one(FeeInvoice, charge.fee_invoice_id)
    invoice.paid_at, invoice.version = charge.paid_at, invoice.version + 1
    session.add_all([charge, invoice])
    session.flush()
    deadlines.disarm(session, PAYMENT_DUE, charge.id)
    deadlines.disarm(session, GRACE_ENDED, charge.id)
    if not overdue(session, subscription) and subscription.status in (_S.PAST_DUE, _S.PAUSED):
        subscriptions.move(session, subscription, "activate", SYSTEM)


def payment_due(session: Session, charge_id: UUID) -> None:
    """The time to pay is over: an unpaid charge makes the subscription past due for the grace."""
    found = _unpaid(session, charge_id)
    if found is None:
        return
    charge, subscription = found
    if charge.due_at > db.now(session):
        return
    plan = session.get_one(SupplierPlan, charge.plan_id)
    ends = charge.due_at + timedelta(days=plan.grace_days)
    deadlines.arm(session, GRACE_ENDED, charge.id, ends, org_id=charge.org_id)
    if subscription.status is _S.ACTIVE:
        told = {"charge": charge.id.hex, "grace_ends_at": ends.isoformat()}
        subscriptions.move(session, subscription, "fall_behind", SYSTEM, **told)
        ending = {"grace_ends_on": local_date(ends).isoformat()}
        _write(session, charge, subscription, "subscription_past_due", ending)


def grace_ended(session: Session, charge_id: UUID) -> None:
    """The grace is over too: from now on the quotas of the free plan count, until it is paid."""
    found = _unpaid(session, charge_id)
    if found is not None and found[1].status is _S.PAST_DUE:
        subscriptions.move(session, found[1], "pause", SYSTEM, charge=charge_id.hex)
        _write(session, *found, "subscription_paused")


def period_ended(session: Session, subscription_id: UUID) -> None:
    """A period is over: the next one begins, with the plan that was asked for; or none.

    A subscription that was to end, or was not paid for all that time, ends.
    """
    subscription = rows.locked(session, PlanSubscription, subscription_id)
    now = db.now(session)
    if (
        subscription.status is _S.CANCELED
        or subscription.rail is RailName.STRIPE
        or subscription.period_end > now
    ):
        return
    code = subscription.next_plan or subscription.plan
    plan = plans.of_code(session, code, local_date(subscription.period_end))
    fee = plan.fee(subscription.currency) if plan is not None and plan.offered else None
    given_up = subscription.cancel_at_period_end or subscription.status is _S.PAUSED
    if given_up or plan is None or fee is None:
        subscriptions.move(session, subscription, "cancel", SYSTEM)
        return
    subscriptions.adopt(subscription, plan, fee)
    start = subscription.period_end
    subscription.period_start = start
    subscription.period_end = rules.period_after(subscription.anchor, start)
    subscription.version += 1
    deadlines.arm(
        session,
        subscriptions.PERIOD_ENDED,
        subscription.id,
        subscription.period_end,
        org_id=subscription.org_id,
    )
    plan_charges.of_period(session, subscription, plan, now)
    if subscription.status is _S.TRIALING:
        subscriptions.move(session, subscription, "activate", SYSTEM)
    subscriptions.log(session, subscription, "renew", SYSTEM, {"plan": plan.code})


def _unpaid(session: Session, charge_id: UUID) -> tuple[PlanCharge, PlanSubscription] | None:
    """A charge that is owed and its subscription, locked; None when it was paid."""
    known = session.get_one(PlanCharge, charge_id)
    subscription = rows.locked(session, PlanSubscription, known.subscription_id)
    charge = session.get_one(PlanCharge, charge_id, populate_existing=True)
    return (charge, subscription) if charge.paid_at is None else None


def _write(
    session: Session,
    charge: PlanCharge,
    subscription: PlanSubscription,
    template: str,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """A mail to whoever may do something about a subscription that is not paid."""
    invoice = session.get_one(FeeInvoice, charge.fee_invoice_id)
    values = {
        "plan": subscription.plan,
        "amount": plain(invoice.gross),
        "currency": charge.currency,
        "due_on": local_date(charge.due_at).isoformat(),
        "subscription": ids.show("subscription", subscription.id),
        "base_url": settings.get().base_url,
        **more,
    }
    notices.notify(session, charge.org_id, "subscriptions:write", template, values)


def overdue(session: Session, subscription: PlanSubscription) -> bool:
    """Is something owed whose time to pay is over?"""
    query = select(PlanCharge.id).where(
        PlanCharge.subscription_id == subscription.id,
        col(PlanCharge.paid_at).is_(None),
        PlanCharge.due_at <= db.now(session),
    )
    return session.exec(query.limit(1)).one_or_none() is not None
