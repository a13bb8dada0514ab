"""A payment as Stripe has it now: what was captured, what it cost, what was refunded or disputed.

Every booking is known by the id of its cause at Stripe, so that a payment may be folded at any time
and any number of times.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypedDict

from sqlmodel import Session
from stripe import StripeClient

from api.payments.models import Collection, StripeObject, StripeReturn
from api.payments.service import (
    collections,
    keyed_matches,
    orders,
    posting,
    security_cards,
    subscription_billing,
    suspense,
)
from api.payments.service.posting import Posting, Rate
from api.payments.stripe_rail import (
    chargebacks,
    objects,
    outgoing,
    refunded,
    returns,
    subscribing,
    taxing,
)
from api.payments.stripe_rail.objects import ACTOR, clearing, fees, money
from api.rules.ledger import AccountKey, AccountKind, Entry, transfer
from api.rules.minor_units import from_minor
from api.rules.rails import SECURITIES, CollectionStatus, Purpose
from api.rules.stripe_events import (
    AUTHORISED,
    CAME_TO_NOTHING,
    CANCELED,
    ReturnStatus,
    return_status,
)

_EXPANDED = ["latest_charge.balance_transaction"]
CAPTURED = "succeeded"
_PAID = (CollectionStatus.PARTIALLY_RECEIVED, CollectionStatus.RECEIVED)


class Came(TypedDict):
    """What collections and the suspense account are both told of money that came."""

    amount: Decimal
    currency: str
    clearing: AccountKey
    external_id: str
    actor: str
    details: dict[str, str]


def fold(session: Session, client: StripeClient, row: StripeObject) -> None:
    """Fetch a payment whose row is locked, and book what is new. Raises stripe.StripeError."""
    told = client.v1.payment_intents.retrieve(row.external_id, {"expand": _EXPANDED}).to_dict()
    collection = _collection(session, client, row, told)
    moved = objects.move(session, row, told["status"])
    if moved and collection is not None and collection.purpose in SECURITIES:
        _secure(session, row, collection, told)
    if row.status != CAPTURED:
        return
    charge = told["latest_charge"]
    if moved:
        row.amount, row.currency = money(told["amount_received"], told["currency"])
        row.collection_id = collection.id if collection else None
        session.flush()
        _receive(session, row, collection, charge["id"])
        _tax(session, client, collection)
    _settle_abroad(session, charge)
    if collection is not None:
        _refunds(session, client, row, collection)
        chargebacks.fold(session, client, row, collection)


def _secure(
    session: Session, row: StripeObject, collection: Collection, told: dict[str, Any]
) -> None:
    """A card that stands for a security was authorised, or its authorisation is over."""
    row.collection_id = collection.id
    session.flush()
    if row.status == AUTHORISED:
        charge = told["latest_charge"]
        until = charge["payment_method_details"]["card"]["capture_before"]
        security_cards.authorised(
            session, collection, at=_moment(charge["created"]), until=_moment(until)
        )
    elif row.status == CANCELED:
        security_cards.lapsed(session, collection)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _collection(
    session: Session, client: StripeClient, row: StripeObject, told: dict[str, Any]
) -> Collection | None:
    """What was to be paid: as noted when it was asked for, or as the payment itself says, or its
    customer's subscription."""
    found = row.collection_id or objects.named(told, objects.OF_COLLECTION)
    collection = session.get(Collection, found) if found else None
    if not found:
        collection = subscribing.expected(session, client, told)
    if collection is None or collection.currency != told["currency"].upper():
        return None
    return collection


def _receive(
    session: Session, row: StripeObject, collection: Collection | None, charge_id: str
) -> None:
    assert row.currency is not None
    came: Came = {
        "amount": row.amount,
        "currency": row.currency,
        "clearing": clearing(row.currency),
        "external_id": charge_id,
        "actor": ACTOR,
        "details": {"external_id": charge_id},
    }
    if collection is None:
        suspense.receive(session, reason="unknown_payment", reference=row.external_id, **came)
    else:
        collections.receive(session, collections.locked(session, collection.id), **came)


def _settle_abroad(session: Session, charge: dict[str, Any]) -> None:
    """What Stripe kept as its fee, and the exchange, where the balance has another currency.

    A payment's balance transaction may be there later than the payment: reconciliation may have met
    it first, and booked the fee.
    """
    line = charge.get("balance_transaction")
    if not isinstance(line, dict) or keyed_matches.is_matched(session, line["id"]):
        return
    paid, currency = money(charge["amount"], charge["currency"])
    gross, settled = money(line["amount"], line["currency"])
    posted = []
    if settled != currency:
        entries = [
            *transfer(clearing(settled), AccountKey(AccountKind.FX, settled), gross),
            *transfer(AccountKey(AccountKind.FX, currency), clearing(currency), paid),
        ]
        rate = Rate(Decimal(str(line["exchange_rate"])), f"Stripe {line['id']}")
        key = f"stripe:exchange:{line['id']}"
        posted.append(_posting(key, "stripe.exchanged", entries, charge["id"], rate))
    if line["fee"]:
        entries = transfer(fees(settled), clearing(settled), from_minor(line["fee"], settled))
        posted.append(_posting(f"stripe:fee:{line['id']}", "stripe.fee", entries, charge["id"]))
    if posted:
        posting.post_all(session, posted)


def _tax(session: Session, client: StripeClient, collection: Collection | None) -> None:
    """Keep what of a subscription's payment, made on Stripe's page, is tax by Stripe Tax."""
    page = collection.provider_id if collection is not None else None
    if collection is None or collection.purpose is not Purpose.SUBSCRIPTION or page is None:
        return
    if not page.startswith("cs_"):
        return  # an invoice of Stripe's, whose tax was known when ours was issued
    told = client.v1.checkout.sessions.retrieve(page).to_dict()
    tax = taxing.of_session(told, collection.currency)
    if tax is not None:
        subscription_billing.taxed(session, collection.id, tax)


def _posting(
    key: str, kind: str, entries: list[Entry], charge_id: str, rate: Rate | None = None
) -> Posting:
    return Posting(
        key=key,
        kind=kind,
        entries=entries,
        actor=ACTOR,
        rate=rate,
        details={"external_id": charge_id},
    )


def _refunds(
    session: Session, client: StripeClient, row: StripeObject, collection: Collection
) -> None:
    listed = client.v1.refunds.list({"payment_intent": row.external_id, "limit": 100})
    for each in listed.auto_paging_iter():
        told = each.to_dict()
        amount, _ = money(told["amount"], told["currency"])
        key = (told.get("metadata") or {}).get(objects.KEY)
        part = returns.found(session, row, external_id=told["id"], key=key, amount=amount)
        before = part.status
        if returns.move(session, part, return_status(told["status"])):
            if part.payment_order_id is None:
                refunded.book(session, collection, part, before)
            else:
                _refunded(session, part, told.get("failure_reason"))
    if collection.status in _PAID and returns.gone(session, row) >= row.amount:
        collections.refunded(session, collections.locked(session, collection.id), actor=ACTOR)


def _refunded(session: Session, part: StripeReturn, reason: str | None) -> None:
    assert part.payment_order_id is not None
    assert part.external_id is not None
    order = orders.locked(session, part.payment_order_id)
    if part.status is ReturnStatus.SUCCEEDED:
        outgoing.went_out(session, order, part.external_id)
    elif part.status in CAME_TO_NOTHING:
        outgoing.came_back(session, order, part.external_id, reason or part.status.value)
