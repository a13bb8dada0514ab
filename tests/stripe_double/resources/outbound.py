"""Global Payouts: payout methods of recipients and payments to them."""

from typing import Any

from tests.stripe_double.errors import StripeFault, invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.resources import accounts
from tests.stripe_double.world import DAY, TIMERS, World

Json = dict[str, Any]
PAYMENT = "v2.money_management.outbound_payment"
_METHOD = "v2.money_management.payout_method"
_FUNDS = "v2.money_management.financial_account"
_URL = "/v2/money_management"
_ENDS = {"processing": ("posted", "failed"), "posted": ("returned",)}
_NAMES = {"posted": "posted_at", "failed": "failed_at", "returned": "returned_at"}


def financial_account(world: World) -> Json:
    """The platform's only one, made when it is first asked for."""
    if held := world.all(_FUNDS):
        return held[0]
    empty: Json = {"available": {}, "inbound_pending": {}, "outbound_pending": {}}
    return world.new(
        _FUNDS,
        "fa_test",
        balance=empty,
        country="US",
        metadata={},
        status="open",
        storage={"deposit_insurance_eligibility": None, "holds_currencies": ["usd", "eur", "gbp"]},
        type="storage",
    )


def move(account: Json, currency: str, *, available: int = 0, pending: int = 0) -> None:
    for name, change in (("available", available), ("outbound_pending", pending)):
        held = account["balance"][name].setdefault(currency, {"value": 0, "currency": currency})
        held["value"] += change


@serves("v2.money_management.financial_accounts.list")
def list_accounts(call: Call) -> Json:
    held = [financial_account(call.world)]
    return call.world.listed_v2(held, call.params, f"{_URL}/financial_accounts")


@serves("v2.money_management.financial_accounts.retrieve")
def retrieve_account(call: Call) -> Json:
    return call.world.find(_FUNDS, call.id)


@serves("v2.money_management.outbound_setup_intents.create")
def set_up(call: Call) -> Json:
    """On behalf of the recipient (`stripe_context`): a bank account becomes a payout method."""
    data = call.params.get("payout_method_data")
    if call.account is None or not data or "bank_account" not in data:
        raise invalid("the double models bank accounts of recipients (stripe_context)")
    given = data["bank_account"]
    country, currency = given["country"].upper(), given["currency"].lower()
    if country not in accounts.BANK_ACCOUNTS:
        raise invalid(
            f"Bank accounts in {country} are not supported.",
            param="payout_method_data[bank_account][country]",
        )
    usage = call.params.get("usage_intent") or "payment"
    method = call.world.new(
        _METHOD,
        "usba_test",
        call.account,
        archived=False,
        bank_account={
            "bank_account_type": given.get("bank_account_type") or "checking",
            "bank_name": "Stripe test bank",
            "branch_number": given.get("branch_number"),
            "country": country,
            "financial_connections_account": None,
            "last4": given["account_number"][-4:],
            "routing_number": given.get("routing_number"),
            "supported_currencies": [currency],
            "swift_code": given.get("swift_code"),
        },
        restricted=False,
        type="bank_account",
        usage_status={"payments": "eligible", "transfers": "ineligible"},
    )
    intent = call.world.new(
        "v2.money_management.outbound_setup_intent",
        "usi_test",
        call.account,
        payout_method=method,
        status="succeeded",
        usage_intent=usage,
    )
    method["latest_outbound_setup_intent"] = intent["id"]
    return intent


@serves("v2.money_management.payout_methods.list")
def list_methods(call: Call) -> Json:
    held = call.world.all(_METHOD, call.account)
    return call.world.listed_v2(held, call.params, f"{_URL}/payout_methods")


@serves("v2.money_management.payout_methods.retrieve")
def retrieve_method(call: Call) -> Json:
    return call.world.find(_METHOD, call.id, account=call.account)


@serves("v2.money_management.payout_methods.archive")
def archive(call: Call) -> Json:
    method = call.world.find(_METHOD, call.id, account=call.account)
    method["archived"] = True
    return method


@serves("v2.money_management.outbound_payments.create")
def create(call: Call) -> Json:
    world, given = call.world, call.params
    source = world.find(_FUNDS, given["from"]["financial_account"], param="from")
    recipient = world.find(accounts.NAME, given["to"]["recipient"], param="to[recipient]")
    method = _method(world, recipient, given["to"].get("payout_method"))
    amount, currency = int(given["amount"]["value"]), given["amount"]["currency"].lower()
    if amount < 1:
        raise invalid("The amount must be positive.", param="amount[value]")
    if given["from"]["currency"].lower() != currency:
        raise invalid("the double models no conversion of currencies", param="from[currency]")
    if source["balance"]["available"].get(currency, {"value": 0})["value"] < amount:
        raise StripeFault(
            400,
            "Your FinancialAccount has insufficient funds for this OutboundPayment.",
            type="insufficient_funds",
            code="outbound_payment_insufficient_funds",
        )
    move(source, currency, available=-amount, pending=amount)
    money = {"value": amount, "currency": currency}
    payment = world.new(
        PAYMENT,
        "obp_test",
        **{"from": {"debited": dict(money), "financial_account": source["id"]}},
        amount=dict(money),
        cancelable=True,
        description=given.get("description"),
        expected_arrival_date=world.now_text(3 * DAY),
        metadata=given.get("metadata") or {},
        recipient_notification=given.get("recipient_notification") or {"setting": "configured"},
        statement_descriptor=given.get("statement_descriptor") or "STRIPE",
        status="processing",
        status_transitions=dict.fromkeys(("canceled_at", *_NAMES.values())),
        to={
            "credited": dict(money),
            "payout_method": method["id"],
            "payout_method_options": None,
            "recipient": recipient["id"],
        },
        _due=world.now() + DAY,
    )
    _tell(world, payment, "created")
    return payment


def _method(world: World, recipient: Json, found: str | None) -> Json:
    """An eligible payout method of a recipient who may be paid through banks."""
    held = [m for m in world.all(_METHOD, recipient["id"]) if found in (None, m["id"])]
    if not held or held[0]["archived"] or held[0]["restricted"]:
        raise StripeFault(
            400,
            "The payout method does not exist, is archived or does not belong to the recipient.",
            type="invalid_payout_method",
            code="invalid_payout_method",
        )
    settings = recipient["configuration"]["recipient"] or {}
    banks = (settings.get("capabilities") or {}).get("bank_accounts") or {}
    if not any(each.get("status") == "active" for each in banks.values()):
        raise StripeFault(
            400,
            "The recipient's bank_accounts capability is not active.",
            type="feature_not_enabled",
            code="recipient_feature_not_active",
        )
    return held[0]


def finish(world: World, payment: Json, status: str, reason: str) -> None:
    """Let it leave, fail or come back; what fails or comes back is available again."""
    if status not in _ENDS.get(payment["status"], ()):
        raise invalid(f"An OutboundPayment that is {payment['status']} cannot become {status}.")
    amount, currency = payment["amount"]["value"], payment["amount"]["currency"]
    back = 0 if status == "posted" else amount
    left = amount if payment["status"] == "processing" else 0
    move(financial_account(world), currency, available=back, pending=-left)
    payment |= {"status": status, "cancelable": False}
    payment["status_transitions"][_NAMES[status]] = world.now_text()
    if status != "posted":
        empty: Json = {"failed": None, "processing": None, "returned": None}
        payment["status_details"] = {**empty, status: {"reason": reason}}
        payment["expected_arrival_date"] = None
    _tell(world, payment, status)


def _post_due(world: World) -> None:
    for payment in world.all(PAYMENT):
        if payment["status"] == "processing" and payment["_due"] <= world.now():
            finish(world, payment, "posted", "")


TIMERS.append(_post_due)


@serves("v2.money_management.outbound_payments.cancel")
def cancel(call: Call) -> Json:
    payment = call.world.find(PAYMENT, call.id)
    if not payment["cancelable"]:
        canceled = payment["status"] == "canceled"
        kind = "already_canceled" if canceled else "not_cancelable"
        raise StripeFault(
            400,
            "This OutboundPayment cannot be canceled.",
            type=kind,
            code=f"outbound_payment_{kind}",
        )
    amount, currency = payment["amount"]["value"], payment["amount"]["currency"]
    move(financial_account(call.world), currency, available=amount, pending=-amount)
    payment |= {"status": "canceled", "cancelable": False, "expected_arrival_date": None}
    payment["status_transitions"]["canceled_at"] = call.world.now_text()
    _tell(call.world, payment, "canceled")
    return payment


@serves("v2.money_management.outbound_payments.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find(PAYMENT, call.id)


@serves("v2.money_management.outbound_payments.list")
def list_(call: Call) -> Json:
    held, given = call.world.all(PAYMENT), call.params
    if recipient := given.get("recipient"):
        held = [each for each in held if each["to"]["recipient"] == recipient]
    if wanted := given.get("status"):
        held = [each for each in held if each["status"] in wanted]
    return call.world.listed_v2(held, given, f"{_URL}/outbound_payments")


def _tell(world: World, payment: Json, what: str) -> None:
    url = f"{_URL}/outbound_payments/{payment['id']}"
    world.tell_v2(f"{PAYMENT}.{what}", payment, url)
