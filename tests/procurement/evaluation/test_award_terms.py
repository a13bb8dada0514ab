"""Award terms through the API: published with the tender, fixed from then on, and computed with."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.procurement.models import AwardTerms
from tests.procurement import samples
from tests.procurement.evaluation import deciding

type AsOrg = Callable[..., Any]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def suppliers(as_org: AsOrg) -> list[Any]:
    return [as_org(["supplier"]) for _ in range(2)]


def test_terms_of_evaluation_are_published_with_the_tender_and_fixed_from_then_on(
    as_org: AsOrg, buyer: Any, suppliers: list[Any], session: Session
) -> None:
    draft = samples.drafted(buyer)
    url = f"/v1/tenders/{draft['id']}/award-terms"
    default = buyer.get(url).json()["lots"]
    assert [each["award_criteria"] for each in default] == ["priceOnly"]
    body = deciding.rated(deciding.PRICE, deciding.WARRANTY, deciding.METHOD)(draft)
    light = deciding.rated(deciding.PRICE)(draft)
    refused = buyer.request("PUT", url, json=light)
    assert samples.pointers(refused) == ["#/lots/0/criteria"]
    assert refused.json()["errors"][0]["code"] == "weights_incomplete"
    assert session.exec(select(AwardTerms)).all() == []
    stale = buyer.request("PUT", url, json=body, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    assert buyer.request("PUT", url, json=body).status_code == 200
    assert suppliers[0].get(url).status_code == 404
    assert buyer.post(f"/v1/tenders/{draft['id']}/publish").status_code == 200
    shown = suppliers[0].get(url).json()["lots"][0]
    assert [(each["id"], each["weight_bp"]) for each in shown["criteria"]] == [
        ("price", 6000),
        ("warranty", 2500),
        ("method", 1500),
    ]
    fixed = buyer.request("PUT", url, json=body)
    assert (fixed.status_code, fixed.json()["code"]) == (409, "not_draft")


def test_terms_of_a_lot_that_was_replaced_are_not_lost_in_silence(buyer: Any) -> None:
    draft = samples.drafted(buyer)
    url = f"/v1/tenders/{draft['id']}"
    body = deciding.rated({**deciding.PRICE, "weight_bp": 10_000})(draft)
    assert buyer.request("PUT", f"{url}/award-terms", json=body).status_code == 200
    changed = buyer.patch(url, json={"lots": [samples.lot()]}).json()
    refused = buyer.post(f"{url}/publish")
    assert (refused.status_code, refused.json()["code"]) == (409, "award_terms_stale")
    assert buyer.get(url).json()["status"] == "draft"
    again = deciding.rated({**deciding.PRICE, "weight_bp": 10_000})(changed)
    assert buyer.request("PUT", f"{url}/award-terms", json=again).status_code == 200
    assert buyer.post(f"{url}/publish").status_code == 200


def test_life_cycle_costs_are_taken_from_the_answers(
    as_org: AsOrg, buyer: Any, suppliers: list[Any]
) -> None:
    element = {
        "id": "warranty",
        "kind": "energy",
        "title": {"ru": "кВт·ч в год"},
        "timing": "annual",
        "unit_price": "100000",
        "unit_code": "KWH",
    }
    life = {"years": 10, "discount_rate_bp": 800, "elements": [element]}

    def award(draft: Any) -> Any:
        lot = {"lot_id": draft["lots"][0]["id"], "award_criteria": "costOnly", "life_cycle": life}
        return {"currency": "KGS", "vat_mode": "gross", "lots": [lot]}

    over = deciding.opened(
        as_org,
        buyer,
        [
            (suppliers[0], deciding.with_warranty("9000.00", 20)),
            (suppliers[1], deciding.with_warranty("10000.00", 10)),
        ],
        award=award,
        terms=deciding.ASKED,
    )
    found = {each["id"]: each for each in deciding.propose(over, buyer)["result"]["bids"]}
    first, second = (found[bid["id"]] for bid in over.bids)
    assert first["cost"]["total"] == "18820162.797882"  # 5400000 + 20 x 100000 x 6.710081398941
    assert second["cost"]["total"] == "12710081.398941"
    assert (first["rank"], second["rank"]) == (2, 1)
