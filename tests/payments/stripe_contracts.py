"""Contracts that are paid for and paid out through the double of Stripe: by HTTP, jobs, the real SDK."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from api.core import ids
from tests.contracts import test_disputes as disputes
from tests.payments import paying
from tests.payments.paying import Paid
from tests.payments.stripe_world import StripeWorld

type AsOrg = Callable[..., Any]
CARD = "pm_card_bypassPending"
WHOLE: tuple[Mapping[str, Any], ...] = (
    {"number": 1, "kind": "on_acceptance", "basis_points": 10000},
)


def agreed(
    world: StripeWorld,
    session: Session,
    as_org: AsOrg,
    *rows: Mapping[str, Any],
    parts: Any = paying.USUAL,
) -> Paid:
    """A contract about 600 desks, worth a million, whose supplier is paid at Stripe."""
    return paying.agreed(
        session,
        as_org,
        world.drain,
        *rows,
        parts=parts,
        payee_of=lambda supplier: payee(world, supplier),
    )


def payee(world: StripeWorld, supplier: Any) -> str:
    """An account of a supplier that Stripe pays to."""
    return ids.show("payeeaccount", world.payee("DE", of=supplier, currency="KGS"))


def account_of(world: StripeWorld, shown: str) -> str:
    """What Stripe calls a payee's account."""
    found = world.account_of(ids.parse("payeeaccount", shown)).provider_account_id
    assert found is not None
    return found


def fund(world: StripeWorld, case: Paid, *amounts: str, card: str = CARD) -> list[Any]:
    """Have the buyer asked for money, and pay it on Stripe's pages; what was asked for."""
    made = []
    for amount in amounts:
        body = {"amount": amount, "rail": "stripe", "due_at": "2099-01-01T00:00:00Z"}
        answer = case.first.post(case.url("fundings"), json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json())
        world.drain()
        collection = world.collection(ids.parse("collection", made[-1]["collection_id"]))
        world.last = collection.id
        world.double.act("pay_session", session=collection.provider_id, card=card)
    world.deliver()
    return made


def reserve(world: StripeWorld) -> None:
    """Other money on the platform's balance, from which Stripe takes its fees."""
    world.pay("50000", "KGS")
    world.deliver()


def release(world: StripeWorld, case: Paid) -> None:
    """Let two people approve what is due, and Stripe transfer it."""
    for each in case.payments(status="due"):
        paying.approved(case, each)
    world.deliver()


def released(world: StripeWorld, session: Session, as_org: AsOrg) -> Paid:
    """Everything was accepted and paid out: 600 000 and 400 000 came, a million has gone."""
    case = agreed(world, session, as_org, parts=WHOLE)
    fund(world, case, "600000", "400000")
    reserve(world)
    paying.deliver(case, "600")
    release(world, case)
    assert [each["status"] for each in case.payments()] == ["paid"]
    return case


def owe(case: Paid) -> None:
    """Let a dispute end with 10 000 that the supplier owes."""
    dispute = disputes.opened(case.made)
    offer = disputes.act(case.made.supplier, dispute, "offer-settlement", **disputes.TERMS)
    assert offer.status_code == 200, offer.text
    assert disputes.act(case.made.buyer, dispute, "settle").status_code == 200
    case.drain()


def paid_out(world: StripeWorld, case: Paid, amount: int) -> str:
    """The supplier's balance at Stripe goes to its bank, but for what is left, in tyiyn; the payout."""
    made = world.api.v1.payouts.create(
        {"amount": amount, "currency": "kgs"},
        {"stripe_account": account_of(world, case.account)},
    )
    return made.id


def sent_back(world: StripeWorld, case: Paid, payout: str) -> None:
    """The supplier's bank refuses a payout: its balance has the money again."""
    account = account_of(world, case.account)
    world.double.act("finish_payout", payout=payout, account=account, status="failed")


def recoveries(case: Paid) -> list[Any]:
    """What the supplier came to owe, as it sees it."""
    answer = case.made.supplier.get(case.url("recoveries"))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def refund(case: Paid, amount: str, account: str | None = None) -> Any:
    """Ask for money back, and have another person approve it; as it is after that."""
    body = {"amount": amount, "reason": "Возврат", "payee_account_id": account}
    answer = case.first.post(case.url("refunds"), json=body)
    assert answer.status_code == 201, answer.text
    url = case.url(f"refunds/{answer.json()['number']}/approve")
    answer = case.second.post(url)
    assert answer.status_code == 200, answer.text
    case.drain()
    return answer.json()


def refunds(case: Paid) -> list[str]:
    """How far the refunds have come."""
    answer = case.made.buyer.get(case.url("refunds"))
    assert answer.status_code == 200, answer.text
    return [each["status"] for each in answer.json()["items"]]


def reconciled(world: StripeWorld, currency: str = "kgs") -> Decimal:
    """The clearing account is what Stripe has; that amount."""
    books = world.ledger()[f"stripe_clearing {currency.upper()}"]
    assert books == world.at_stripe(currency)
    return books
