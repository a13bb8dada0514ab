"""Procedures from the draft to the signed contract, each a page of docs/procedures."""

from collections.abc import Callable
from typing import Any

from api.core import db, deadlines
from tests.procurement import awarding, samples
from tests.scenarios import envelope_steps as envelopes
from tests.scenarios import steps
from tests.scenarios.envelope_steps import Offer
from tests.scenarios.steps import INTRODUCTION, AsOrg, Begin

SMALL = {"amount": "900000", "currency": "KGS"}


def test_an_open_tender(page: Begin, as_org: AsOrg) -> None:
    buyer, suppliers = as_org(["buyer"]), [as_org(["supplier"]) for _ in range(2)]
    told = page("open", "An open tender", INTRODUCTION)
    made = steps.published(told, as_org, buyer, sealed=True)
    steps.asked_and_answered(told, made, suppliers[0])
    steps.bids(told, made, [*zip(suppliers, ("9850.00", "9900.00"), strict=True)])
    steps.opening(told, made)
    chief = awarding.second_client(buyer)
    steps.evaluation(told, made, chief)
    award = steps.award(told, made, chief)
    steps.contract(told, made, award, suppliers[0])
    steps.record(told, made)
    told.finish()


def test_an_open_tender_with_a_reverse_auction(
    page: Begin, as_org: AsOrg, drain: Callable[[], int]
) -> None:
    buyer, suppliers = as_org(["buyer"]), [as_org(["supplier"]) for _ in range(2)]
    told = page("reverse-auction", "An open tender with a reverse auction", INTRODUCTION)
    made = steps.published(told, as_org, buyer, sealed=True, auction_step_bp=100)
    steps.bids(told, made, [*zip(suppliers, ("9850.00", "9900.00"), strict=True)])
    steps.opening(told, made)
    steps.auction(told, made, suppliers)
    chief = awarding.second_client(buyer)
    end_auctions(drain)
    steps.evaluation(told, made, chief)
    award = steps.award(told, made, chief)
    steps.contract(told, made, award, suppliers[1])
    told.finish()


def test_a_tender_with_two_envelopes(page: Begin, as_org: AsOrg) -> None:
    buyer, suppliers = as_org(["buyer"]), [as_org(["supplier"]) for _ in range(3)]
    chief = awarding.second_client(buyer)
    people = (("buyer", buyer), ("chief", chief))
    cheapest, best, unproven = suppliers
    told = page("two-envelopes", "A tender with two envelopes", INTRODUCTION)
    made = envelopes.published(told, as_org, buyer)
    offers = [Offer(cheapest, "9000.00", 12), Offer(best, "9300.00", 36)]
    handed = envelopes.bids(told, made, [*offers, Offer(unproven, "8900.00", 36)])
    envelopes.technical_opening(told, made, people, handed)
    envelopes.judged(told, made, people, handed)
    envelopes.price_opening(told, made, handed[2], unproven)
    steps.evaluation(told, made, chief)
    award = steps.award(told, made, chief, "Наибольшее число баллов")
    assert award["bid_id"] == handed[1]["id"]
    steps.contract(told, made, award, best)
    told.finish()


def test_a_request_for_quotations(page: Begin, as_org: AsOrg) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    told = page("request-for-quotations", "A request for quotations", INTRODUCTION)
    lots: list[Any] = [samples.lot(value=SMALL, items=[samples.item(quantity="60")])]
    made = steps.published(
        told, as_org, buyer, sealed=False, procedure="rfq", value=SMALL, lots=lots
    )
    steps.bids(told, made, [(supplier, "9850.00"), (as_org(["supplier"]), "9900.00")])
    steps.opening(told, made)
    chief = awarding.second_client(buyer)
    steps.evaluation(told, made, chief)
    award = steps.award(told, made, chief)
    steps.contract(told, made, award, supplier)
    told.finish()


def test_a_purchase_from_a_single_source(page: Begin, as_org: AsOrg) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    told = page("single-source", "A purchase from a single source", INTRODUCTION)
    made = steps.published(
        told,
        as_org,
        buyer,
        sealed=False,
        procedure="single_source",
        procurement_method_ground="naturalMonopoly",
    )
    steps.bids(told, made, [(supplier, "9850.00")])
    steps.opening(told, made)
    chief = awarding.second_client(buyer)
    steps.evaluation(told, made, chief)
    award = steps.award(told, made, chief)
    steps.contract(told, made, award, supplier)
    told.finish()


def end_auctions(drain: Callable[[], int]) -> None:
    """What the clock and the workers do when the time of auctions has come."""
    with db.worker_unit_of_work() as session:
        deadlines.fire_due(session, db.now(session))
    drain()
