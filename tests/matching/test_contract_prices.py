"""Matching compares an offer by the contract price of the buyer who asks, and of no other."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core.ids import parse
from api.matching import codec
from api.matching.models import Match
from api.rules.matching import Supply
from tests.catalog import samples as catalog
from tests.matching import samples

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"], country="CN")


def agreed(seller: Any, offer: dict[str, Any], buyer: Any) -> dict[str, Any]:
    tiers = [{"min_quantity": offer["min_order_quantity"], "unit_price": "777"}]
    answer = seller.post(
        f"/v1/offers/{offer['id']}/price-points",
        json=catalog.price_point(price_tiers=tiers, buyer_id=f"organisation_{buyer.org_id.hex}"),
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def compared(session: Session, tender: dict[str, Any]) -> Supply:
    """The offer as the only match of a tender was computed from."""
    session.rollback()
    query = select(Match).where(Match.tender_id == parse("tender", tender["id"]))
    _, supply, *_ = codec.inputs_in(session.exec(query).one().inputs)
    return supply


def test_a_tender_is_matched_at_its_buyers_contract_price(
    seller: Any, as_org: AsOrg, drain: Drain, session: Session
) -> None:
    ours, other = as_org(["buyer"]), as_org(["buyer"])
    agreed(seller, samples.stock(seller), ours)
    drain()
    tenders = [samples.desks(buyer) for buyer in (ours, other)]
    drain()

    contract, usual = (compared(session, tender) for tender in tenders)

    assert [tier.unit_price for tier in contract.price_tiers] == [777]
    assert (contract.currency, contract.incoterm) == ("KGS", "DAP")
    assert (contract.place_code, contract.place_country) == ("kg-bishkek", "KG")
    assert usual.currency == "CNY"
    assert 777 not in [tier.unit_price for tier in usual.price_tiers]


def test_a_price_that_is_agreed_later_moves_the_matches_of_its_buyer_alone(
    seller: Any, as_org: AsOrg, drain: Drain, session: Session
) -> None:
    ours, other = as_org(["buyer"]), as_org(["buyer"])
    offer = samples.stock(seller)
    tenders = [samples.desks(buyer) for buyer in (ours, other)]
    drain()

    point = agreed(seller, offer, ours)
    drain()

    assert [compared(session, each).currency for each in tenders] == ["KGS", "CNY"]
    url = f"/v1/offers/{offer['id']}/price-points/{point['id']}/remove"
    assert seller.post(url).status_code == 204
    drain()
    assert [compared(session, each).currency for each in tenders] == ["CNY", "CNY"]
