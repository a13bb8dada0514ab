"""The rail: how payers pay through Stripe, and how an order's money leaves by it."""

from decimal import Decimal

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select
from stripe import StripeClient
from stripe.params import TransferCreateParams
from stripe.params.v2.money_management import OutboundPaymentCreateParams

from api.core import db, settings
from api.payments.models import Collection, StripeObject
from api.payments.rails import Instructions, OrderToSend, RailRefused, Sent, ToCollect
from api.payments.stripe_rail import asking, client, payees, returns
from api.payments.stripe_rail.objects import KEY, OF_ORDER
from api.rules.minor_units import to_minor
from api.rules.rails import BACK, RailName
from api.rules.stripe_events import StripeKind


class StripeRail:
    """Separate charges and transfers, refunds, Global Payouts; off until there is a key."""

    name = RailName.STRIPE

    def instructions(self, collection: ToCollect) -> Instructions:
        """How to pay. Raises RailRefused for what cannot be paid exactly, or RailUnavailable."""
        units = _units(collection.amount, collection.currency)
        with client.calls():
            return asking.ask(client.get(), collection, units)

    def send(self, order: OrderToSend) -> Sent:
        """Ask Stripe for what was ordered, once whatever happens to the answer.

        Raises RailRefused when nothing was done and never will be, or RailUnavailable.
        """
        units = _units(order.amount, order.currency)
        api = client.get()
        if order.purpose in BACK:
            return _refund(api, order, units)
        if order.provider_account_id is None:
            raise RailRefused("payee_not_onboarded", "The payee has no account at Stripe.")
        with client.calls():
            account = order.provider_account_id
            told = payees.read(api, account)
            if payees.takes_transfers(told):
                return _transfer(api, order, account, units)
            source = settings.get().stripe_financial_account
            if source is not None and payees.takes_payouts(told):
                return _pay_out(api, order, account, units, source)
        raise RailRefused("payee_not_payable", "Stripe does not let the payee be paid now.")


def _refund(api: StripeClient, order: OrderToSend, units: int) -> Sent:
    """Counted against its payment first, so that two at once never ask for more than came in."""
    with db.worker_unit_of_work() as session:
        payment = _planned(session, order)
    with client.calls():
        made = api.v1.refunds.create(
            {"payment_intent": payment, "amount": units, "metadata": _named(order)},
            {"idempotency_key": order.key},
        )
    return Sent(made.id)


def _planned(session: Session, order: OrderToSend) -> str:
    """The payment that an order is refunded from: one that still covers it, of what it is about."""
    known = returns.of_order(session, order.id)
    if known is not None:
        return session.get_one(StripeObject, known.object_id).external_id
    paid = session.exec(
        select(StripeObject)
        .join(Collection, col(Collection.id) == StripeObject.collection_id)
        .where(StripeObject.kind == StripeKind.PAYMENT, StripeObject.currency == order.currency)
        .where(_paid_for(session, order))
        .order_by(col(StripeObject.id))
        .with_for_update(of=StripeObject)
    ).all()
    for row in paid:
        if returns.left(session, row) >= order.amount:
            returns.plan(session, row, key=order.key, amount=order.amount, order_id=order.id)
            return row.external_id
    raise RailRefused("refund_above_payment", "No payment covers it that was not refunded before.")


def _paid_for(session: Session, order: OrderToSend) -> ColumnElement[bool]:
    """The collections whose money an order sends back: the one that it names, or all that were paid
    for what it is about."""
    if session.get(Collection, order.resource_id) is not None:
        return col(Collection.id) == order.resource_id
    about = col(Collection.resource_id) == order.resource_id
    if order.held_for is None:
        return about
    return or_(about, col(Collection.credit_reference) == order.held_for)


def _transfer(api: StripeClient, order: OrderToSend, account: str, units: int) -> Sent:
    """`transfer_group` is the contract. Stripe forgets keys after a day: what may have been made
    before is looked for."""
    group = (order.held_for or order.resource_id).hex
    if order.attempts > 1:
        made = api.v1.transfers.list({"transfer_group": group, "limit": 100}).auto_paging_iter()
        for each in made:
            if each.metadata is not None and each.metadata.to_dict().get(KEY) == order.key:
                return Sent(each.id)
    params: TransferCreateParams = {
        "amount": units,
        "currency": order.currency.lower(),
        "destination": account,
        "transfer_group": group,
        "metadata": _named(order),
    }
    return Sent(api.v1.transfers.create(params, {"idempotency_key": order.key}).id)


def _pay_out(api: StripeClient, order: OrderToSend, account: str, units: int, source: str) -> Sent:
    """A Global Payout; Stripe keeps the keys of /v2 for 30 days."""
    currency = order.currency.lower()
    params: OutboundPaymentCreateParams = {
        "from": {"financial_account": source, "currency": currency},
        "to": {"recipient": account},
        "amount": {"value": units, "currency": currency},
        "metadata": _named(order),
    }
    payments = api.v2.money_management.outbound_payments
    return Sent(payments.create(params, {"idempotency_key": order.key}).id)


def _named(order: OrderToSend) -> dict[str, str]:
    return {KEY: order.key, OF_ORDER: order.id.hex}


def _units(amount: Decimal, currency: str) -> int:
    try:
        return to_minor(amount, currency)
    except ValueError as error:
        raise RailRefused("amount_not_payable", str(error)) from error
