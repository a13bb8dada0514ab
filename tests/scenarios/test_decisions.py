"""Procedures in which something is decided on the way, each a page of docs/procedures."""

from collections.abc import Callable
from typing import Any

from tests.procurement import awarding
from tests.procurement.prequalifying import Case
from tests.scenarios import decision_steps as decisions
from tests.scenarios import steps
from tests.scenarios.steps import INTRODUCTION, AsOrg, Begin

type Drain = Callable[[], int]


def test_a_restricted_tender(page: Begin, as_org: AsOrg, drain: Drain) -> None:
    buyer, suppliers = as_org(["buyer"]), [as_org(["supplier"]) for _ in range(3)]
    chief, reviewer = awarding.second_client(buyer), as_org(["reviewer"])
    told = page("restricted", "A restricted tender with prequalification", INTRODUCTION)
    case: Case = decisions.announced_with_prequalification(told, as_org, buyer, chief, suppliers)
    decisions.applications(told, case)
    decisions.qualification(told, case, drain)
    decisions.complaint_about_it(told, case, reviewer, drain)
    decisions.invited(told, case)
    steps.bids(told, case.bidding, [(suppliers[0], "9850.00"), (suppliers[1], "9900.00")])
    steps.opening(told, case.bidding)
    steps.evaluation(told, case.bidding, chief)
    award = steps.award(told, case.bidding, chief)
    steps.contract(told, case.bidding, award, suppliers[0])
    steps.record(told, case.bidding)
    told.finish()


def test_a_complaint_about_an_award(page: Begin, as_org: AsOrg) -> None:
    buyer, suppliers = as_org(["buyer"]), [as_org(["supplier"]) for _ in range(2)]
    chief, reviewer = awarding.second_client(buyer), as_org(["reviewer"])
    told = page("complaint", "A complaint about an award", INTRODUCTION)
    made = steps.published(told, as_org, buyer, sealed=False)
    steps.bids(told, made, [*zip(suppliers, ("9850.00", "9900.00"), strict=True)])
    steps.opening(told, made)
    steps.evaluation(told, made, chief)
    award = steps.award(told, made, chief)
    following: Any = decisions.complaint_about_an_award(told, made, award, suppliers[1], reviewer)
    again = decisions.next_award(told, buyer, chief, following)
    steps.contract(told, made, again, suppliers[1])
    steps.record(told, made)
    told.finish()


def test_a_cancelled_tender(page: Begin, as_org: AsOrg, drain: Drain) -> None:
    buyer, supplier, reviewer = as_org(["buyer"]), as_org(["supplier"]), as_org(["reviewer"])
    told = page("cancellation", "A cancelled tender", INTRODUCTION)
    made = steps.published(told, as_org, buyer, sealed=False)
    decisions.cancellation(told, made, supplier, reviewer, drain)
    steps.record(told, made)
    told.finish()
