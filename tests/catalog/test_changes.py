"""Changes of listed products: proposed, looked through by somebody else, made or not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, col, select

from api.catalog.change_models import ProductChange
from api.catalog.models import Product
from api.core import db
from api.core.audit import AuditEntry
from api.core.outbox import OutboxEvent
from tests.catalog import samples, uploads
from tests.procurement.bidding import another_client

type AsOrg = Callable[..., Any]
GTIN, OTHER = "04006381333931", "4006381333948"
TOY = samples.product(hs_code="950300", cpv_code=None, gtin=GTIN, attributes={"age": "3+"})
CAUSE = "На упаковке другой штрихкод"
REASON = {"reason": "Сверено с упаковкой"}


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def colleague(seller: Any) -> Any:
    return another_client(seller)


@pytest.fixture
def product(seller: Any) -> dict[str, Any]:
    found: dict[str, Any] = samples.activated(seller, product=TOY)["product"]
    return found


def proposed(actor: Any, product: dict[str, Any], **changes: Any) -> Any:
    body = {"changes": changes or {"gtin": OTHER}, "cause": CAUSE}
    return actor.post(f"/v1/products/{product['id']}/changes", json=body)


def decided(actor: Any, change: dict[str, Any], action: str) -> Any:
    return actor.post(f"/v1/product-changes/{change['id']}/{action}", json=REASON)


def test_what_matters_of_a_listed_product_is_changed_by_two_and_the_rest_at_once(
    seller: Any, colleague: Any, product: dict[str, Any], session: Session
) -> None:
    url = f"/v1/products/{product['id']}"
    refused = seller.patch(url, json={"gtin": OTHER, "brand": "新", "attributes": {"age": "6+"}})
    assert (refused.status_code, refused.json()["code"]) == (409, "change_needs_review")
    assert [e["pointer"] for e in refused.json()["errors"]] == ["#/gtin", "#/attributes/age"]
    assert seller.get(url).json() == product
    small = seller.patch(url, json={"brand": "新", "names": {**product["names"], "ru": "Кубик"},
                                    "names_origin": {"ru": "machine"}})  # fmt: skip
    assert small.status_code == 200, small.text

    change = proposed(seller, product, gtin=OTHER, attributes={"age": "6+"}).json()
    assert (change["before"], change["after"]["gtin"], change["stale"]) == (
        {"gtin": GTIN, "attributes": {"age": "3+"}},
        "04006381333948",
        False,
    )
    assert change["reviewed_fields"] == ["gtin", "attributes.age"]
    assert decided(seller, change, "approve").json()["code"] == "change_reviewed_alone"
    assert proposed(seller, product).status_code == 409
    made = decided(colleague, change, "approve")

    assert made.status_code == 200, made.text
    assert (made.json()["status"], made.json()["reason"]) == ("approved", "Сверено с упаковкой")
    now = seller.get(url).json()
    assert (now["gtin"], now["attributes"], now["version"]) == ("04006381333948", {"age": "6+"}, 3)
    assert decided(colleague, change, "reject").status_code == 409
    entry = session.exec(
        select(AuditEntry)
        .where(col(AuditEntry.stream).startswith("product:"))
        .order_by(col(AuditEntry.seq).desc())
    ).first()
    assert entry is not None
    assert (entry.action, entry.change["change"]) == ("update", change["id"].split("_")[1])
    types = session.exec(select(OutboxEvent.type)).all()
    assert types.count("offer.changed") == 2
    assert "product_change.approved" in types


def test_a_change_on_a_version_that_is_no_more_is_only_proposed_anew(
    seller: Any, colleague: Any, product: dict[str, Any]
) -> None:
    change = proposed(seller, product).json()
    seller.patch(f"/v1/products/{product['id']}", json={"brand": "新"})

    assert seller.get(f"/v1/product-changes/{change['id']}").json()["stale"] is True
    refused = decided(colleague, change, "approve")
    assert (refused.status_code, refused.json()["code"]) == (409, "change_stale")
    assert seller.get(f"/v1/products/{product['id']}").json()["gtin"] == GTIN
    anew = proposed(seller, product).json()
    first = seller.get(f"/v1/product-changes/{change['id']}").json()
    assert (first["status"], first["stale"]) == ("superseded", False)
    rejected = decided(colleague, anew, "reject").json()
    assert (rejected["status"], rejected["reason"]) == ("rejected", "Сверено с упаковкой")
    listed = seller.get("/v1/product-changes", params={"status": "rejected"}).json()["items"]
    assert listed == [rejected]


def test_who_sells_the_same_goods_may_propose_and_the_owner_decides(
    seller: Any, as_org: AsOrg, product: dict[str, Any], session: Session
) -> None:
    other, stranger = as_org(["supplier"]), as_org(["supplier"])
    assert proposed(stranger, product).json()["code"] == "other_goods"
    samples.added(other, gtin=GTIN)
    change = proposed(other, product, country_of_origin="KG").json()

    assert decided(other, change, "approve").status_code == 404
    assert stranger.get(f"/v1/product-changes/{change['id']}").status_code == 404
    assert stranger.get("/v1/product-changes").json()["items"] == []
    with db.unit_of_work(stranger.org_id) as theirs:
        assert theirs.exec(select(ProductChange.id)).all() == []
    assert decided(seller, change, "approve").json()["status"] == "approved"
    assert seller.get(f"/v1/products/{product['id']}").json()["country_of_origin"] == "KG"
    second = proposed(other, product).json()
    assert other.post(f"/v1/product-changes/{second['id']}/withdraw").json()["status"] == (
        "withdrawn"
    )
    row = session.exec(select(Product).where(Product.gtin == GTIN)).all()
    assert {each.org_id for each in row} == {seller.org_id, other.org_id}


def test_a_file_does_not_change_what_is_reviewed_and_a_draft_needs_nobody(
    seller: Any, product: dict[str, Any]
) -> None:
    body = samples.offer(sku="RX-102", product={**TOY, "gtin": OTHER})
    draft = seller.post("/v1/offers", json=body).json()
    assert seller.patch(
        f"/v1/products/{draft['product']['id']}", json={"gtin": None}
    ).status_code == 200  # fmt: skip
    rows = [
        samples.offer(product={**TOY, "country_of_origin": "KG"}),
        samples.offer(sku="RX-102", product={**TOY, "country_of_origin": "KG"}),
    ]
    job = uploads.finished(seller, uploads.sent(seller, samples.ndjson_file(*rows), uploads.NDJSON))

    errors = seller.get(f"/v1/imports/{job['id']}/errors").json()["items"]
    assert [each["code"] for each in errors] == ["needs_review"]
    assert seller.get(f"/v1/products/{product['id']}").json()["country_of_origin"] == "CN"
    changed = seller.get(f"/v1/products/{draft['product']['id']}").json()
    assert changed["country_of_origin"] == "KG"


def test_of_an_approval_and_a_change_at_once_none_is_lost(
    seller: Any, colleague: Any, product: dict[str, Any]
) -> None:
    change = proposed(seller, product).json()
    url = f"/v1/products/{product['id']}"

    with ThreadPoolExecutor(2) as threads:
        approval = threads.submit(decided, colleague, change, "approve")
        patch = threads.submit(seller.patch, url, json={"brand": "新"})

    assert patch.result().status_code == 200
    now = seller.get(url).json()
    assert now["brand"] == "新"
    assert (approval.result().status_code, now["gtin"] == GTIN) in ((200, False), (409, True))
    assert now["version"] == (3 if approval.result().status_code == 200 else 2)


def test_a_proposal_that_changes_nothing_or_is_wrong_is_refused(
    seller: Any, product: dict[str, Any], session: Session
) -> None:
    same = proposed(seller, product, gtin=GTIN)
    wrong = proposed(seller, product, country_of_origin="XX")

    assert [e["code"] for e in same.json()["errors"]] == ["nothing_changes"]
    assert [e["pointer"] for e in wrong.json()["errors"]] == ["#/changes/country_of_origin"]
    assert session.exec(select(ProductChange)).all() == []
