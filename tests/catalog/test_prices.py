"""Other prices of offers through the API: for everybody, and for one buyer alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, select

from api.catalog.price_models import PricePoint
from api.core import db
from tests.catalog import samples

type AsOrg = Callable[..., Any]
POINT = samples.price_point()


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"])


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


def shown(actor: Any) -> str:
    return f"organisation_{actor.org_id.hex}"


def added(seller: Any, offer: dict[str, Any], **changed: Any) -> dict[str, Any]:
    answer = seller.post(f"/v1/offers/{offer['id']}/price-points", json={**POINT, **changed})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(actor: Any, offer: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = actor.get(f"/v1/offers/{offer['id']}/price-points").json()[
        "items"
    ]
    return found


def price(actor: Any, offer: dict[str, Any], **asked: str) -> Any:
    params = {"quantity": "500", **asked}
    return actor.get(f"/v1/offers/{offer['id']}/price", params=params)


def test_an_offer_has_a_price_for_each_rule_and_place(seller: Any, buyer: Any) -> None:
    offer = samples.activated(seller)
    made = added(seller, offer)

    assert listed(buyer, offer) == [made]
    base = price(buyer, offer).json()
    assert (base["unit_price"], base["incoterm"], base["contract"]) == ("109.1234", "FCA", False)
    there = price(buyer, offer, incoterm="DAP", place_code="kg-bishkek").json()
    assert there == {
        "quantity": "500",
        "unit_price": "1500.5",
        "amount": "750250",
        "currency": "KGS",
        "incoterm": "DAP",
        "place_code": "kg-bishkek",
        "contract": False,
        "price_point_id": made["id"],
        "valid_through": None,
    }
    for asked in ({"quantity": "99"}, {"incoterm": "DDP", "place_code": "kg-bishkek"}):
        answer = price(buyer, offer, **asked)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_price")


def test_a_contract_price_is_its_buyers_alone(seller: Any, buyer: Any, as_org: AsOrg) -> None:
    offer = samples.activated(seller)
    made = added(seller, offer, buyer_id=shown(buyer))
    others = [as_org(["buyer"]), as_org(["supplier"]), as_org(["operator"])]

    assert listed(buyer, offer) == listed(seller, offer) == [made]
    ours = price(buyer, offer).json()
    assert (ours["unit_price"], ours["currency"], ours["contract"]) == ("1500.5", "KGS", True)
    for other in others:
        assert listed(other, offer) == []
        assert price(other, offer).json()["unit_price"] == "109.1234"
        asked = price(other, offer, incoterm="DAP", place_code="kg-bishkek")
        assert asked.status_code == 404


def test_the_database_itself_hides_a_contract_price(seller: Any, buyer: Any, as_org: AsOrg) -> None:
    offer = samples.activated(seller)
    added(seller, offer, buyer_id=shown(buyer))
    stranger, operator = as_org(["buyer"]), as_org(["operator"])

    def seen(actor: Any) -> int:
        with db.unit_of_work(actor.org_id) as session:
            if actor is operator:
                db.scope(session, operator="on")
            return len(session.exec(select(PricePoint.id)).all())

    assert [seen(actor) for actor in (seller, buyer, stranger, operator)] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"currency": "XXX"}, "#/currency", "unknown_currency"),
        ({"place_code": "nowhere"}, "#/place_code", "unknown_place"),
        ({"buyer_id": "organisation_" + "0" * 32}, "#/buyer_id", "unknown_buyer"),
        (
            {"price_tiers": [{"min_quantity": "10", "unit_price": "1"}]},
            "#/price_tiers/0/min_quantity",
            "not_the_minimum",
        ),
        (
            {"valid_from": "2027-01-02", "valid_through": "2027-01-01"},
            "#/valid_through",
            "before_start",
        ),
    ],
)
def test_bad_prices_are_refused(
    seller: Any, session: Session, changed: dict[str, Any], pointer: str, code: str
) -> None:
    offer = samples.activated(seller)

    answer = seller.post(f"/v1/offers/{offer['id']}/price-points", json={**POINT, **changed})

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]
    assert session.exec(select(PricePoint)).all() == []


def test_of_two_prices_at_once_for_the_same_buyer_one_is_entered(
    seller: Any, buyer: Any, session: Session
) -> None:
    offer = samples.activated(seller)
    url = f"/v1/offers/{offer['id']}/price-points"
    body = {**POINT, "buyer_id": shown(buyer)}

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: seller.post(url, json=body), range(2)))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(session.exec(select(PricePoint)).all()) == 1


def test_a_price_is_there_once_and_another_takes_its_place(seller: Any, buyer: Any) -> None:
    offer = samples.activated(seller)
    old = added(seller, offer, valid_from="2026-01-01")
    tiers = [{"min_quantity": "100", "unit_price": "1000"}]
    new = added(seller, offer, price_tiers=tiers)

    url = f"/v1/offers/{offer['id']}/price-points"
    assert seller.post(url, json=POINT).status_code == 409
    asked = {"incoterm": "DAP", "place_code": "kg-bishkek"}
    assert price(buyer, offer, **asked).json()["price_point_id"] == new["id"]
    assert seller.post(f"{url}/{new['id']}/remove").status_code == 204
    assert price(buyer, offer, **asked).json()["price_point_id"] == old["id"]
    assert buyer.post(f"{url}/{old['id']}/remove").status_code in (403, 404)
    assert listed(seller, offer) == [old]
