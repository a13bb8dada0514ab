"""Award terms through the API: published with the tender, changed by amendments, computed with."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from sqlmodel import Session, select

from api.procurement.models import AwardTerms
from tests.procurement import bidding, samples
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


def test_an_amendment_changes_the_terms_of_evaluation_as_a_material_one(
    as_org: AsOrg, buyer: Any, suppliers: list[Any], drain: Callable[[], int]
) -> None:
    rated = deciding.rated(
        {**deciding.PRICE, "weight_bp": 8000}, {**deciding.WARRANTY, "weight_bp": 2000}
    )
    made = deciding.published(as_org, buyer, award=rated, terms=deciding.ASKED)
    url = f"/v1/tenders/{made.id}"
    bid = bidding.submit(made, suppliers[0], deciding.with_warranty("9000.00", 24)(made.tender))
    lighter = deciding.rated({**deciding.PRICE, "weight_bp": 9000})(made.tender)
    misspelt = deepcopy(rated(made.tender))
    misspelt["lots"][0]["criteria"][1]["title"] = {"ru": "Гаранитя"}
    heavier = deciding.rated(
        {**deciding.PRICE, "weight_bp": 3000}, {**deciding.WARRANTY, "weight_bp": 7000}
    )(made.tender)

    def amend(terms: Any) -> Any:
        return buyer.post(f"{url}/amend", json={"rationale": "Вес", "award_terms": terms})

    refused, same = amend(lighter), amend(rated(made.tender))
    before = suppliers[1].get(f"{url}/award-terms").json()
    spelling = amend(misspelt)
    drain()
    untouched = suppliers[0].get(f"/v1/bids/{bid['id']}").json()["status_details"]
    changed = amend(heavier)
    drain()

    assert samples.pointers(refused) == ["#/award_terms/lots/0/criteria"]
    assert same.json()["code"] == "nothing_to_amend"
    assert [each["weight_bp"] for each in before["lots"][0]["criteria"]] == [8000, 2000]
    assert (spelling.status_code, spelling.json()["status_details"]) == (200, "published")
    assert (untouched, changed.json()["status_details"]) == ("pending", "changed")
    corrected, material = buyer.get(f"{url}/amendments").json()["items"]
    at = f"#/award_terms/lots/{made.tender['lots'][0]['id']}/criteria"
    assert (corrected["material"], [c["pointer"] for c in corrected["changes"]]) == (
        False,
        [f"{at}/warranty/title"],
    )
    # The title is given back as it was: one change that is not material, among those that are.
    assert [p for p in material["material_changes"] if p.startswith("#/award_terms")] == [
        f"{at}/price/terms",
        f"{at}/warranty/terms",
    ]
    shown = suppliers[1].get(f"{url}/award-terms").json()
    assert [each["weight_bp"] for each in shown["lots"][0]["criteria"]] == [3000, 7000]
    waiting = suppliers[0].get(f"/v1/bids/{bid['id']}").json()
    assert waiting["status_details"] == "needs_confirmation"
    assert suppliers[0].post(f"/v1/bids/{bid['id']}/confirm").status_code == 200
    over = bidding.finished(made, [bid])
    assert deciding.propose(over, buyer)["result"]["ranking"] == [bid["id"]]
    late = amend(rated(made.tender))
    assert late.status_code == 409
