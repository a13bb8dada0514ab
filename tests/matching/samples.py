"""A buyer's request for desks and the offers that answer it, for matching tests."""

from typing import Any

from tests.catalog import samples as catalog
from tests.procurement import samples as procurement

PUMP = {
    "sku": "PUMP-1",
    "product": catalog.product(
        names={"en": "Deep well submersible pump 1.1 kW", "zh": "深井潜水泵 1.1kW 不锈钢"},
        cpv_code="42122130-0",
        hs_code="841370",
    ),
    "unit_code": "C62",
}
DESK_KG = {
    "sku": "DESK-KG",
    "product": catalog.product(
        names={"ru": "Парта школьная двухместная со стульями"}, country_of_origin="KG"
    ),
    "currency": "KGS",
    "incoterm": "DAP",
    "place_code": "kg-osh",
    "price_tiers": [{"min_quantity": "100", "unit_price": "7800"}],
}
CARPET = {
    "sku": "CARPET-1",
    "product": catalog.product(
        names={"en": "Wool felt carpet", "zh": "羊毛毡地毯"},
        cpv_code="39531000-3",
        hs_code="570500",
    ),
    "unit_code": "MTK",
}
BRUSH = {
    "sku": "BRUSH-1",
    "product": catalog.product(
        names={"en": "Paint brush 50 mm", "zh": "油漆刷 50mm"},
        cpv_code="39224200-0",
        hs_code="960340",
    ),
    "unit_code": "C62",
}


def stock(seller: Any) -> dict[str, Any]:
    """A desk and goods that have nothing to do with it; the desk as the API answers."""
    for other in (PUMP, CARPET, BRUSH):
        catalog.activated(seller, **other)
    return catalog.activated(seller)


def desks(buyer: Any, **lot: Any) -> Any:
    """A published tender of 600 desks, as the API answers; no certificate is required."""
    changed = {"required_certificates": [], "incoterms": [], **lot}
    return procurement.published(buyer, lots=[procurement.lot(**changed)])


def matches(buyer: Any, tender: Any, **query: Any) -> list[dict[str, Any]]:
    """The matches of a tender as its buyer reads them."""
    answer = buyer.get(f"/v1/tenders/{tender['id']}/matches", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])
