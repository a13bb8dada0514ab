"""The money of one contract on the double of Stripe, told step by step: `kerben demo --with-payments`.

No account at Stripe is used and no money moves: the real SDK speaks HTTP on loopback to the double
of `tests/stripe_double`. Bids and the evaluation are entered as an opening and a commission leave
them; from the award on every act is a request to the API, and every reaction the real task.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from api.core import db
from api.payments.models import CommissionTariff
from api.payments.service import balances
from api.rules.clock import local_date
from tests.payments import paying
from tests.payments import stripe_contracts as contracts
from tests.payments.paying import Paid
from tests.payments.stripe_world import StripeWorld
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
LABEL = "A double of Stripe on loopback: no account at Stripe, no money."
DAY = 86_400


@dataclass
class Told:
    """What was shown: the acts, the trial balance, what reconciliation left open."""

    acts: list[str] = field(default_factory=list)
    trial_balance: list[Mapping[str, Any]] = field(default_factory=list)
    reconciliation: list[Mapping[str, Any]] = field(default_factory=list)
    unmatched: list[Mapping[str, Any]] = field(default_factory=list)
    balanced: bool = False


def tell(console: Console, world: StripeWorld, session: Session, as_org: AsOrg) -> Told:
    """Let a contract be funded, carried out, paid, damaged, refunded; then read the books."""
    told, table = Told(), Table("Act", "Held for the contract", "At Stripe", title=LABEL)
    console.rule("[bold]Payments[/]")
    for act, case in _acts(world, session, as_org):
        told.acts.append(act)
        table.add_row(act, _plain(case.balance()["held"]), _plain(world.at_stripe("kgs")))
    console.print(table)
    _books(world, told)
    _show(console, told)
    return told


def _acts(world: StripeWorld, session: Session, as_org: AsOrg) -> Iterator[tuple[str, Paid]]:
    """Each act once it is done, with its contract."""
    _settle_terms(session)
    world.poll()
    case = contracts.agreed(world, session, as_org, {"due_in": 1})
    yield "A contract of 1 000 000 KGS: 95 % on acceptance, 5 % retained for a year", case
    contracts.fund(world, case, "600000", "400000")
    contracts.reserve(world)
    yield "The buyer pays 600 000 and 400 000 on Stripe's pages (and 50 000 for another)", case
    paying.deliver(case, "240")
    contracts.release(world, case)
    yield "240 of 600 desks are shipped, received, accepted: a transfer to the seller", case
    _pass(world, 11)
    paying.deliver(case, "360")
    damages = _damages(case)
    contracts.release(world, case)
    yield f"360 desks come ten days late: paid less {_plain(damages)} of damages", case
    _pass(world, 366)
    clock.tick()
    contracts.release(world, case)
    yield "After a year the retention is released", case
    contracts.refund(case, str(damages))
    world.deliver()
    yield "The damages go back to the buyer's card: asked for by one, approved by another", case


def _settle_terms(session: Session) -> None:
    """The platform takes 1.5 % of what sellers are paid."""
    day = local_date(db.now(session))
    tariff = CommissionTariff(valid_from=day, rate_bp=150, source="demonstration", added_by="demo")
    session.add(tariff)
    session.commit()


def _pass(world: StripeWorld, days: int) -> None:
    """Time passes here and at Stripe."""
    awarding.advance(days)
    world.double.act("advance", seconds=days * DAY)


def _damages(case: Paid) -> Decimal:
    """Liquidated damages: drafted from the facts, raised by another, agreed to by the supplier."""
    drafted = case.made.buyer.post(case.url("ld-claims")).json()
    url = case.url(f"ld-claims/{drafted['number']}")
    assert case.made.chief.post(f"{url}/raise").status_code == 200
    assert case.made.supplier.post(f"{url}/agree").status_code == 200
    case.drain()
    return Decimal(drafted["amount"])


def _books(world: StripeWorld, told: Told) -> None:
    """The trial balance, and the reconciliation with what Stripe says of its balance."""
    world.poll()
    assert world.operator.post("/v1/ledger/reconciliations").status_code == 202
    world.drain()
    with db.worker_unit_of_work() as session:
        day = local_date(db.now(session)).isoformat()
        sound = balances.faults(session) == []
    shown = world.operator.get("/v1/ledger/trial-balance", params={"day": day}).json()["items"]
    told.trial_balance += shown
    told.reconciliation += world.operator.get("/v1/ledger/reconciliations").json()
    told.unmatched += world.operator.get("/v1/ledger/unmatched").json()["items"]
    told.balanced = sound and not sum(
        Decimal(each["debits"]) - Decimal(each["credits"]) for each in shown
    )


def _show(console: Console, told: Told) -> None:
    table = Table("Account", "Debits", "Credits", title="Trial balance, KGS")
    for each in told.trial_balance:
        table.add_row(each["kind"], _plain(each["debits"]), _plain(each["credits"]))
    table.add_section()
    sums = (sum(Decimal(e[side]) for e in told.trial_balance) for side in ("debits", "credits"))
    table.add_row("all", *map(_plain, sums))
    console.print(table)
    console.print("The ledger is balanced." if told.balanced else "[red]The ledger is off.[/]")
    for each in told.reconciliation:
        console.print(
            f"Reconciliation of {each['clearing']} {each['currency']}: the ledger says"
            f" {_plain(each['ledger_balance'])}, Stripe {_plain(each['lines_balance'])};"
            f" {len(told.unmatched)} items without their match."
        )


def _plain(amount: Any) -> str:
    return f"{Decimal(amount):,.2f}".replace(",", " ")
