"""The completeness of a product through the API: it grows with what is added."""

from collections.abc import Callable
from typing import Any

from tests.catalog import photos, samples


def test_a_product_tells_what_to_add_until_it_is_complete(
    as_org: Callable[..., Any], drain: Callable[[], int]
) -> None:
    seller = as_org(["manufacturer"])
    made = seller.post(
        "/v1/products", json=samples.product(attributes={}, names={"ru": "Парта"})
    ).json()
    url = f"/v1/products/{made['id']}"

    first = seller.get(f"{url}/completeness").json()

    assert first["score"] == 27
    assert [gap["aspect"] for gap in first["gaps"][:3]] == ["names", "attributes", "images"]
    assert first["gaps"][1]["missing"] == ["height"]
    assert first["gaps"][1]["texts"]["zh"] == "请补充该类别所需的属性：height"
    languages = ("ky", "ru", "en", "zh")
    changes = {
        "names": dict.fromkeys(languages, "Парта"),
        "descriptions": dict.fromkeys(languages, "Парта " * 20),
        "attributes": {"height": "620-760 mm"},
        "model": "RX-K101",
        "net_weight_kg": "9",
        **dict.fromkeys(("length_mm", "width_mm", "height_mm"), "600"),
        "pack_levels": [{"package_type": "CT", "quantity": 1}],
    }
    assert seller.patch(url, json=changes).status_code == 200
    assert seller.request("PUT", f"{url}/capacity", json=samples.CAPACITY).status_code == 200
    for n in (1, 2, 3):
        image = photos.added(seller, made["id"], photos.png(n))
        drain()
        shown = f"{url}/images/{image['id']}"
        assert seller.patch(shown, json={"alt_texts": {"ru": "Парта"}}).status_code == 200

    assert seller.get(f"{url}/completeness").json() == {"score": 100, "gaps": []}


def test_only_the_seller_is_told_how_complete_a_product_is(as_org: Callable[..., Any]) -> None:
    seller, other = as_org(["manufacturer"]), as_org(["buyer"])
    product = samples.activated(seller)["product"]["id"]

    assert seller.get(f"/v1/products/{product}/completeness").status_code == 200
    assert other.get(f"/v1/products/{product}/completeness").status_code == 404
