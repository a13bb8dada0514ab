"""What buyers find: in any language, misspelt, counted, paged, and only what they may see."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session

from api.core import db
from api.identity.models import Organisation
from api.rules.organisations import OrganisationStatus
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


def search(asker: Any, **wanted: Any) -> Any:
    answer = asker.get("/v1/offers", params=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


def skus(asker: Any, **wanted: Any) -> list[str]:
    return [offer["sku"] for offer in search(asker, **wanted)["items"]]


def test_goods_are_found_in_every_language_misspelt_too_and_it_is_said_why(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    samples.stock(seller)
    catalog.activated(seller, **samples.DESK_KG)
    drain()

    for words in ("школьная парта", "мектеп партасы", "school desk", "课桌"):
        assert set(skus(buyer, q=words)) == {"RX-101", "DESK-KG"}, words
    assert skus(buyer, q="погружной насос") == skus(buyer, q="潜水泵") == ["PUMP-1"]
    assert skus(buyer, q="100%") == []

    said = search(buyer, q="школьная парта", language="ru")["items"]
    chinese = next(offer for offer in said if offer["sku"] == "RX-101")["found"]
    assert {"request", "offer", "kind"} == chinese["words"][0].keys()
    assert chinese["words"][0]["request"].lower() in "школьная парта"
    assert chinese["nearest"]["request_language"] == "ru"
    assert [offer["found"]["rank"] for offer in said] == [1, 2]

    misspelt = search(buyer, q="скольная патра")
    assert misspelt["spelling"] == {"скольная": "школьная", "патра": "парта"}
    assert {"RX-101", "DESK-KG"} == {offer["sku"] for offer in misspelt["items"]}
    assert search(buyer, q="патра", spelling="false")["spelling"] == {}
    assert search(buyer, q="scool desk")["spelling"] == {"scool": "school"}


def test_found_offers_are_counted_by_what_a_filter_takes(
    buyer: Any, seller: Any, drain: Drain, session: Session
) -> None:
    seller.post("/v1/certificates", json=catalog.CERTIFICATE)
    samples.stock(seller)
    catalog.activated(seller, sku="RX-102", certificates=["CN25Q31807R2M"])
    catalog.activated(seller, **samples.DESK_KG, markets=["KG", "KZ"])
    drain()
    every = ["cpv", "hs", "country_of_origin", "country", "seller", "certificate", "incoterm"]

    found = search(buyer, q="парта", currency="CNY", facets=[*every, "lead_days", "price"])
    counted = {
        facet: {bucket["value"]: bucket["count"] for bucket in buckets}
        for facet, buckets in found["facets"].items()
    }
    assert found["total"] == {"value": 3, "relation": "eq"}
    assert counted["country_of_origin"] == {"CN": 2, "KG": 1}
    assert counted["cpv"] == {"391": 3}
    assert counted["hs"] == {"9403": 3}
    assert counted["country"] == {"CN": 3}
    assert counted["seller"] == {f"organisation_{seller.org_id.hex}": 3}
    assert counted["certificate"] == {"ISO9001": 1}
    assert counted["incoterm"] == {"FCA": 2, "DAP": 1}
    assert counted["lead_days"] == {"15..30": 3}
    assert counted["price"]["100..200"] == 2
    assert found["facets"]["price"][0] == {
        "value": "100..200",
        "count": 2,
        "names": None,
        "minimum": "100",
        "maximum": "200",
    }

    assert skus(buyer, q="парта", country_of_origin="KG") == ["DESK-KG"]
    assert skus(buyer, q="парта", certificate="ISO9001") == ["RX-102"]
    assert skus(buyer, q="парта", incoterm="DAP", market="KG") == ["DESK-KG"]
    assert set(skus(buyer, q="парта", cpv="3916", max_lead_days="15")) == {
        "RX-101",
        "RX-102",
        "DESK-KG",
    }
    assert skus(buyer, q="парта", max_lead_days="14") == []
    assert skus(buyer, q="парта", hs="9405") == []
    assert "DESK-KG" not in skus(buyer, q="парта", market="JP")
    near = {"currency": "CNY", "min_price": "100", "max_price": "120"}
    assert set(skus(buyer, q="парта", **near)) == {"RX-101", "RX-102"}
    assert {"RX-101", "RX-102"} < set(skus(buyer, **near))
    assert "DESK-KG" not in skus(buyer, **near)

    browsed = search(buyer, facets=["country_of_origin"])
    assert browsed["total"] == {"value": 6, "relation": "eq"}
    assert sum(each["count"] for each in browsed["facets"]["country_of_origin"]) == 6


def test_pages_go_on_where_they_ended_and_their_cursor_is_of_one_search(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    for number in range(5):
        catalog.activated(seller, sku=f"D-{number}")
    drain()

    first = search(buyer, q="парта", limit=2)
    second = search(buyer, q="парта", limit=2, cursor=first["next_cursor"], facets=["cpv"])
    third = search(buyer, q="парта", limit=2, cursor=second["next_cursor"])
    pages = [page["items"] for page in (first, second, third)]
    assert {offer["sku"] for page in pages for offer in page} == {f"D-{n}" for n in range(5)}
    assert [o["found"]["rank"] for page in pages for o in page] == [1, 2, 3, 4, 5]
    assert (third["has_more"], third["next_cursor"]) == (False, None)
    other = {"q": "насос", "limit": 2, "cursor": first["next_cursor"]}
    assert buyer.get("/v1/offers", params=other).json()["code"] == "invalid_cursor"


def test_nobody_finds_what_is_not_shown_to_it(
    buyer: Any, seller: Any, drain: Drain, session: Session
) -> None:
    desk = samples.stock(seller)
    catalog.drafted(seller, sku="DRAFT-1")
    drain()
    product = {"gtin": "6901234567892", "names": {"en": "Unheard-of thing", "zh": "奇物"}}
    thing = catalog.activated(seller, sku="THING", product=catalog.product(**product))

    assert skus(buyer, q="6901234567892") == ["THING"]
    assert skus(buyer, q="school desk") == ["RX-101"]
    assert "DRAFT-1" in skus(seller, q="school desk")
    drain()
    seller.post(f"/v1/offers/{thing['id']}/suspend")
    assert skus(buyer, q="6901234567892") == []

    organisation = session.get(Organisation, seller.org_id)
    assert organisation is not None
    organisation.status = OrganisationStatus.SUSPENDED
    session.commit()
    hidden = search(buyer, q="school desk", facets=["seller"])
    assert (hidden["items"], hidden["facets"]["seller"]) == ([], [])
    assert hidden["total"] == {"value": 0, "relation": "eq"}
    assert desk["sku"] == "RX-101"


@pytest.mark.parametrize(
    ("wanted", "field", "code"),
    [
        ({"min_price": "5"}, "#?query/currency", "missing"),
        ({"q": "парта", "max_price": "5"}, "#?query/currency", "missing"),
        ({"facets": "price"}, "#?query/currency", "missing"),
        ({"facets": "price", "currency": "QQQ"}, "#?query/currency", "unknown"),
        (
            {"min_price": "5", "max_price": "4", "currency": "CNY"},
            "#?query/max_price",
            "below_min_price",
        ),
        ({"facets": "colour"}, "#?query/facets/0", "literal_error"),
        ({"language": "de"}, "#?query/language", "enum"),
        ({"incoterm": "DDU"}, "#?query/incoterm", "incoterm_withdrawn"),
        ({"q": "x" * 201}, "#?query/q", "string_too_long"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_its_name(
    buyer: Any, wanted: dict[str, str], field: str, code: str
) -> None:
    answer = buyer.get("/v1/offers", params=wanted)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (field, code)


def test_words_are_found_by_their_indexes_behind_row_level_security(
    buyer: Any,
) -> None:
    with db.unit_of_work(buyer.org_id) as session:
        connection = session.connection()
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(
            "EXPLAIN SELECT offer_id FROM offer_terms WHERE terms @> ARRAY['w:desk'] LIMIT 9"
        )
        said = "\n".join(line for (line,) in plan)
    assert "ix_offer_terms_terms" in said


def test_offers_are_found_by_brand_and_numbers_and_counted_by_what_is_there(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    numbered = catalog.product(brand="Шоро Deli", mpn="sk-77/b", gtin="4006381333931")
    catalog.activated(seller, product=numbered)
    for sku, told in (
        ("SOON-1", {"backorders": True}),
        ("GONE-1", {"backorders": False}),
        ("MADE-1", None),
    ):
        made = catalog.activated(seller, sku=sku)
        if told is None:
            made_of = {"quantity": "500", "unit_code": "SET", "period": "week", "lead_days": 5,
                       "calendar": "KG"}  # fmt: skip
            url = f"/v1/products/{made['product']['id']}/capacity"
        else:
            made_of, url = {"place_code": "cn-linyi", **told}, f"/v1/offers/{made['id']}/stock"
        answer = seller.request("PUT", url, json=made_of)
        assert answer.status_code == 200, answer.text
    counted = catalog.fact("counted", "150", "WMS-1")
    told = seller.post("/v1/stock-movements", json={"movements": [counted]})
    assert told.json()["results"][0]["outcome"] == "recorded", told.text
    catalog.activated(seller, **samples.PUMP)
    drain()

    found = search(buyer, facets="availability")
    assert [(b["value"], b["count"]) for b in found["facets"]["availability"]] == [
        ("backorder", 2),
        ("in_stock", 1),
        ("out_of_stock", 1),
    ]
    assert skus(buyer, availability="in_stock") == ["RX-101"]
    assert set(skus(buyer, availability="backorder", q="школьная парта")) == {"SOON-1", "MADE-1"}
    reserved = catalog.fact("reserved", "60", "SO-1")
    seller.post("/v1/stock-movements", json={"movements": [reserved]})
    assert skus(buyer, availability="in_stock") == [], "less than the smallest order is left"
    for words in ("шоро", "Deli school desk", "SK-77/B", "desk 4006381333931"):
        assert skus(buyer, q=words)[:1] == ["RX-101"], words
