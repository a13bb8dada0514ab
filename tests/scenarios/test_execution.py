"""A contract from its signature to its last payment, a page of docs/procedures."""

from collections.abc import Callable

from sqlmodel import Session

from tests.delivery import executing
from tests.scenarios import delivering, settling
from tests.scenarios.steps import INTRODUCTION, AsOrg, Begin


def test_a_delivery(page: Begin, as_org: AsOrg, session: Session, drain: Callable[[], int]) -> None:
    made = executing.started(session, as_org)
    told = page(
        "delivery",
        "A delivery",
        f"{INTRODUCTION} It goes on from a signed contract, as that of [an open tender](open.md).",
    )
    delivering.schedule(told, made)
    paid = settling.payment_terms(told, made, drain)
    sent = delivering.shipment(told, made)
    advice = delivering.despatch(told, made, sent)
    delivering.receipt(told, made, sent, advice)
    delivering.amendment(told, made)
    delivering.facts(told, made)
    settling.acceptance(told, paid)
    settling.first_payment(told, paid)
    settling.late_delivery(told, paid)
    settling.silence(told, paid)
    settling.settlement(told, paid)
    told.finish()
