"""Groups of variants through the API."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, select

from api.catalog.models import Product, ProductGroup
from tests.catalog import samples

COMMON = {"country_of_origin": "KG", "names": {"ru": "Футболка"}, "hs_code": "610910"}


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


def body(*pairs: tuple[str, str], **changed: Any) -> dict[str, Any]:
    return {
        "names": {"ru": "Футболки"},
        "axes": ["colour", "size"],
        "base": {**COMMON, "attributes": {"material": "cotton"}},
        "variants": [{"values": {"colour": c, "size": s}} for c, s in pairs],
        **changed,
    }


def made(seller: Any, *pairs: tuple[str, str], **changed: Any) -> dict[str, Any]:
    answer = seller.post("/v1/product-groups", json=body(*pairs, **changed))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_each_variant_is_a_product_with_the_values_of_its_own(seller: Any) -> None:
    group = made(seller, ("red", "M"), ("red", "L"))

    assert group["axes"] == ["colour", "size"]
    assert [v["values"]["size"] for v in group["variants"]] == ["M", "L"]
    product = seller.get(f"/v1/products/{group['variants'][0]['product_id']}").json()
    assert product["group_id"] == group["id"]
    assert product["variant"] == {"colour": "red", "size": "M"}
    assert product["attributes"] == {"material": "cotton", "colour": "red", "size": "M"}
    assert seller.get(f"/v1/product-groups/{group['id']}").json() == group
    (listed,) = seller.get("/v1/product-groups").json()["items"]
    assert listed == {k: v for k, v in group.items() if k != "variants"}


def test_a_patch_does_not_make_one_variant_another(seller: Any) -> None:
    group = made(seller, ("red", "M"), ("red", "L"))
    url = f"/v1/products/{group['variants'][0]['product_id']}"

    answer = seller.patch(url, json={"attributes": {"size": "L", "material": "wool"}})

    assert answer.json()["attributes"] == {"material": "wool", "colour": "red", "size": "M"}


def test_variants_are_added_to_a_group_that_was_seen(seller: Any, session: Session) -> None:
    group = made(seller, ("red", "M"))
    url = f"/v1/product-groups/{group['id']}/variants"
    more = {"variants": [{"values": {"colour": "blue", "size": "M"}, "mpn": "B-M"}]}

    answer = seller.post(url, json=more, headers={"If-Match": '"1"'})

    assert [v["mpn"] for v in answer.json()["variants"]] == [None, "B-M"]
    late = seller.post(url, json=more, headers={"If-Match": '"1"'})
    twice = seller.post(url, json=more)
    assert (late.status_code, twice.status_code) == (412, 422)
    assert [e["code"] for e in twice.json()["errors"]] == ["variant_repeated"]
    assert len(session.exec(select(Product.id)).all()) == 2


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        (
            {"variants": [{"values": {"colour": "red"}}]},
            "#/variants/0/values",
            "not_the_axes",
        ),
        ({"axes": ["size", "size"]}, "#/", None),
        ({"axes": ["a", "b", "c", "d"]}, "#/axes", None),
        ({"base": {**COMMON, "country_of_origin": "XX"}}, "#/base/country_of_origin", None),
        (
            {"base": {**COMMON, "attributes": {"fabric_weight": "heavy"}}},
            "#/variants/0/attributes/fabric_weight",
            "attribute_not_a_number",
        ),
        ({"variants": []}, "#/variants", None),
    ],
)
def test_a_bad_group_is_refused_before_anything_is_written(
    seller: Any, session: Session, changed: dict[str, Any], pointer: str, code: str | None
) -> None:
    answer = seller.post("/v1/product-groups", json=body(("red", "M"), **changed))

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert code is None or error["code"] == code
    assert session.exec(select(ProductGroup)).all() == []
    assert session.exec(select(Product)).all() == []


def test_a_product_of_ten_thousand_variants_is_refused_before_anything_is_written(
    seller: Any, session: Session
) -> None:
    pairs = [(f"c{n}", f"s{m}") for n in range(100) for m in range(100)]

    answer = seller.post("/v1/product-groups", json=body(*pairs))

    assert answer.status_code == 422
    assert [e["code"] for e in answer.json()["errors"]] == ["too_many_variants"]
    assert session.exec(select(ProductGroup)).all() == []
    assert session.exec(select(Product)).all() == []


def test_a_group_of_the_largest_size_is_made(seller: Any, session: Session) -> None:
    made(seller, *((f"c{n}", f"s{m}") for n in range(25) for m in range(20)))

    assert len(session.exec(select(Product.id)).all()) == 500


def test_of_two_requests_for_the_same_variant_one_is_made(seller: Any, session: Session) -> None:
    group = made(seller, ("red", "M"))
    url = f"/v1/product-groups/{group['id']}/variants"
    more = {"variants": [{"values": {"colour": "blue", "size": "M"}}]}

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: seller.post(url, json=more), range(2)))

    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert len(session.exec(select(Product.id)).all()) == 2


def test_others_see_of_a_group_what_is_offered(seller: Any, as_org: Callable[..., Any]) -> None:
    group = made(seller, ("red", "M"), ("red", "L"))
    url, other = f"/v1/product-groups/{group['id']}", as_org(["buyer", "supplier"])
    assert other.get(url).status_code == 404
    shown = group["variants"][1]["product_id"]
    samples.activated(seller, product=None, product_id=shown)

    seen = other.get(url).json()

    assert [v["product_id"] for v in seen["variants"]] == [shown]
    more = {"variants": [{"values": {"colour": "blue", "size": "M"}}]}
    assert other.post(f"{url}/variants", json=more).status_code == 404
    assert other.get("/v1/product-groups").json()["items"] == []
    assert len(seller.get(url).json()["variants"]) == 2
