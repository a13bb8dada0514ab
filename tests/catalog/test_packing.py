"""Packages, measures, hazards and attributes of products through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.catalog.models import Product
from tests.catalog import samples, uploads

CARTON = {
    "package_type": "CT",
    "quantity": 12,
    "gross_weight_kg": "9.60",
    "volume_m3": "0.048",
}
PALLET = {"package_type": "PX", "quantity": 40}


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


def test_levels_of_packages_tell_how_many_units_they_hold(seller: Any) -> None:
    made = samples.added(
        seller,
        net_weight_kg="0.7",
        pack_levels=[CARTON, PALLET],
        un_number="1950",
        hazard_class="2.1",
    )

    assert made["pack_levels"] == [
        {**CARTON, "gross_weight_kg": "9.6", "units": 12},
        {**PALLET, "gross_weight_kg": None, "volume_m3": None, "units": 480},
    ]
    assert (made["net_weight_kg"], made["un_number"]) == ("0.7", "1950")
    url = f"/v1/products/{made['id']}"
    again = seller.patch(url, json={"pack_levels": [CARTON, PALLET]}).json()
    assert again["version"] == made["version"]
    assert seller.patch(url, json={"brand": None}).json()["pack_levels"] == made["pack_levels"]
    assert seller.patch(url, json={"pack_levels": []}).json()["pack_levels"] == []


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        (
            {"pack_levels": [{**CARTON, "package_type": "QQ"}]},
            "#/pack_levels/0/package_type",
            "unknown_package_type",
        ),
        (
            {"pack_levels": [CARTON], "net_weight_kg": "1"},
            "#/pack_levels/0/gross_weight_kg",
            "lighter_than_content",
        ),
        ({"pack_levels": [{**CARTON, "quantity": 0}]}, "#/pack_levels/0/quantity", None),
        ({"pack_levels": [{**CARTON, "quantity": 1.5}]}, "#/pack_levels/0/quantity", None),
        ({"pack_levels": [CARTON] * 7}, "#/pack_levels", None),
        ({"un_number": "1950"}, "#/hazard_class", "incomplete"),
        ({"un_number": "195", "hazard_class": "3"}, "#/un_number", None),
        (
            {"un_number": "1950", "hazard_class": "2.6"},
            "#/hazard_class",
            "unknown_hazard_class",
        ),
        ({"attributes": {"height": "tall"}}, "#/attributes/height", "attribute_not_a_number"),
        ({"attributes": {"height": "62"}}, "#/attributes/height", "attribute_unit"),
    ],
)
def test_a_contradictory_product_is_refused_alone_and_with_its_offer(
    seller: Any, session: Session, changed: dict[str, Any], pointer: str, code: str | None
) -> None:
    alone = seller.post("/v1/products", json=samples.product(**changed))
    body = samples.offer(product=samples.product(**changed))
    offered = seller.post("/v1/offers", json=body)

    assert (alone.status_code, offered.status_code) == (422, 422)
    for answer, prefix in ((alone, "#/"), (offered, "#/product/")):
        (error,) = answer.json()["errors"]
        assert error["pointer"] == pointer.replace("#/", prefix)
        assert code is None or error["code"] == code
    assert session.exec(select(Product)).all() == []


def test_attributes_that_no_template_knows_are_kept_as_they_are(seller: Any) -> None:
    free = {"height": "62-76 cm", "lacquer": "whatever"}

    assert samples.added(seller, attributes=free)["attributes"] == free
    elsewhere = samples.added(seller, cpv_code="39110000-6", attributes={"height": "tall"})
    assert elsewhere["attributes"] == {"height": "tall"}


def test_a_sheet_without_packages_leaves_them(seller: Any) -> None:
    product = samples.product(pack_levels=[CARTON])
    lines = [samples.offer(sku=f"A-{n}", product=product) for n in range(25)]
    assert uploads.taken(seller, samples.ndjson_file(*lines), uploads.NDJSON) == uploads.counts(
        created=25
    )
    changed = [{"sku": f"A-{n}", "brand": "Other"} for n in range(25)]

    assert uploads.taken(seller, samples.csv_file(*changed)) == uploads.counts(updated=25)

    kept = seller.get("/v1/products", params={"limit": 100}).json()["items"]
    assert len(kept) == 25
    assert {product["brand"] for product in kept} == {"Other"}
    assert all(product["pack_levels"][0]["units"] == 12 for product in kept)


def test_the_types_of_packages_are_named_in_four_languages(seller: Any) -> None:
    found = seller.get("/v1/package-types").json()["items"]

    named = {each["code"]: each["names"] for each in found}
    assert named["PX"]["zh"] == "托板"
    assert all(sorted(names) == ["en", "ky", "ru", "zh"] for names in named.values())
    assert all(all(names.values()) for names in named.values())


def test_a_category_says_which_attributes_it_knows(seller: Any) -> None:
    url = "/v1/attribute-templates"
    (desk,) = seller.get(url, params={"cpv": "39160000-1", "hs": "940320"}).json()["items"]

    assert (desk["prefix"], desk["attributes"][0]["name"]) == ("39160", "height")
    assert desk["attributes"][0]["units"] == ["mm", "cm"]
    assert seller.get(url, params={"cpv": "03000000-1"}).json()["items"] == []
    assert len(seller.get(url).json()["items"]) > 5
