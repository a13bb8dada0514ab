"""Who sees an offer, how offers are found, and how matching reads them."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, select

from api.catalog import offers
from api.catalog.models import Offer, Product
from api.core import db
from api.core.ids import parse
from api.identity.models import Organisation
from api.rules.organisations import OrganisationStatus
from tests.catalog import samples
from tests.catalog.samples import activated, drafted
from tests.identity import register


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["supplier"])


@pytest.fixture
def buyer(as_org: Callable[..., Any]) -> Any:
    return as_org(["buyer"])


def test_others_see_an_offer_only_while_it_is_active(seller: Any, buyer: Any) -> None:
    made = drafted(seller)
    url, product = f"/v1/offers/{made['id']}", f"/v1/products/{made['product']['id']}"
    assert buyer.get(url).status_code == buyer.get(product).status_code == 404
    assert buyer.get("/v1/offers").json()["items"] == []

    seller.post(f"{url}/activate")
    assert buyer.get(url).json()["price_tiers"] == made["price_tiers"]
    assert buyer.get(product).status_code == 200
    assert [o["id"] for o in buyer.get("/v1/offers").json()["items"]] == [made["id"]]

    seller.post(f"{url}/suspend")
    assert buyer.get(url).status_code == buyer.get(product).status_code == 404
    assert buyer.get("/v1/offers").json()["items"] == []
    assert [o["id"] for o in seller.get("/v1/offers").json()["items"]] == [made["id"]]


def test_row_level_security_hides_drafts_even_without_the_query(seller: Any, buyer: Any) -> None:
    drafted(seller)
    activated(seller, sku="RX-102")

    for org_id, count in ((buyer.org_id, 1), (seller.org_id, 2), (None, 0)):
        with db.unit_of_work(org_id) as session:
            assert len(session.exec(select(Offer)).all()) == count
            assert len(session.exec(select(Product)).all()) == count
            records = offers.load(session, session.exec(select(Offer.id)).all())
            assert all(len(record.unit_prices) == 2 for record in records)


@pytest.mark.parametrize("debarred", [False, True])
def test_offers_of_suspended_or_debarred_sellers_are_not_shown(
    seller: Any, buyer: Any, session: Session, debarred: bool
) -> None:
    made = activated(seller)
    if debarred:
        register.debarred(session, seller.org_id)
    else:
        organisation = session.get(Organisation, seller.org_id)
        assert organisation is not None
        organisation.status = OrganisationStatus.SUSPENDED
        session.commit()

    assert buyer.get("/v1/offers").json()["items"] == []
    assert buyer.get(f"/v1/offers/{made['id']}").status_code == 404


def test_offers_are_listed_by_codes_seller_and_quantity(seller: Any, buyer: Any) -> None:
    activated(seller)
    other = samples.product(
        names={"ru": "Насос погружной", "zh": "潜水泵"}, hs_code="841370", cpv_code="42122130-0"
    )
    activated(seller, sku="P-1", product=other)

    def found(**wanted: Any) -> list[str]:
        answer = buyer.get("/v1/offers", params=wanted)
        assert answer.status_code == 200, answer.text
        return [o["sku"] for o in answer.json()["items"]]

    assert found(cpv="39160000-1") == found(cpv="39") == found(cpv="39000000-2") == ["RX-101"]
    assert found(hs="8413") == ["P-1"]
    assert found(seller=f"organisation_{seller.org_id.hex}") == ["P-1", "RX-101"]
    assert found(country="KG", status="active", max_moq="100") == ["P-1", "RX-101"]
    assert found(max_moq="99") == found(country="CN") == found(status="draft") == []
    assert buyer.get("/v1/offers", params={"colour": "red"}).status_code == 422


def test_a_list_is_paged_and_its_cursor_bound_to_the_filter(seller: Any) -> None:
    skus = [drafted(seller, sku=f"S-{i}")["sku"] for i in range(3)]

    first = seller.get("/v1/offers", params={"limit": 2}).json()
    second = seller.get("/v1/offers", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [o["sku"] for o in first["items"] + second["items"]] == skus[::-1]
    assert (first["has_more"], second["has_more"]) == (True, False)
    foreign = {"limit": 2, "cursor": first["next_cursor"], "q": "desk"}
    assert seller.get("/v1/offers", params=foreign).json()["code"] == "invalid_cursor"


def test_matching_loads_everything_of_an_offer_at_once(seller: Any, session: Session) -> None:
    seller.post("/v1/certificates", json=samples.CERTIFICATE)
    made = activated(seller, certificates=["CN25Q31807R2M"])

    (record,) = offers.load(session, [parse("offer", made["id"])])

    assert record.active
    assert record.seller_id == seller.org_id
    assert record.names == {"en": "School desk set", "zh": "学生课桌椅套装"}
    assert record.unit_prices == [Decimal(118), Decimal("109.1234")]
    assert (record.lead_time_quantities, record.lead_time_days) == ([Decimal(100)], [15])
    assert record.certificate_schemes == ["ISO9001"]
    assert record.certificate_expiries == [date(2030, 12, 31)]
    assert offers.load(session, []) == []
