"""Products through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.catalog.models import Product
from tests.catalog import samples


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


def test_a_product_tells_which_texts_were_translated(seller: Any) -> None:
    made = samples.added(
        seller,
        gtin="4006381333931",
        names={"ky": "Парта", "ru": "Парта", "en": "Desk"},
        names_origin={"ru": "human", "en": "machine"},
        media=["https://example.com/стол.jpg"],
    )

    assert made["gtin"] == "04006381333931"
    assert made["names_origin"] == {"ky": "source", "ru": "human", "en": "machine"}
    assert made["media"][0].startswith("https://example.com/")
    assert seller.get(f"/v1/products/{made['id']}").json() == made
    assert seller.get("/v1/products").json()["items"] == [made]


def test_a_patch_keeps_what_it_does_not_name(seller: Any) -> None:
    made = samples.added(
        seller, names={"ru": "Парта", "en": "Desk"}, names_origin={"en": "machine"}
    )
    url = f"/v1/products/{made['id']}"

    answer = seller.patch(url, json={"brand": None, "names": {"en": "School desk"}})

    changed = {"brand", "names", "names_origin", "version", "updated_at"}
    assert {k for k, v in answer.json().items() if v != made[k]} == changed
    assert answer.json()["names_origin"] == {"en": "machine"}
    assert answer.headers["ETag"] == '"2"'


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"names": None}, "#/names"),
        ({"names": {}}, "#/names"),
        ({"country_of_origin": "XX"}, "#/country_of_origin"),
        ({"cpv_code": "12345678-0"}, "#/cpv_code"),
        ({"sku": "1"}, "#/sku"),
    ],
)
def test_a_bad_patch_changes_nothing(seller: Any, patch: dict[str, Any], pointer: str) -> None:
    made = samples.added(seller)
    url = f"/v1/products/{made['id']}"

    answer = seller.patch(url, json=patch)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert seller.get(url).json() == made


def test_a_patch_of_a_version_not_seen_is_refused(seller: Any, session: Session) -> None:
    made = samples.added(seller)
    url = f"/v1/products/{made['id']}"

    assert seller.patch(url, json={"mpn": "1"}, headers={"If-Match": '"7"'}).status_code == 412
    assert session.exec(select(Product.mpn)).all() == [None]


def test_a_product_that_nobody_offers_is_private(seller: Any, as_org: Callable[..., Any]) -> None:
    made, stranger = samples.added(seller), as_org(["supplier"])

    assert stranger.get(f"/v1/products/{made['id']}").status_code == 404
    assert stranger.get("/v1/products").json()["items"] == []
