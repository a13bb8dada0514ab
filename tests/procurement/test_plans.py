"""Procurement plans: drafted, published, and what tenders take of them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.core import db
from api.core.outbox import OutboxEvent
from api.procurement.models import PlanItem, ProcurementPlan, Tender
from api.rules.plans import PlanStatus
from api.rules.tenders import TenderStatus
from tests.procurement import samples
from tests.procurement.law import policy_set
from tests.procurement.test_tender_races import at_once

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def planner(as_org: AsOrg) -> Any:
    """A buyer under a law that demands a line of the plan for each lot."""
    law = as_org(["operator"]).post("/v1/policy-sets", json=policy_set(plan_required=True))
    assert law.status_code == 201, law.text
    return as_org(["buyer"], country="KZ")


def linked(buyer: Any, line: str | None, *amounts: str, **changed: Any) -> Any:
    lots = [
        samples.lot(value={"amount": amount, "currency": "KGS"}, plan_item_id=line)
        for amount in amounts
    ]
    return samples.drafted(buyer, lots=lots, **changed)


def publish(buyer: Any, made: Any) -> Any:
    return buyer.post(f"/v1/tenders/{made['id']}/publish")


def direct(buyer: Any, amount: str, **changed: Any) -> Any:
    return samples.drafted(
        buyer,
        procedure="single_source",
        procurement_method_ground="urgentNeed",
        value={"amount": amount, "currency": "KGS"},
        lots=[samples.lot(value=None)],
        **changed,
    )


def test_a_plan_is_its_buyers_until_it_is_published(
    buyer: Any, as_org: AsOrg, session: Session
) -> None:
    stranger = as_org(["supplier", "buyer"])
    made = buyer.post("/v1/plans", json=samples.plan()).json()
    url = f"/v1/plans/{made['id']}"

    hidden = stranger.get(url), stranger.post(f"{url}/publish"), stranger.get("/v1/plans")
    again = buyer.post("/v1/plans", json=samples.plan())
    published = buyer.post(f"{url}/publish", headers={"If-Match": '"1"'})
    seen = stranger.get(url)

    assert [a.status_code for a in hidden] == [404, 404, 200]
    assert hidden[2].json()["items"] == []
    assert (again.status_code, again.json()["code"]) == (409, "plan_exists")
    assert (published.status_code, published.json()["status"]) == (200, "published")
    assert seen.json()["items"] == made["items"]
    assert stranger.patch(url, json={"title": {"ru": "Чужой"}}).status_code == 404
    assert [*session.exec(select(OutboxEvent.type))] == ["plan.published"]


def test_a_draft_is_changed_and_a_published_plan_only_added_to(
    buyer: Any, session: Session
) -> None:
    made = buyer.post("/v1/plans", json=samples.plan()).json()
    url, line = f"/v1/plans/{made['id']}", samples.plan()["items"][0]
    two = [{**line, "budget_amount": "1"}, {**line, "budget_amount": "2"}]

    changed = buyer.patch(url, json={"items": two})
    buyer.post(f"{url}/publish")
    refused = buyer.patch(url, json={"items": [line]})
    stale = buyer.post(f"{url}/items", json={"items": [line]}, headers={"If-Match": '"1"'})
    added = buyer.post(f"{url}/items", json={"items": [line]})

    assert [i["budget_amount"] for i in changed.json()["items"]] == ["1", "2"]
    assert (refused.status_code, refused.json()["code"]) == (409, "not_draft")
    assert stale.status_code == 412
    assert [i["position"] for i in added.json()["items"]] == [1, 2, 3]
    assert len(session.exec(select(PlanItem)).all()) == 3
    with pytest.raises(DBAPIError, match="append-only"):
        session.connection().exec_driver_sql("UPDATE procurement_plan_item SET budget_amount = 9")
    session.rollback()
    with db.unit_of_work(buyer.org_id) as own:
        kept = own.connection().exec_driver_sql("DELETE FROM procurement_plan_item")
        assert kept.rowcount == 0


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"classification": {"scheme": "CPV", "id": "99999999-9"}}, "#/items/0/classification/id"),
        ({"budget_amount": "0"}, "#/items/0/budget_amount"),
        ({"period_end": "2026-12-31"}, "#/items/0"),
    ],
)
def test_a_line_that_says_nothing_sensible_is_refused(
    buyer: Any, session: Session, changed: dict[str, Any], pointer: str
) -> None:
    line = {**samples.plan()["items"][0], **changed}

    answer = buyer.post("/v1/plans", json=samples.plan(items=[line]))

    assert (answer.status_code, samples.pointers(answer)) == (422, [pointer]), answer.text
    assert session.exec(select(ProcurementPlan)).all() == []


def test_an_empty_plan_is_not_published(buyer: Any, session: Session) -> None:
    made = buyer.post("/v1/plans", json=samples.plan(items=[])).json()

    assert buyer.post(f"/v1/plans/{made['id']}/publish").status_code == 409
    assert session.exec(select(ProcurementPlan.status)).one() is PlanStatus.DRAFT


def test_a_lot_names_a_line_of_a_published_plan_of_its_buyer(
    planner: Any, as_org: AsOrg, session: Session
) -> None:
    draft = planner.post("/v1/plans", json=samples.plan()).json()
    line = draft["items"][0]["id"]
    foreign = samples.planned(as_org(["buyer"]))["items"][0]["id"]
    without, made = linked(planner, None, "5"), linked(planner, line, "5")

    strange = planner.post(
        "/v1/tenders", json=samples.tender(lots=[samples.lot(plan_item_id=foreign)])
    )
    missing, early = publish(planner, without), publish(planner, made)
    planner.post(f"/v1/plans/{draft['id']}/publish")
    answer = publish(planner, made)

    assert (strange.status_code, samples.pointers(strange)) == (422, ["#/lots/0/plan_item_id"])
    for refused in (missing, early):
        assert (refused.status_code, refused.json()["code"]) == (409, "plan_not_met")
        assert samples.pointers(refused) == ["#/lots/0/plan_item_id"]
    assert answer.status_code == 200, answer.text
    assert answer.json()["lots"][0]["plan_item_id"] == line
    assert samples.row(session, without).status is TenderStatus.DRAFT


def test_lots_share_the_budget_of_a_line_and_a_cancelled_tender_gives_it_back(
    buyer: Any, as_org: AsOrg
) -> None:
    plan = samples.planned(buyer)
    line, usage = plan["items"][0]["id"], f"/v1/plans/{plan['id']}/usage"
    first, second = linked(buyer, line, "4000000", "3000000"), linked(buyer, line, "3000000.01")
    test = linked(buyer, line, "9000000", mode="test")

    assert publish(buyer, first).status_code == 200
    assert publish(buyer, test).status_code == 200
    over = publish(buyer, second)
    taken = as_org(["supplier"]).get(usage).json()
    samples.cancelled(buyer, first)
    given_back = buyer.get(usage).json()

    assert (over.status_code, samples.pointers(over)) == (409, ["#/lots/0/value/amount"])
    assert (taken["planned"], taken["items"][0]["committed"]) == ("10000000", "7000000")
    assert given_back["items"][0]["committed"] == "0"
    assert publish(buyer, second).status_code == 200


def test_an_amendment_keeps_to_the_budget(buyer: Any, session: Session) -> None:
    line = samples.planned(buyer)["items"][0]["id"]
    made = publish(buyer, linked(buyer, line, "4000000")).json()
    lot = made["lots"][0]["id"]

    def amend(amount: str) -> Any:
        change = {"id": lot, "value": {"amount": amount, "currency": "KGS"}}
        body = {"rationale": "Больше", "lots": [change]}
        return buyer.post(f"/v1/tenders/{made['id']}/amend", json=body)

    over, within = amend("10000000.01"), amend("10000000")

    assert (over.status_code, over.json()["code"]) == (409, "plan_not_met")
    assert within.status_code == 200
    assert samples.row(session, made).version == made["version"] + 1


def test_direct_purchases_stay_within_their_share_of_the_annual_plan(
    buyer: Any, session: Session
) -> None:
    """Three percent of ten million."""
    first, second = direct(buyer, "200000"), direct(buyer, "100000.01")
    early = publish(buyer, first)
    plan = samples.planned(buyer)
    test = direct(buyer, "300000", mode="test")

    assert (early.status_code, samples.pointers(early)) == (409, ["#/procedure"])
    assert publish(buyer, first).status_code == 200
    assert publish(buyer, test).status_code == 200
    over = publish(buyer, second)
    assert (over.status_code, samples.pointers(over)) == (409, ["#/value/amount"])
    assert samples.row(session, second).status is TenderStatus.DRAFT
    assert buyer.get(f"/v1/plans/{plan['id']}/usage").json()["bought_directly"] == "200000"
    samples.cancelled(buyer, first)
    assert publish(buyer, second).status_code == 200


def test_of_two_direct_purchases_that_pass_the_cap_together_one_is_published(
    buyer: Any, session: Session
) -> None:
    samples.planned(buyer)
    made = [direct(buyer, "200000") for _ in range(3)]

    answers = at_once([lambda one=one: publish(buyer, one) for one in made])

    assert sorted(a.status_code for a in answers) == [200, 409, 409]
    session.rollback()
    published = session.exec(select(Tender.direct_amount).where(Tender.status == "active")).all()
    assert [int(amount or 0) for amount in published] == [200000]


def test_of_two_tenders_that_pass_a_budget_together_one_is_published(buyer: Any) -> None:
    line = samples.planned(buyer)["items"][0]["id"]
    made = [linked(buyer, line, "6000000") for _ in range(3)]

    answers = at_once([lambda one=one: publish(buyer, one) for one in made])

    assert sorted(a.status_code for a in answers) == [200, 409, 409]
