"""Subscriptions: each period makes an invoice, each invoice a payment that may fail."""

from datetime import UTC, datetime
from typing import Any

from dateutil.relativedelta import relativedelta

from tests.stripe_double import charging, taxes
from tests.stripe_double.errors import StripeFault, invalid
from tests.stripe_double.resources import payment_intents
from tests.stripe_double.world import DAY, EXPANDABLE, TIMERS, World

Json = dict[str, Any]
RETRY = 3 * DAY
ATTEMPTS = 4
"""A renewal that was declined so often ends its subscription."""
LIVING = ("active", "past_due", "trialing")


def new_customer(world: World, email: str | None) -> Json:
    customer = world.new("customer", "cus", email=email, balance=0, metadata={}, _cash={})
    world.tell("customer.created", customer)
    return customer


def subscribe(world: World, given: Json) -> Json:
    """A subscription and its first invoice, which is paid at once where a card is known."""
    customer = world.find("customer", given["customer"], param="customer")
    prices = [_recurring(world, each) for each in given.get("items") or ()]
    if not prices:
        raise invalid("Missing required param: items.", param="items", code="parameter_missing")
    if method := given.get("default_payment_method"):
        method = charging.method(world, method, "default_payment_method")["id"]
    collection = given.get("collection_method") or "charge_automatically"
    charged = collection == "charge_automatically"
    charged = charged and given.get("payment_behavior") != "default_incomplete"
    if charged and not (method or _default(customer)):
        raise invalid(
            "This customer has no attached payment source or default payment method. Please"
            " consider adding a default payment method.",
            code="resource_missing",
        )
    if taxes.asked(given):
        taxes.require(world, customer, [price for price, _ in prices])
    now, trial = world.now(), given.get("trial_period_days") or 0
    started: Json = {
        "billing_cycle_anchor": now + trial * DAY,
        "cancel_at_period_end": bool(given.get("cancel_at_period_end")),
        "collection_method": collection,
        "currency": prices[0][0]["currency"],
        "customer": customer["id"],
        "days_until_due": given.get("days_until_due"),
        "default_payment_method": method,
        "description": given.get("description"),
        "metadata": given.get("metadata") or {},
        "start_date": now,
        "trial_end": now + trial * DAY if trial else None,
        "trial_start": now if trial else None,
    }
    subscription = world.new(
        "subscription",
        "sub",
        automatic_tax=dict(taxes.ON if taxes.asked(given) else taxes.OFF),
        billing_mode={"type": "flexible", "flexible": {"proration_discounts": "itemized"}},
        billing_schedules=[],
        discounts=[],
        invoice_settings={"account_tax_ids": None, "issuer": {"type": "self"}},
        items={"object": "list", "data": [], "has_more": False, "url": "/v1/subscription_items"},
        status="trialing" if trial else "incomplete",
        **started,
    )
    end = now + trial * DAY if trial else None
    for price, quantity in prices:
        subscription["items"]["data"].append(_item(world, subscription, price, quantity, now, end))
    world.tell("customer.subscription.created", subscription)
    invoice = bill(world, subscription, "subscription_create", free=bool(trial))
    _first_payment(world, subscription, invoice, given.get("payment_behavior"))
    return subscription


def _first_payment(world: World, subscription: Json, invoice: Json, behaviour: str | None) -> None:
    if subscription["status"] == "trialing":
        return
    if subscription["collection_method"] == "send_invoice":
        move(world, subscription, "active")
    elif behaviour != "default_incomplete":
        try:
            pay(world, invoice)
        except StripeFault:
            if behaviour == "error_if_incomplete":
                del world.objects[subscription["id"]]
                raise


def reprice(world: World, subscription: Json, items: Any, given: Json) -> None:
    """Give items other prices from the next invoice on; what is left of a period is not prorated."""
    behaviour = given.pop("proration_behavior", None)
    if items and behaviour != "none":
        raise invalid(
            "the double does not model proration: proration_behavior must be none",
            param="proration_behavior",
        )
    for each in items:
        item = world.find("subscription_item", each["id"], param="items[0][id]")
        price, quantity = _recurring(world, {"quantity": item["quantity"], **each})
        period = item["current_period_start"], item["current_period_end"]
        fresh = _item(world, subscription, price, quantity, *period)
        del world.objects[fresh["id"]]
        item |= {name: fresh[name] for name in ("plan", "price", "quantity")}


def _recurring(world: World, given: Json) -> tuple[Json, int]:
    price = world.find("price", given.get("price", ""), param="items[0][price]")
    if price["type"] != "recurring":
        raise invalid(
            f"The price specified is set to `type={price['type']}` but this field only accepts"
            " prices with `type=recurring`.",
            param="items[0][price]",
        )
    return price, given.get("quantity", 1)


def _item(
    world: World, subscription: Json, price: Json, quantity: int, start: int, end: int | None
) -> Json:
    recurring = price["recurring"]
    plan = {
        **{k: price[k] for k in ("active", "billing_scheme", "created", "currency", "metadata")},
        "amount": price["unit_amount"],
        "id": price["id"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "object": "plan",
        "product": price["product"],
        "usage_type": recurring["usage_type"],
    }
    return world.new(
        "subscription_item",
        "si",
        current_period_end=end or _next(start, recurring),
        current_period_start=start,
        discounts=[],
        metadata={},
        plan=plan,
        price=world.render(price),
        quantity=quantity,
        subscription=subscription["id"],
    )


def _next(start: int, recurring: Json) -> int:
    step: Any = {f"{recurring['interval']}s": recurring["interval_count"]}
    return int((datetime.fromtimestamp(start, UTC) + relativedelta(**step)).timestamp())


def bill(world: World, subscription: Json, reason: str, *, free: bool = False) -> Json:
    """The finalised invoice of a subscription's current period."""
    items, currency = subscription["items"]["data"], subscription["currency"]
    lines = [_line(world, subscription, item, free) for item in items]
    total = sum(line["amount"] for line in lines)
    now, due = world.now(), subscription["days_until_due"]
    automatic, taxed = dict(subscription["automatic_tax"]), []
    if automatic["enabled"]:
        taxed = [taxes.within(world, world.objects[subscription["customer"]], total)]
    tax = sum(each["amount"] for each in taxed)
    invoice = world.new(
        "invoice",
        "in",
        amount_due=total,
        amount_overpaid=0,
        amount_paid=0,
        amount_remaining=total,
        amount_shipping=0,
        attempt_count=0,
        attempted=False,
        auto_advance=True,
        automatic_tax={
            **automatic,
            "provider": "stripe" if taxed else None,
            "status": "complete" if taxed else None,
        },
        billing_reason=reason,
        collection_method=subscription["collection_method"],
        currency=currency,
        customer=subscription["customer"],
        default_tax_rates=[],
        discounts=[],
        due_date=now + due * DAY if due else None,
        effective_at=now,
        issuer={"type": "self"},
        lines={"object": "list", "data": lines, "has_more": False, "url": "/v1/invoices/lines"},
        metadata={},
        parent={
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
            },
        },
        payment_settings={"default_mandate": None, "payment_method_types": None},
        period_end=now,
        period_start=now,
        post_payment_credit_notes_amount=0,
        pre_payment_credit_notes_amount=0,
        starting_balance=0,
        status="open",
        status_transitions={
            "finalized_at": now,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        subtotal=total,
        subtotal_excluding_tax=total - tax,
        total=total,
        total_excluding_tax=total - tax,
        total_taxes=taxed,
        _subscription=subscription["id"],
    )
    invoice["number"] = f"DOUBLE-{len(world.all('invoice')):04d}"
    invoice["hosted_invoice_url"] = f"https://invoice.stripe.com/i/{invoice['id']}"
    subscription["latest_invoice"] = invoice["id"]
    world.tell("invoice.created", invoice)
    world.tell("invoice.finalized", invoice)
    if not total:
        _paid(world, invoice)
    return invoice


def _line(world: World, subscription: Json, item: Json, free: bool) -> Json:
    amount = 0 if free else item["price"]["unit_amount"] * item["quantity"]
    price = {"price": item["price"]["id"], "product": item["price"]["product"]}
    details = {
        "invoice_item": None,
        "proration": False,
        "proration_details": None,
        "subscription": subscription["id"],
        "subscription_item": item["id"],
    }
    made = world.new(
        "line_item",
        "il",
        amount=amount,
        currency=subscription["currency"],
        discountable=True,
        discounts=[],
        metadata={},
        parent={
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": details,
        },
        period={"start": item["current_period_start"], "end": item["current_period_end"]},
        pricing={
            "type": "price_details",
            "price_details": price,
            "unit_amount_decimal": item["price"]["unit_amount_decimal"],
        },
        quantity=item["quantity"],
        subtotal=amount,
    )
    return world.render(made)


def pay(world: World, invoice: Json, method: str | None = None) -> None:
    """Try to collect an invoice from a card; a decline is recorded and raised."""
    if invoice["status"] != "open":
        raise invalid(
            f"Invoice is {invoice['status']} and cannot be paid.", code="invoice_not_open"
        )
    subscription = world.objects[invoice["_subscription"]]
    chosen = method or subscription["default_payment_method"]
    chosen = chosen or _default(world.objects[invoice["customer"]])
    if not chosen:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice.",
            code="invoice_payment_intent_requires_action",
        )
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    values = {"amount": invoice["amount_remaining"], "currency": invoice["currency"]}
    values |= {"customer": invoice["customer"], "allowed_payment_method_types": ["card"]}
    intent = payment_intents.make(world, values)
    invoice["_intents"] = [*invoice.get("_intents", ()), intent["id"]]
    used = charging.method(world, chosen)
    try:
        charging.try_card(world, intent, used, off_session=True)
    except StripeFault:
        _declined(world, invoice, subscription)
        raise
    _paid(world, invoice)


def _paid(world: World, invoice: Json) -> None:
    invoice |= {"amount_paid": invoice["total"], "amount_remaining": 0, "status": "paid"}
    invoice |= {"next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["paid_at"] = world.now()
    world.tell("invoice.paid", invoice)
    world.tell("invoice.payment_succeeded", invoice)
    subscription = world.objects[invoice["_subscription"]]
    if subscription["status"] in ("incomplete", "past_due"):
        move(world, subscription, "active")


def _declined(world: World, invoice: Json, subscription: Json) -> None:
    invoice["next_payment_attempt"] = world.now() + RETRY
    world.tell("invoice.payment_failed", invoice)
    if subscription["status"] in ("active", "trialing"):
        move(world, subscription, "past_due")


def void(world: World, invoice: Json) -> None:
    if invoice["status"] != "open":
        raise invalid(f"Invoice is {invoice['status']} and cannot be voided.")
    invoice |= {"status": "void", "amount_remaining": 0, "next_payment_attempt": None}
    invoice["status_transitions"]["voided_at"] = world.now()
    world.tell("invoice.voided", invoice)


def move(world: World, subscription: Json, status: str) -> None:
    previous = {"status": subscription["status"]}
    subscription["status"] = status
    world.tell("customer.subscription.updated", subscription, previous=previous)


def end(world: World, subscription: Json) -> None:
    now = world.now()
    subscription |= {"status": "canceled", "ended_at": now}
    subscription["canceled_at"] = subscription["canceled_at"] or now
    world.tell("customer.subscription.deleted", subscription)


def _default(customer: Json) -> str | None:
    found: str | None = (customer["invoice_settings"] or {}).get("default_payment_method")
    return found


def _work(world: World) -> None:
    """Renew what has come to its end, try declined invoices again."""
    for subscription in world.all("subscription"):
        while subscription["status"] in LIVING and _over(world, subscription):
            _renew(world, subscription)
    for invoice in world.all("invoice"):
        due = invoice["next_payment_attempt"]
        subscription = world.objects[invoice["_subscription"]]
        while due and due <= world.now() and subscription["status"] in LIVING:
            _again(world, invoice, subscription)
            due = due + RETRY if invoice["status"] == "open" else None


def _over(world: World, subscription: Json) -> bool:
    return bool(subscription["items"]["data"][0]["current_period_end"] <= world.now())


def _renew(world: World, subscription: Json) -> None:
    if subscription["cancel_at_period_end"]:
        end(world, subscription)
        return
    for item in subscription["items"]["data"]:
        start = item["current_period_end"]
        item["current_period_start"] = start
        item["current_period_end"] = _next(start, item["price"]["recurring"])
    if subscription["status"] == "trialing":
        move(world, subscription, "active")
    invoice = bill(world, subscription, "subscription_cycle")
    if subscription["collection_method"] == "charge_automatically":
        _again(world, invoice, subscription)


def _again(world: World, invoice: Json, subscription: Json) -> None:
    try:
        pay(world, invoice)
    except StripeFault:
        if invoice["attempt_count"] >= ATTEMPTS:
            invoice["next_payment_attempt"] = None
            end(world, subscription)


TIMERS.append(_work)


def _payments_of(world: World, invoice: Json) -> Json:
    held = world.objects[invoice["id"]]
    intents = [world.objects[each] for each in held.get("_intents", ())]
    url = "/v1/invoice_payments"
    payments = [
        {
            "id": f"inpay_{intent['id'][3:]}",
            "object": "invoice_payment",
            "amount_paid": intent["amount_received"] or None,
            "amount_requested": intent["amount"],
            "created": intent["created"],
            "currency": intent["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
            "status": "paid" if intent["status"] == "succeeded" else "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
        for intent in intents
    ]
    return {"object": "list", "data": payments, "has_more": False, "url": url}


EXPANDABLE["invoice", "payments"] = _payments_of
