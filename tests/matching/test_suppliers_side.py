"""What a supplier sees of public requests: those for it, and why an offer was left out."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, update

from api.matching.models import DemandItem, Match
from tests.catalog import samples as catalog
from tests.matching import samples

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"], country="CN")


def why(seller: Any, offer: Any, tender: Any) -> Any:
    item = tender["lots"][0]["items"][0]["id"]
    return seller.get(f"/v1/offers/{offer['id']}/match-explanations", params={"item": item})


def test_requests_for_me_are_the_public_ones_that_my_offers_answer(
    buyer: Any, seller: Any, as_org: AsOrg, drain: Drain
) -> None:
    desk = samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    (request,) = seller.get("/v1/requests-for-me").json()["items"]
    assert request["match"]["offer_id"] == desk["id"]
    assert request["match"]["tender_id"] == tender["id"]
    assert request["title"] == {"ru": "Парта ученическая двухместная"}
    assert as_org(["supplier"]).get("/v1/requests-for-me").json()["items"] == []


def test_a_request_that_is_not_public_is_hidden_from_suppliers(
    buyer: Any, seller: Any, drain: Drain, session: Session
) -> None:
    desk = samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    session.exec(update(DemandItem).values(public=False))
    session.exec(update(Match).values(public=False))
    session.commit()
    (match,) = samples.matches(buyer, tender)
    assert seller.get("/v1/requests-for-me").json()["items"] == []
    assert seller.get(f"/v1/matches/{match['id']}").status_code == 404
    assert why(seller, desk, tender).status_code == 404


def test_a_matched_offer_is_told_its_rank_and_reasons(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    desk = samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    told = why(seller, desk, tender).json()
    assert (told["matched"], told["reason"], told["rank"]) == (True, "matched", 1)
    assert told["explanation"].startswith("Место 1")


def test_an_offer_of_other_goods_is_told_that_its_texts_are_too_far(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    samples.stock(seller)
    pump = catalog.activated(seller, **{**samples.PUMP, "sku": "PUMP-2"})
    tender = samples.desks(buyer)
    drain()
    told = why(seller, pump, tender).json()
    assert (told["matched"], told["reason"], told["rank"]) == (False, "texts_too_far", None)
    assert told["parts"]["code"] == "0.000000"
    assert "unit_mismatch" in [entry["code"] for entry in told["blockers"]]


def test_an_offer_that_is_not_shown_or_not_sold_there_is_told_so(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    samples.stock(seller)
    draft = catalog.drafted(seller, sku="DRAFT")
    elsewhere = catalog.activated(seller, sku="KZ", markets=["KZ"])
    tender = samples.desks(buyer)
    drain()
    assert why(seller, draft, tender).json()["reason"] == "offer_not_active"
    assert why(seller, elsewhere, tender).json()["reason"] == "not_in_market"


def test_an_offer_behind_its_twin_is_told_which_reason(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    desk = samples.stock(seller)
    twin = catalog.activated(seller, sku="TWIN")
    tender = samples.desks(buyer)
    drain()
    reasons = {why(seller, offer, tender).json()["reason"] for offer in (desk, twin)}
    assert reasons == {"matched", "similar_offer_listed"}


def test_nobody_asks_about_the_offer_of_another(
    buyer: Any, seller: Any, as_org: AsOrg, drain: Drain
) -> None:
    desk = samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    assert why(as_org(["supplier"]), desk, tender).status_code == 404
    assert why(buyer, desk, tender).status_code == 404
