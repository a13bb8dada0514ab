"""A contract from its signature to its last payment, a page of docs/procedures."""

from collections.abc import Callable
from typing import Any

from tests.delivery.executing import Execution
from tests.procurement import awarding
from tests.scenarios import delivering, settling, steps
from tests.scenarios.steps import INTRODUCTION, AsOrg, Begin


def test_a_delivery(page: Begin, as_org: AsOrg, drain: Callable[[], int]) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    before = page("open", "An open tender", INTRODUCTION)
    tender = steps.published(before, as_org, buyer, sealed=True)
    steps.bids(before, tender, [(supplier, "9850.00"), (as_org(["supplier"]), "9900.00")])
    steps.opening(before, tender)
    chief = awarding.second_client(buyer)
    steps.evaluation(before, tender, chief)
    signed: Any = steps.contract(before, tender, steps.award(before, tender, chief), supplier)

    told = page(
        "delivery",
        "A delivery",
        f"{INTRODUCTION} It goes on from the signed contract of [an open tender](open.md).",
    )
    made = Execution(buyer, supplier, signed, tender.tender["lots"][0]["items"][0]["id"])
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
