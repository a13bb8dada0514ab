"""Offers through the API: drafting, changing, the life of an offer, who sees it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from api.catalog.models import Offer, Product
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline, fire_due
from api.core.ids import parse
from api.core.outbox import OutboxEvent
from api.rules.clock import local_date, utcnow
from api.rules.offers import OfferStatus, validity_end
from tests.catalog import samples
from tests.catalog.samples import activated, drafted


@pytest.fixture
def seller(as_org: Callable[..., Any]) -> Any:
    return as_org(["supplier"])


@pytest.fixture
def buyer(as_org: Callable[..., Any]) -> Any:
    return as_org(["buyer"])


def pointers(answer: Any) -> set[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


def events(session: Session, *, prefix: str = "offer.") -> list[str]:
    found = session.exec(select(OutboxEvent.type).order_by(OutboxEvent.id)).all()  # type: ignore[arg-type]
    return [type_ for type_ in found if type_.startswith(prefix)]


def tomorrow() -> date:
    return local_date(utcnow()) + timedelta(days=1)


def test_an_offer_is_drafted_with_its_product(seller: Any, session: Session) -> None:
    made = drafted(seller)

    assert (made["status"], made["version"], made["incoterm_version"]) == ("draft", 1, "2020")
    assert made["price_tiers"] == [
        {"min_quantity": "100", "unit_price": "118"},
        {"min_quantity": "500", "unit_price": "109.1234"},
    ]
    assert made["product"]["names_origin"] == {"en": "source", "zh": "source"}
    read = seller.get(f"/v1/offers/{made['id']}")
    assert read.json() == made
    assert read.headers["ETag"] == '"1"'
    assert events(session) == []
    assert session.exec(select(AuditEntry.action)).all().count("create") >= 2


def test_an_offer_of_a_known_product_shares_it(seller: Any, session: Session) -> None:
    product = seller.post("/v1/products", json=samples.product()).json()

    made = drafted(seller, product=None, product_id=product["id"])

    assert made["product"]["id"] == product["id"]
    assert len(session.exec(select(Product)).all()) == 1


def test_the_product_of_another_organisation_is_not_there(
    seller: Any, as_org: Callable[..., Any], session: Session
) -> None:
    product = as_org(["supplier"]).post("/v1/products", json=samples.product()).json()

    answer = seller.post("/v1/offers", json=samples.offer(product=None, product_id=product["id"]))

    assert answer.status_code == 404
    assert session.exec(select(Offer)).all() == []


def test_a_second_offer_with_the_same_sku_is_refused(seller: Any, session: Session) -> None:
    drafted(seller)

    answer = seller.post("/v1/offers", json=samples.offer(warranty_months=1))

    assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")
    assert session.exec(select(Offer.warranty_months)).all() == [24]


def test_unknown_codes_are_all_named_at_once(seller: Any, session: Session) -> None:
    answer = seller.post(
        "/v1/offers",
        json=samples.offer(
            product=samples.product(
                hs_code="999998", cpv_code="99999999-9", country_of_origin="QQ"
            ),
            unit_code="ZZZ",
            place_code="cn-atlantis",
            currency="ABC",
            markets=["KG", "XX"],
            certificates=["NOT-MINE"],
        ),
    )

    assert pointers(answer) == {
        ("#/product/hs_code", "unknown_hs_code"),
        ("#/product/cpv_code", "unknown_cpv_code"),
        ("#/product/country_of_origin", "unknown_country"),
        ("#/unit_code", "unknown_unit"),
        ("#/place_code", "unknown_place"),
        ("#/currency", "unknown_currency"),
        ("#/markets/1", "unknown_country"),
        ("#/certificates/0", "unknown_certificate"),
    }
    assert session.exec(select(Product)).all() == []
    assert session.exec(select(Offer)).all() == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"colour": "red"}, ("#/colour", "extra_forbidden")),
        ({"min_order_quantity": "-5"}, ("#/min_order_quantity", "greater_than")),
        ({"min_order_quantity": "1e13"}, ("#/min_order_quantity", "less_than_equal")),
        ({"min_order_quantity": "NaN"}, ("#/min_order_quantity", "finite_number")),
        ({"order_multiple": "0.0000001"}, ("#/order_multiple", "decimal_max_places")),
        ({"incoterm": "DAT"}, ("#/incoterm", "incoterm_withdrawn")),
        ({"incoterm_version": "2010"}, ("#/incoterm_version", "literal_error")),
        ({"price_tiers": []}, ("#/price_tiers", "too_short")),
        ({"valid_through": "2020-01-01"}, ("#/valid_through", "in_the_past")),
        ({"supply_period": None}, ("#/supply_period", "incomplete")),
        ({"order_multiple": "30"}, ("#/min_order_quantity", "not_a_multiple")),
        (
            {"price_tiers": [{"min_quantity": "1", "unit_price": "5"}]},
            ("#/price_tiers/0/min_quantity", "not_the_minimum"),
        ),
        ({"product": None}, ("#/", "value_error")),
        ({"sku": "A\u0000B"}, ("#/sku", "value_error")),
    ],
)
def test_bad_terms_are_refused_and_change_nothing(
    seller: Any, session: Session, changed: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = seller.post("/v1/offers", json=samples.offer(**changed))

    assert expected in pointers(answer)
    assert session.exec(select(Offer)).all() == []


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"names": {}}, "#/product/names"),
        ({"names": {"de": "Tisch"}}, "#/product/names/de"),
        ({"names": {"en": " "}}, "#/product/names/en"),
        ({"names_origin": {"ru": "machine"}}, "#/product"),
        ({"gtin": "4006381333932"}, "#/product/gtin"),
        ({"media": ["http://example.com/a.jpg"]}, "#/product/media/0"),
        ({"attributes": {"Höhe": "1"}}, "#/product/attributes/Höhe"),
    ],
)
def test_bad_products_are_refused_and_change_nothing(
    seller: Any, session: Session, changed: dict[str, Any], pointer: str
) -> None:
    answer = seller.post("/v1/offers", json=samples.offer(product=samples.product(**changed)))

    assert pointer in {found for found, _ in pointers(answer)}
    assert session.exec(select(Product)).all() == []


def test_a_buyer_cannot_offer(buyer: Any, session: Session) -> None:
    assert buyer.post("/v1/offers", json=samples.offer()).status_code == 403
    assert session.exec(select(Offer)).all() == []


def test_a_patch_changes_only_what_it_names(seller: Any, session: Session) -> None:
    made = drafted(seller)

    answer = seller.patch(
        f"/v1/offers/{made['id']}",
        json={
            "price_tiers": [
                {"min_quantity": "100", "unit_price": "99.5"},
                {"min_quantity": "1000", "unit_price": "90"},
            ],
            "warranty_months": None,
        },
        headers={"If-Match": '"1"'},
    )

    assert answer.status_code == 200, answer.text
    changed = {"price_tiers", "warranty_months", "version", "updated_at"}
    assert {k for k, v in answer.json().items() if v != made[k]} == changed
    assert [t["unit_price"] for t in answer.json()["price_tiers"]] == ["99.5", "90"]
    assert seller.get(f"/v1/offers/{made['id']}").json() == answer.json()


def test_what_a_unit_weighs_is_kept_changed_and_taken_away(seller: Any) -> None:
    found = samples.drafted(seller, gross_weight_kg="28.50", volume_m3="0.14", packages="0.5")
    assert (found["gross_weight_kg"], found["volume_m3"], found["packages"]) == (
        "28.5",
        "0.14",
        "0.5",
    )
    url = f"/v1/offers/{found['id']}"
    changed = seller.patch(url, json={"gross_weight_kg": "30", "volume_m3": None}).json()
    assert (changed["gross_weight_kg"], changed["volume_m3"]) == ("30", None)
    assert changed["packages"] == "0.5", "what a patch does not name stays"
    assert seller.patch(url, json={"packages": "0"}).status_code == 422
    assert seller.get(url).json()["packages"] == "0.5"


def test_a_patch_of_a_version_not_seen_is_refused(seller: Any) -> None:
    made = activated(seller)

    answer = seller.patch(
        f"/v1/offers/{made['id']}", json={"warranty_months": 1}, headers={"If-Match": '"1"'}
    )

    assert answer.status_code == 412
    assert seller.get(f"/v1/offers/{made['id']}").json() == made


def test_a_patch_is_checked_with_what_it_leaves(seller: Any) -> None:
    made = drafted(seller)
    url = f"/v1/offers/{made['id']}"

    assert pointers(seller.patch(url, json={"min_order_quantity": "200"})) == {
        ("#/price_tiers/0/min_quantity", "not_the_minimum"),
        ("#/lead_time_tiers/0/min_quantity", "not_the_minimum"),
    }
    assert pointers(seller.patch(url, json={"unit_code": None})) == {("#/unit_code", "string_type")}
    assert seller.get(url).json() == made


def test_the_life_of_an_offer(seller: Any, session: Session) -> None:
    made = activated(seller)
    url = f"/v1/offers/{made['id']}"

    assert seller.post(f"{url}/suspend").json()["status"] == "suspended"
    assert seller.post(f"{url}/resume").json()["status"] == "active"
    assert seller.patch(url, json={"warranty_months": 36}).json()["version"] == 5

    assert events(session) == [
        "offer.activated",
        "offer.suspended",
        "offer.activated",
        "offer.changed",
    ]
    stream = f"offer:{parse('offer', made['id']).hex}"
    trail = select(AuditEntry.action).where(AuditEntry.stream == stream)
    actions = session.exec(trail.order_by(col(AuditEntry.seq))).all()
    assert actions == ["create", "activate", "suspend", "resume", "update"]


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_a_draft_cannot_be_suspended_or_resumed(seller: Any, session: Session, verb: str) -> None:
    made = drafted(seller)

    answer = seller.post(f"/v1/offers/{made['id']}/{verb}")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert seller.get(f"/v1/offers/{made['id']}").json() == made
    assert events(session) == []


def test_another_seller_can_change_nothing(
    seller: Any, as_org: Callable[..., Any], session: Session
) -> None:
    made, stranger = activated(seller), as_org(["supplier"])
    url = f"/v1/offers/{made['id']}"

    assert stranger.patch(url, json={"warranty_months": 1}).status_code == 404
    for verb in ("activate", "suspend", "resume"):
        assert stranger.post(f"{url}/{verb}").status_code == 404
    product = f"/v1/products/{made['product']['id']}"
    assert stranger.patch(product, json={"brand": "X"}).status_code == 404
    assert seller.get(url).json() == made


def test_a_changed_product_tells_of_its_offers(seller: Any, session: Session) -> None:
    made = activated(seller)
    url = f"/v1/products/{made['product']['id']}"

    answer = seller.patch(url, json={"names": {"ky": "Окуучу партасы"}})

    assert answer.json()["names_origin"] == {"ky": "source"}
    assert answer.json()["version"] == 2
    assert seller.patch(url, json={"names": {"ky": "Окуучу партасы"}}).json()["version"] == 2
    assert events(session) == ["offer.activated", "offer.changed"]


def test_an_offer_ends_by_itself_after_its_last_day(
    seller: Any, session: Session, drain: Callable[[], int]
) -> None:
    made = activated(seller, valid_through=tomorrow().isoformat())
    offer_id = parse("offer", made["id"])
    due = session.exec(select(Deadline).where(Deadline.resource_id == offer_id)).one()
    assert due.due_at == validity_end(tomorrow())

    fire_due(session, due.due_at)  # too early: the database's clock has not come so far
    session.commit()
    drain()
    assert status_of(session, offer_id) is OfferStatus.ACTIVE

    offer = session.get(Offer, offer_id)
    assert offer is not None
    offer.valid_through = local_date(utcnow()) - timedelta(days=1)
    due.due_at, due.fired_at = utcnow(), None
    session.commit()
    fire_due(session, due.due_at)
    session.commit()
    drain()
    assert status_of(session, offer_id) is OfferStatus.EXPIRED
    assert events(session)[-1] == "offer.expired"

    url = f"/v1/offers/{made['id']}"
    assert seller.post(f"{url}/activate").json()["code"] == "offer_validity_ended"
    assert seller.patch(url, json={"valid_through": tomorrow().isoformat()}).status_code == 200
    assert seller.post(f"{url}/activate").json()["status"] == "active"
    session.expire_all()
    armed = session.exec(select(Deadline).where(Deadline.resource_id == offer_id)).one()
    assert (armed.due_at, armed.fired_at) == (validity_end(tomorrow()), None)


def status_of(session: Session, offer_id: UUID) -> OfferStatus:
    session.expire_all()
    return session.get_one(Offer, offer_id).status
