"""Products that are likely the same: found, judged, and proposed to be joined."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from api.core import ids
from api.core.audit import AuditEntry
from api.matching import duplicate_wares
from api.matching.duplicate_models import ProductDuplicate
from tests.catalog import photos
from tests.catalog import samples as catalog

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
PAPER = catalog.product(
    brand=None, names={"en": "Double A 80gsm A4 copy paper 500 sheets per ream"}, attributes={}
)


def listed(actor: Any, **query: Any) -> list[dict[str, Any]]:
    answer = actor.get("/v1/product-duplicates", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def looked_for(actor: Any, product: dict[str, Any]) -> list[dict[str, Any]]:
    answer = actor.post(f"/v1/products/{product['id']}/find-duplicates")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def told(pair: dict[str, Any]) -> dict[str, float]:
    return {each["code"]: float(each["points"]) for each in pair["reasons"]}


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"], country="CN")


def test_a_seller_is_told_of_its_own_at_creation_and_what_it_judged_is_remembered(
    seller: Any, as_org: AsOrg, drain: Drain, session: Session
) -> None:
    first = catalog.activated(seller, product=PAPER)["product"]
    drain()
    for said in ("Double A 80gsm A4 copy paper 250 sheets per ream", "Deep well pump 1.1 kW"):
        catalog.added(seller, **{**PAPER, "names": {"en": said}})
    assert listed(seller) == []

    name = "WHOLESALE A4 Copy Paper Double A 80 gsm, 500 sheets in a ream"
    again = catalog.added(seller, **{**PAPER, "names": {"en": name}})
    (pair,) = looked_for(seller, again)

    assert {each["id"] for each in pair["products"]} == {first["id"], again["id"]}
    assert told(pair).keys() == {"meaning", "words", "same_measures"}
    assert pair["reasons"][0]["texts"]["ru"] == "Общие слова названий"
    assert (pair["status"], listed(seller)) == ("found", [pair])
    url = f"/v1/product-duplicates/{pair['id']}"
    other, operator = as_org(["supplier"]), as_org(["operator"])
    assert other.post(f"/v1/products/{again['id']}/find-duplicates").status_code == 404
    for stranger in (other, operator):
        assert stranger.post(f"{url}/dismiss").status_code == 404
        assert listed(stranger) == []
    assert seller.post(f"{url}/propose", json={"cause": "Одно"}).status_code == 403
    assert seller.get(url).json() == pair

    dismissed = seller.post(f"{url}/dismiss").json()
    assert (dismissed["status"], dismissed["judged_at"] is not None) == ("dismissed", True)
    assert looked_for(seller, again) == []
    assert seller.post(f"{url}/dismiss").status_code == 409
    assert listed(seller, status="dismissed")[0]["id"] == pair["id"]
    assert listed(seller, product_id=first["id"], status="found") == []
    assert seller.post(f"{url}/restore").json()["status"] == "found"
    entries = session.exec(select(AuditEntry.action, AuditEntry.stream)).all()
    judged = [each for each, stream in entries if stream.startswith("product_duplicate:")]
    assert judged == ["dismiss", "restore"]

    before = listed(seller)[0]["version"]
    seller.patch(f"/v1/products/{again['id']}", json={"names": {"en": f"{name} box"}})
    (changed,) = looked_for(seller, again)
    assert (changed["id"], changed["version"]) == (pair["id"], before + 1), "it says something else"
    assert looked_for(seller, again) == [changed], "it says the same"

    seller.patch(f"/v1/products/{again['id']}", json={"names": {"en": "Toner for printers"}})
    assert looked_for(seller, again) == [], "what is no longer likely is forgotten"
    assert session.exec(select(ProductDuplicate)).all() == []


def test_the_operator_sees_those_of_several_sellers_and_each_owner_joins_its_own(
    seller: Any, as_org: AsOrg, drain: Drain
) -> None:
    other, operator = as_org(["supplier"], country="CN"), as_org(["operator"])
    chinese = {**PAPER, "names": {"zh": "A4打印复印纸80克 500张 Double A"}}
    mine = catalog.activated(seller, product=PAPER)["product"]
    theirs = catalog.activated(other, product=chinese)["product"]
    catalog.activated(other, sku="PUMP-1", product={**PAPER, "names": {"zh": "深井潜水泵 1.1kW"}})
    for owner, product in ((seller, mine), (other, theirs)):
        photos.added(owner, product["id"], photos.png(7))
    drain()

    (pair,) = listed(operator)
    assert (listed(seller), listed(other)) == ([], [])
    assert {each["id"] for each in pair["products"]} == {mine["id"], theirs["id"]}
    assert told(pair)["same_picture"] == 3.5
    url = f"/v1/product-duplicates/{pair['id']}"
    assert seller.get(url).status_code == 404

    joined = operator.post(f"{url}/propose", json={"cause": "Один и тот же товар"})
    assert joined.status_code == 200, joined.text
    assert joined.json()["status"] == "proposed"
    changes = joined.json()["product_change_ids"]
    assert operator.post(f"{url}/propose", json={"cause": "Ещё раз"}).status_code == 409
    assert seller.get(f"/v1/products/{mine['id']}").json()["master_product_id"] is None
    owned = {c["product_id"]: owner for owner in (seller, other)
             for c in owner.get("/v1/product-changes").json()["items"]}  # fmt: skip
    assert owned == {mine["id"]: seller, theirs["id"]: other}
    for change in changes:
        product = operator.get(f"/v1/product-changes/{change}").json()["product_id"]
        answer = owned[product].post(
            f"/v1/product-changes/{change}/approve", json={"reason": "Верно"}
        )
        assert answer.status_code == 200, answer.text

    master = seller.get(f"/v1/products/{mine['id']}").json()["master_product_id"]
    shown = seller.get(f"/v1/master-products/{master}").json()
    assert {each["id"] for each in shown["products"]} == {mine["id"], theirs["id"]}
    assert shown["names"].keys() == {"en", "zh"}
    brand = {"changes": {"brand": "Double A"}, "cause": "На пачке"}
    proposed = other.post(f"/v1/products/{mine['id']}/changes", json=brand)
    assert proposed.status_code == 201, "who sells the same goods may propose changes"
    unknown = {"master_product_id": master[:-4] + "0000"}
    refused = seller.patch(f"/v1/products/{mine['id']}", json=unknown)
    assert refused.json()["errors"][0]["code"] == "unknown_master_product"


def test_a_join_that_an_owner_rejects_or_the_operator_takes_back_waits_to_be_judged_again(
    seller: Any, as_org: AsOrg, drain: Drain
) -> None:
    other, operator = as_org(["supplier"], country="CN"), as_org(["operator"])
    mine = catalog.activated(seller, product=PAPER)["product"]
    offered = catalog.activated(other, product=PAPER)
    catalog.added(other, **{**PAPER, "gtin": "04006381333931"})
    drain()
    (pair,) = listed(operator)
    assert {each["id"] for each in pair["products"]} == {mine["id"], offered["product"]["id"]}
    url, cause = f"/v1/product-duplicates/{pair['id']}", {"cause": "Один и тот же товар"}

    for ends in (owner_rejects, operator_restores):
        assert operator.post(f"{url}/propose", json=cause).json()["status"] == "proposed"
        ends(seller, operator, url)
        drain()
        assert operator.get(url).json()["status"] == "found"
        for owner in (seller, other):
            last = owner.get("/v1/product-changes").json()["items"][0]
            assert last["status"] in ("rejected", "withdrawn")
            answer = owner.post(f"/v1/product-changes/{last['id']}/approve", json={"reason": "Да"})
            assert answer.status_code == 409

    assert operator.post(f"{url}/restore").status_code == 409
    other.post(f"/v1/offers/{offered['id']}/suspend")
    assert operator.post(f"{url}/propose", json=cause).status_code == 409
    assert operator.get(url).json()["status"] == "found"


def owner_rejects(owner: Any, _: Any, __: str) -> None:
    change = owner.get("/v1/product-changes").json()["items"][0]
    answer = owner.post(f"/v1/product-changes/{change['id']}/reject", json={"reason": "Другой"})
    assert answer.status_code == 200, answer.text


def operator_restores(_: Any, operator: Any, url: str) -> None:
    answer = operator.post(f"{url}/restore")
    assert answer.status_code == 200, answer.text


def test_of_a_number_that_very_many_products_have_only_some_are_looked_at(
    seller: Any, as_org: AsOrg, session: Session
) -> None:
    product = catalog.added(seller, **{**PAPER, "mpn": "1"})
    product_id = ids.parse("product", product["id"])
    session.connection().execute(
        text("""
            INSERT INTO product SELECT (jsonb_populate_record(p, jsonb_build_object(
              'id', gen_random_uuid(), 'names', '{"en": "Pump"}', 'search_text', 'pump'))).*
            FROM product AS p, generate_series(1, 200) WHERE p.id = :id
        """),
        {"id": product_id},
    )
    (ware,) = duplicate_wares.load(session, [product_id]).values()
    found = duplicate_wares.candidates(session, ware, None)
    session.rollback()
    assert (len(found), ware.listed) == (50, False)
