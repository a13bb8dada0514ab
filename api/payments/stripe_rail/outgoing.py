"""Money out as Stripe has it now: transfers to sellers' balances, Global Payouts, payouts to banks.

A bank may send money back days after it was paid: then it is ours again, and the order says so.
"""

from typing import Any

from sqlmodel import Session
from stripe import StripeClient

from api.core import jobs
from api.payments.models import PaymentOrder, StripeObject
from api.payments.service import escrow, milestones, orders, posting
from api.payments.service.posting import Posting
from api.payments.stripe_rail import chargebacks, objects, refunded, returns
from api.payments.stripe_rail.objects import ACTOR, clearing, money
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.rails import OrderStatus
from api.rules.stripe_events import ReturnStatus

_UNDER_WAY = (OrderStatus.APPROVED, OrderStatus.SENT)


def fold_transfer(session: Session, client: StripeClient, row: StripeObject) -> None:
    """Fetch a transfer whose row is locked; book its reversals. Raises stripe.StripeError."""
    told = client.v1.transfers.retrieve(row.external_id).to_dict()
    order = _order(session, row, told)
    if order is None:
        return
    row.amount, row.currency = money(told["amount"], told["currency"])
    back = told["amount_reversed"]
    if objects.move(session, row, "paid"):
        went_out(session, order, row.external_id)
    if back:
        objects.move(session, row, "reversed" if told["reversed"] else "partially_reversed")
        _reversals(session, client, row, order)


def fold_payout(session: Session, client: StripeClient, row: StripeObject) -> None:
    """Fetch a payout of the platform whose row is locked. Raises stripe.StripeError."""
    told = client.v1.payouts.retrieve(row.external_id).to_dict()
    order = _order(session, row, told)
    if order is not None:
        row.amount, row.currency = money(told["amount"], told["currency"])
        reason = told.get("failure_code") or told["status"]
        _come_out(session, row, order, told["status"], settled="paid", reason=reason)


def fold_outbound_payment(session: Session, client: StripeClient, row: StripeObject) -> None:
    """Fetch a Global Payout whose row is locked. Raises stripe.StripeError."""
    told = client.v2.money_management.outbound_payments.retrieve(row.external_id).to_dict()
    order = _order(session, row, told)
    if order is not None:
        row.amount, row.currency = money(told["amount"]["value"], told["amount"]["currency"])
        _come_out(session, row, order, told["status"], settled="posted", reason=_why(told))


def went_out(session: Session, order: PaymentOrder, external_id: str) -> None:
    """The money of an order that is locked is gone, by what Stripe calls `external_id`."""
    told = {"external_id": external_id}
    orders.settled(session, order, provider_id=external_id, actor=ACTOR, details=told)


def came_back(session: Session, order: PaymentOrder, external_id: str, reason: str) -> None:
    """The money of an order that is locked is ours again, whether or not it had been there."""
    if order.status is OrderStatus.SETTLED:
        told = {"external_id": external_id}
        orders.returned(session, order, reason=reason, actor=ACTOR, details=told)
    elif order.status in _UNDER_WAY:
        orders.failed(session, order, reason=reason, actor=ACTOR)


def _come_out(
    session: Session,
    row: StripeObject,
    order: PaymentOrder,
    status: str,
    *,
    settled: str,
    reason: str,
) -> None:
    """What became of an order whose money leaves by a bank."""
    if not objects.move(session, row, status):
        return
    if status == settled:
        went_out(session, order, row.external_id)
    elif status in ("failed", "canceled", "returned"):
        came_back(session, order, row.external_id, reason)


def _why(told: dict[str, Any]) -> str:
    details = (told.get("status_details") or {}).get(told["status"]) or {}
    return str(details.get("reason") or told["status"])


def _order(session: Session, row: StripeObject, told: dict[str, Any]) -> PaymentOrder | None:
    """The order that asked for it: noted when it was sent, or named by the object itself."""
    order_id = row.payment_order_id or objects.named(told, objects.OF_ORDER)
    order = session.get(PaymentOrder, order_id) if order_id else None
    if order is None:
        return None
    row.payment_order_id = order.id
    return orders.locked(session, order.id)


def _reversals(
    session: Session, client: StripeClient, row: StripeObject, order: PaymentOrder
) -> None:
    listed = client.v1.transfers.reversals.list(row.external_id, {"limit": 100})
    paid_from = AccountKey(order.debit_kind, order.currency, order.debit_reference)
    posted = []
    for each in listed.auto_paging_iter():
        told = each.to_dict()
        amount, currency = money(told["amount"], told["currency"])
        key = (told.get("metadata") or {}).get(objects.KEY)
        part = returns.found(session, row, external_id=told["id"], key=key, amount=amount)
        if returns.move(session, part, ReturnStatus.SUCCEEDED):
            owed = chargebacks.owed_by(session, part.key) or refunded.owed_by(session, part.key)
            posted.append(
                Posting(
                    key=f"stripe:reversal:{told['id']}",
                    kind=escrow.REVERSED,
                    entries=transfer(clearing(currency), owed or paid_from, amount),
                    actor=ACTOR,
                    resource_id=order.id,
                    details={"external_id": told["id"]},
                )
            )
    if posted:
        posting.post_all(session, posted)
        if order.debit_kind is AccountKind.ESCROW_LIABILITY and order.debit_reference:
            args = {"resource_id": order.debit_reference.hex}
            jobs.enqueue(session, milestones.FOLLOW, args)
