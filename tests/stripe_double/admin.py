"""`/_double/…`: what a payer, a bank, a card network or the clock does, and what goes wrong."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Body, Response

from tests.stripe_double import cards, charging, funding
from tests.stripe_double.errors import StripeFault, invalid
from tests.stripe_double.faults import Fault
from tests.stripe_double.resources import (
    accounts,
    checkout,
    disputes,
    outbound,
    payouts,
    refunds,
    tax_registrations,
)
from tests.stripe_double.webhooks import Habits

if TYPE_CHECKING:
    from tests.stripe_double.app import Api

Json = dict[str, Any]
_Act = Callable[["Api", Json], Any]
_ACTS: dict[str, _Act] = {}


def _act(name: str) -> Callable[[_Act], _Act]:
    def register(function: _Act) -> _Act:
        _ACTS[name] = function
        return function

    return register


def router(api: "Api") -> APIRouter:
    """One route: `POST /_double/{act}` with a JSON object; an error reads as Stripe's would."""
    routes = APIRouter(prefix="/_double")

    @routes.post("/deliver")
    async def deliver(habits: Json = Body(default={})) -> list[Json]:
        """Send what waits, once: `copies` of each, shuffled by `seed`; what came of each."""
        api.post.collect()
        return await api.post.send_all(Habits(**habits))

    @routes.post("/{act}")
    async def act(act: str, given: Json = Body(default={})) -> Response:
        if act not in _ACTS:
            return Response(json.dumps({"error": {"message": f"no act {act}"}}), 404)
        try:
            told, status = _ACTS[act](api, given), 200
            if isinstance(told, dict):
                told = api.world.render(told)
        except StripeFault as problem:
            told, status = problem.body, problem.status
        await api.post.after_answer()
        return Response(json.dumps(told), status, media_type="application/json")

    return routes


@_act("reset")
def _reset(api: "Api", given: Json) -> None:
    api.reset()


@_act("fault")
def _fault(api: "Api", given: Json) -> None:
    api.faults.waiting.append(Fault(**given))


@_act("advance")
def _advance(api: "Api", given: Json) -> int:
    """Move the clock on; what is due by then happens."""
    api.world.advance(given["seconds"])
    return api.world.now()


@_act("webhooks")
def _webhooks(api: "Api", given: Json) -> None:
    """How deliveries behave from now on (`Habits`)."""
    api.post.habits = Habits(**given)


@_act("take")
def _take(api: "Api", given: Json) -> list[Json]:
    """The waiting deliveries, signed, for a test that makes the requests itself."""
    api.post.collect()
    taken = [each.signed() for each in api.post.waiting]
    api.post.waiting.clear()
    return taken


@_act("objects")
def _objects(api: "Api", given: Json) -> list[Json]:
    """All that there is, for a check of shapes."""
    return [api.world.render(each) for each in api.world.objects.values()]


@_act("faults")
def _faults(api: "Api", given: Json) -> list[Json]:
    """The failures that have not struck yet."""
    return [asdict(each) for each in api.faults.waiting]


@_act("pay_session")
def _pay_session(api: "Api", given: Json) -> Json:
    """`card` is a number or `pm_card_…`; with `bank_transfer` the payer chooses that instead."""
    session = api.world.find("checkout.session", given["session"])
    if given.get("bank_transfer"):
        return checkout.pay(api.world, session, "customer_balance", email=given.get("email"))
    typed = given.get("card", "4242424242424242")
    card = cards.numbered(typed)
    if card is None and not typed.startswith("pm_"):
        raise invalid("Your card number is invalid.", code="incorrect_number")
    method = charging.card_method(api.world, card)["id"] if card else typed
    return checkout.pay(api.world, session, method, email=given.get("email"))


@_act("authenticate")
def _authenticate(api: "Api", given: Json) -> Json:
    """The payer answers the bank's question (3-D Secure)."""
    intent = api.world.find("payment_intent", given["payment_intent"])
    if intent["status"] != "requires_action" or "_remaining" in intent:
        raise invalid("This PaymentIntent waits for no authentication.")
    if not given.get("succeed", True):
        charging.refuse_authentication(api.world, intent)
        return intent
    intent["_authenticated"] = True
    method = api.world.objects[intent["payment_method"]]
    charging.try_card(api.world, intent, method)
    return intent


@_act("fund")
def _fund(api: "Api", given: Json) -> Json:
    """A bank transfer arrives for a customer."""
    customer = api.world.find("customer", given["customer"])
    return funding.fund(
        api.world, customer, given["amount"], given["currency"], given.get("reference")
    )


@_act("dispute")
def _dispute(api: "Api", given: Json) -> Json:
    charge = api.world.find("charge", given["charge"])
    return disputes.fire(
        api.world,
        charge,
        reason=given.get("reason", "fraudulent"),
        inquiry=given.get("inquiry", False),
    )


@_act("decide_dispute")
def _decide(api: "Api", given: Json) -> Json:
    dispute = api.world.find("dispute", given["dispute"])
    disputes.decide(api.world, dispute, given["status"])
    return dispute


@_act("reinstate_dispute")
def _reinstate(api: "Api", given: Json) -> Json:
    dispute = api.world.find("dispute", given["dispute"])
    disputes.reinstate(api.world, dispute)
    return dispute


@_act("finish_refund")
def _finish_refund(api: "Api", given: Json) -> Json:
    refund = api.world.find("refund", given["refund"])
    refunds.finish(api.world, refund, given["status"])
    return refund


@_act("finish_payout")
def _finish_payout(api: "Api", given: Json) -> Json:
    payout = api.world.find("payout", given["payout"], account=given.get("account"))
    if given["status"] == "paid":
        payouts.arrive(api.world, payout)
    else:
        payouts.fail(api.world, payout)
    return payout


@_act("onboard")
def _onboard(api: "Api", given: Json) -> Json:
    """The owner finishes hosted onboarding; with `rejected`, Stripe refuses for that reason."""
    account = api.world.find(accounts.NAME, given["account"])
    accounts.onboard(api.world, account, rejected=given.get("rejected"))
    return account


@_act("restrict")
def _restrict(api: "Api", given: Json) -> Json:
    account = api.world.find(accounts.NAME, given["account"])
    accounts.restrict(api.world, account)
    return account


@_act("register_tax")
def _register_tax(api: "Api", given: Json) -> Json:
    """The platform registers for tax in a country, whose rate is `rate_bp`."""
    return tax_registrations.register(api.world, **given)


@_act("fund_financial_account")
def _fund_financial_account(api: "Api", given: Json) -> Json:
    """Money arrives on the account from which Global Payouts are paid."""
    account = outbound.financial_account(api.world)
    outbound.move(account, given["currency"], available=given["amount"])
    return account


@_act("finish_outbound_payment")
def _finish_outbound_payment(api: "Api", given: Json) -> Json:
    """`posted`, `failed`, or `returned` by the bank after it had been posted."""
    payment = api.world.find(outbound.PAYMENT, given["outbound_payment"])
    outbound.finish(api.world, payment, given["status"], given.get("reason", "unknown_failure"))
    return payment
