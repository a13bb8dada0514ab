"""Checkout Sessions: payment, setup and subscription; who pays is played by the admin API."""

from typing import Any

from tests.stripe_double import billing, charging, funding, taxes
from tests.stripe_double.errors import StripeFault, invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.resources import payment_intents, prices, setup_intents
from tests.stripe_double.resources.common import merge
from tests.stripe_double.world import DAY, EXPANDABLE, TIMERS, World

Json = dict[str, Any]
_SHOWN = (
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_creation",
    "customer_email",
    "locale",
    "return_url",
    "submit_type",
    "success_url",
)


@serves("v1.checkout.sessions.create")
def create(call: Call) -> Json:
    world, given, mode = call.world, call.params, call.get("mode") or "payment"
    _check(call, mode)
    lines = [_line(world, each) for each in given.get("line_items") or ()]
    total = sum(line["amount_total"] for line in lines) if lines else None
    if taxed := taxes.asked(given):
        customer = world.objects[given["customer"]] if given.get("customer") else None
        taxes.require(world, customer, [line["price"] for line in lines])
    currency = lines[0]["currency"] if lines else given.get("currency")
    session = world.new(
        "checkout.session",
        "cs_test",
        **{name: call.get(name) for name in _SHOWN},
        amount_subtotal=total,
        amount_total=total,
        automatic_tax={
            "enabled": taxed,
            "liability": {"type": "self"} if taxed else None,
            "provider": "stripe" if taxed else None,
            "status": "requires_location_inputs" if taxed else None,
        },
        currency=currency,
        custom_fields=[],
        custom_text={},
        expires_at=call.get("expires_at") or world.now() + DAY,
        metadata=given.get("metadata") or {},
        mode=mode,
        payment_method_types=given.get("allowed_payment_method_types") or ["card"],
        payment_status="no_payment_required" if mode == "setup" else "unpaid",
        shipping_options=[],
        status="open",
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
        if lines
        else None,
        ui_mode=given.get("ui_mode") or "hosted_page",
        _given={
            name: given.get(name) or {}
            for name in (
                "payment_intent_data",
                "payment_method_options",
                "setup_intent_data",
                "subscription_data",
            )
        },
        _lines=lines,
    )
    if session["ui_mode"] == "hosted_page":
        session["url"] = f"https://checkout.stripe.com/c/pay/{session['id']}"
    return session


def _check(call: Call, mode: str) -> None:
    given = call.params
    charging.not_modelled(given, "discounts", "shipping_options", "optional_items")
    inner = given.get("payment_intent_data") or {}
    charging.not_modelled(inner, "application_fee_amount", "transfer_data", "on_behalf_of")
    if customer := call.get("customer"):
        call.world.find("customer", customer, param="customer")
        if call.get("customer_email"):
            raise invalid("You may only specify one of these parameters: customer, customer_email.")
    if mode != "setup" and not given.get("line_items"):
        raise invalid(
            f"You must include line_items when using `mode: {mode}`.",
            param="line_items",
            code="parameter_missing",
        )
    if (given.get("ui_mode") or "hosted_page") == "hosted_page" and not given.get("success_url"):
        raise invalid(
            "Missing required param: success_url.", param="success_url", code="parameter_missing"
        )
    if mode != "payment" and inner:
        raise invalid(
            f"You can not pass `payment_intent_data` in `{mode}` mode.", param="payment_intent_data"
        )
    if "customer_balance" in (given.get("allowed_payment_method_types") or ()) and not customer:
        raise invalid("`customer` is required with `customer_balance`.", param="customer")
    lasts = (call.get("expires_at") or call.world.now() + DAY) - call.world.now()
    if not 1795 <= lasts <= DAY:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from"
            " Checkout Session creation.",
            param="expires_at",
        )


def _line(world: World, given: Json) -> Json:
    if "price_data" in given:
        price = prices.make_price(world, given["price_data"])
    else:
        price = world.find("price", given.get("price", ""), param="line_items[price]")
    quantity = given.get("quantity", 1)
    amount = price["unit_amount"] * quantity
    product = world.objects[price["product"]]
    return world.new(
        "item",
        "li",
        amount_discount=0,
        amount_subtotal=amount,
        amount_tax=0,
        amount_total=amount,
        currency=price["currency"],
        description=product["name"],
        price=world.render(price),
        quantity=quantity,
    )


def pay(world: World, session: Json, method: str, *, email: str | None = None) -> Json:
    """Play the payer on Stripe's page: `method` is a payment method or `customer_balance`."""
    if session["status"] != "open":
        raise invalid(f"This Checkout Session is {session['status']}.")
    if session["mode"] == "setup":
        _set_up(world, session, method)
    elif session["mode"] == "subscription":
        _subscribe(world, session, method, email)
    else:
        _pay_once(world, session, method)
    if session["status"] == "complete":
        _tax(world, session)
        details = {"email": email or session["customer_email"], "name": None, "phone": None}
        empty = {"address": None, "business_name": None, "individual_name": None}
        session["customer_details"] = {**empty, **details, "tax_exempt": "none", "tax_ids": []}
        world.tell("checkout.session.completed", session)
    return session


def _tax(world: World, session: Json) -> None:
    """What of the total is tax, by where the customer is."""
    if session["automatic_tax"]["enabled"]:
        customer = world.objects[session["customer"]]
        tax = taxes.within(world, customer, session["amount_total"])["amount"]
        session["automatic_tax"]["status"] = "complete"
        session["total_details"]["amount_tax"] = tax


def _pay_once(world: World, session: Json, method: str) -> None:
    given = session["_given"]["payment_intent_data"]
    kind = "customer_balance" if method == "customer_balance" else "card"
    if kind not in session["payment_method_types"]:
        raise invalid(f"This Checkout Session does not take {kind}.")
    intent = world.objects.get(session["payment_intent"] or "")
    if intent is None:
        values = {
            **given,
            "amount": session["amount_total"],
            "currency": session["currency"],
            "customer": session["customer"],
            "allowed_payment_method_types": session["payment_method_types"],
        }
        intent = payment_intents.make(world, {k: v for k, v in values.items() if v is not None})
        intent["_session"] = session["id"]
        session["payment_intent"] = intent["id"]
    if kind == "card":
        charging.try_card(world, intent, charging.method(world, method))
    else:
        options = session["_given"]["payment_method_options"].get("customer_balance") or {}
        funding.ask(world, intent, options)
    paid = intent["status"] in ("succeeded", "requires_capture")
    if paid or kind == "customer_balance":
        session["status"] = "complete"
        session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"


def _after_success(world: World, intent: Json) -> None:
    """A bank transfer that came later, or a payer who has authenticated."""
    session = world.objects.get(intent.get("_session") or "")
    if session is None:
        return
    if session["status"] == "complete" and session["payment_status"] == "unpaid":
        session["payment_status"] = "paid"
        world.tell("checkout.session.async_payment_succeeded", session)
    elif session["status"] == "open" and intent.get("_authenticated"):
        session |= {"status": "complete", "payment_status": "paid"}
        world.tell("checkout.session.completed", session)


charging.AFTER_SUCCESS.append(_after_success)


def _set_up(world: World, session: Json, method: str) -> None:
    values = {**session["_given"]["setup_intent_data"], "customer": session["customer"]}
    intent = setup_intents.make(world, {k: v for k, v in values.items() if v is not None})
    session["setup_intent"] = intent["id"]
    setup_intents.confirm_setup(world, intent, method)
    session["status"] = "complete"


def _subscribe(world: World, session: Json, method: str, email: str | None) -> None:
    if not session["customer"]:
        email = email or session["customer_email"]
        session["customer"] = billing.new_customer(world, email)["id"]
    used = charging.method(world, method)
    card = used["_card"]
    if card.decline:
        raise StripeFault(402, card.decline.message, type="card_error", code=card.decline.code)
    used["customer"] = session["customer"]
    items = [{"price": e["price"]["id"], "quantity": e["quantity"]} for e in session["_lines"]]
    given = {**session["_given"]["subscription_data"], "customer": session["customer"]}
    given |= {"items": items, "default_payment_method": used["id"]}
    subscription = billing.subscribe(world, given)
    session |= {
        "invoice": subscription["latest_invoice"],
        "payment_status": "paid",
        "status": "complete",
        "subscription": subscription["id"],
    }


def expire_session(world: World, session: Json) -> None:
    session |= {"status": "expired", "url": None}
    world.tell("checkout.session.expired", session)


def _expire_due(world: World) -> None:
    for session in world.all("checkout.session"):
        if session["status"] == "open" and session["expires_at"] <= world.now():
            expire_session(world, session)


TIMERS.append(_expire_due)


@serves("v1.checkout.sessions.expire")
def expire(call: Call) -> Json:
    session = call.world.find("checkout.session", call.id)
    if session["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
            f" Session has a status of `{session['status']}`."
        )
    expire_session(call.world, session)
    return session


@serves("v1.checkout.sessions.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("checkout.session", call.id)


@serves("v1.checkout.sessions.update")
def update(call: Call) -> Json:
    session = call.world.find("checkout.session", call.id)
    merge(session, {k: v for k, v in call.params.items() if k == "metadata"})
    return session


@serves("v1.checkout.sessions.list")
def list_(call: Call) -> Json:
    return call.world.listed(
        call.world.all("checkout.session"),
        call.params,
        "/v1/checkout/sessions",
        filters=["customer", "payment_intent", "status", "subscription"],
    )


@serves("v1.checkout.sessions.line_items.list")
def line_items(call: Call) -> Json:
    session = call.world.find("checkout.session", call.id)
    return call.world.listed(
        session["_lines"], call.params, f"/v1/checkout/sessions/{call.id}/line_items"
    )


def _lines_of(world: World, session: Json) -> Json:
    lines = world.objects[session["id"]]["_lines"]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    page = world.listed(lines, {"limit": 100}, url)
    return {**page, "data": [world.render(line) for line in lines]}


EXPANDABLE["checkout.session", "line_items"] = _lines_of
