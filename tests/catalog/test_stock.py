"""Stock by place, capacity and availability through the API."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlmodel import Session, select

from api.catalog.models import Offer
from api.catalog.stock_models import CapacityPromise, StockLevel, StockMovement
from api.core import db
from api.core.ids import parse
from api.core.outbox import OutboxEvent
from api.rules.clock import local_date
from tests.catalog import samples

type AsOrg = Callable[..., Any]
fact, PLACE = samples.fact, "cn-linyi"


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["manufacturer"])


def told(seller: Any, *facts: dict[str, Any]) -> list[dict[str, Any]]:
    answer = seller.post("/v1/stock-movements", json={"movements": facts})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def levels(seller: Any, offer: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    items = seller.get(f"/v1/offers/{offer['id']}/stock").json()["items"]
    names = ("place_code", "on_hand", "reserved", "available")
    return [tuple(each[name] for name in names) for each in items]


def test_facts_move_a_balance_and_what_is_told_again_changes_nothing(
    seller: Any, session: Session
) -> None:
    offer = samples.activated(seller)
    facts = [
        fact("counted", "100", "c1"),
        fact("received", "50", "r1"),
        fact("reserved", "60", "so-1"),
        fact("shipped", "20", "s1", reservation="so-1"),
        fact("released", "10", "x1", reservation="so-1"),
        fact("shipped", "5", "s2"),
    ]

    first, again = told(seller, *facts), told(seller, *facts)

    assert {each["outcome"] for each in first} == {"recorded"}
    assert {each["outcome"] for each in again} == {"unchanged"}
    assert [each["movement_id"] for each in again] == [each["movement_id"] for each in first]
    assert levels(seller, offer) == [(PLACE, "125", "30", "95")]
    listed = seller.get(f"/v1/offers/{offer['id']}/stock-movements").json()["items"]
    assert [(each["kind"], each["sequence"], each["on_hand_after"]) for each in listed[:2]] == [
        ("shipped", 6, "125"),
        ("released", 5, "130"),
    ]
    (event,) = session.exec(select(OutboxEvent).where(OutboxEvent.type == "stock.changed"))
    assert (event.payload["on_hand"], event.payload["available"]) == ("125", "95")


def test_bad_rows_are_named_and_the_good_ones_recorded(seller: Any, session: Session) -> None:
    offer = samples.activated(seller)
    tomorrow = (db.now(session) + timedelta(days=1)).isoformat()
    found = told(
        seller,
        fact("reserved", "1", "nothing-there"),
        fact("counted", "10", "c1"),
        fact("counted", "10", "c1", sku="unknown"),
        fact("counted", "10", "c2", place_code="nowhere"),
        fact("counted", "11", "c1"),
        fact("reserved", "11", "so-1"),
        fact("reserved", "4", "so-2"),
        fact("shipped", "5", "s1", reservation="so-2"),
        fact("shipped", "1", "s2", reservation="so-9"),
        fact("released", "1", "x1"),
        fact("received", "0", "r0"),
        fact("counted", "9", "c3", occurred_at="2026-01-09T09:00:00+06:00"),
        fact("received", "1", "r2", occurred_at=tomorrow),
    )

    assert [each["code"] for each in found] == [
        "insufficient_stock",
        None,
        "unknown_sku",
        "unknown_place",
        "reference_reused",
        "insufficient_stock",
        None,
        "not_reserved",
        "unknown_reservation",
        "not_of_a_reservation",
        "not_positive",
        "count_outdated",
        "in_the_future",
    ]
    assert found[4]["pointer"] == "#/movements/4/reference"
    assert levels(seller, offer) == [(PLACE, "10", "4", "6")]
    assert len(session.exec(select(StockMovement.id)).all()) == 2
    assert len(session.exec(select(StockLevel.id)).all()) == 1
    malformed = {"movements": [fact("counted", "1", "c9"), fact("counted", "-1", "c10")]}
    answer = seller.post("/v1/stock-movements", json=malformed)
    assert [e["pointer"] for e in answer.json()["errors"]] == ["#/movements/1/quantity"]


def test_a_count_is_true_and_backorders_are_the_sellers_to_allow(seller: Any) -> None:
    offer = samples.activated(seller)
    url = f"/v1/offers/{offer['id']}/stock"
    told(seller, fact("counted", "10", "c1"), fact("reserved", "8", "so-1"))

    assert told(seller, fact("counted", "5", "c2"))[0]["outcome"] == "recorded"
    assert levels(seller, offer) == [(PLACE, "5", "8", "0")]
    assert told(seller, fact("reserved", "1", "so-2"))[0]["code"] == "insufficient_stock"
    assert (
        seller.request("PUT", url, json={"place_code": PLACE, "backorders": True}).status_code
        == 200
    )
    found = told(
        seller, fact("reserved", "1", "so-2"), fact("shipped", "8", "s1", reservation="so-1")
    )
    assert [each["on_hand"] for each in found] == ["5", "-3"]
    late = {"If-Match": '"1"'}
    seen = seller.request("PUT", url, json={"place_code": PLACE}, headers=late)
    assert seen.status_code == 412
    refused = seller.request("PUT", url, json={"place_code": PLACE})
    assert (refused.status_code, refused.json()["code"]) == (409, "stock_is_short")
    assert seller.request("PUT", url, json={"place_code": "nowhere"}).status_code == 422
    assert levels(seller, offer) == [(PLACE, "-3", "1", "0")]


def test_of_reservations_at_once_no_unit_is_given_twice(seller: Any) -> None:
    offer = samples.activated(seller)
    told(seller, fact("counted", "10", "c1"))

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda n: told(seller, fact("reserved", "6", f"so-{n}")), (1, 2)))

    assert sorted(each["outcome"] for (each,) in found) == ["recorded", "refused"]
    assert levels(seller, offer) == [(PLACE, "10", "6", "4")]


def test_the_database_itself_keeps_the_balance(
    seller: Any, session: Session, superuser: psycopg.Connection[Any]
) -> None:
    samples.activated(seller)
    told(seller, fact("counted", "10", "c1"), fact("reserved", "6", "so-1"))
    level = session.exec(select(StockLevel)).one()
    row = session.exec(select(StockMovement).where(StockMovement.kind == "reserved")).one()
    session.rollback()

    def tried(statement: str, *values: Any) -> str | None:
        with psycopg.connect(superuser.info.dsn, autocommit=False) as one:
            one.execute("SET ROLE kerben_app")
            one.execute("SELECT set_config('kerben.org_id', %s, true)", [str(seller.org_id)])
            try:
                one.execute(statement, values)
            except psycopg.Error as error:
                return type(error).__name__
            finally:
                one.rollback()
        return None

    copied = (
        "INSERT INTO stock_movement (id, created_at, updated_at, seller_id, level_id, kind,"
        " quantity, on_hand_change, reserved_change, reservation_id, reference, occurred_at, actor)"
        " SELECT uuidv7(), now(), now(), seller_id, level_id, kind, %s, on_hand_change, %s, %s,"
        " gen_random_uuid()::text, now(), actor FROM stock_movement WHERE id = %s"
    )
    assert tried(copied, 4, 4, None, row.id) is None
    assert tried(copied, 5, 5, None, row.id) == "CheckViolation"
    assert tried(copied, 4, 5, None, row.id) == "CheckViolation"
    assert tried("UPDATE stock_level SET on_hand = 99") == "InsufficientPrivilege"
    assert tried("DELETE FROM stock_movement") == "InsufficientPrivilege"
    found = superuser.execute(
        "SELECT l.on_hand = sum(m.on_hand_change), l.reserved = sum(m.reserved_change)"
        " FROM stock_level l JOIN stock_movement m ON m.level_id = l.id WHERE l.id = %s"
        " GROUP BY l.id",
        [level.id],
    ).fetchone()
    assert found == (True, True)


def test_strangers_are_told_how_many_by_what_date_and_nothing_else(
    seller: Any, as_org: AsOrg, session: Session
) -> None:
    buyer = as_org(["buyer", "supplier"])
    offer = samples.activated(seller)
    url, product = f"/v1/offers/{offer['id']}", f"/v1/products/{offer['product']['id']}"
    silent = buyer.get(f"{url}/availability").json()
    assert (silent["told"], silent["available"], silent["earliest_on"]) == (False, "0", None)
    told(seller, fact("counted", "137", "c1"), fact("reserved", "10", "so-1"))
    later = local_date(db.now(session)) + timedelta(days=9)
    told(seller, fact("counted", "50", "c2", place_code="cn-wenzhou"))
    waiting = {"place_code": "cn-wenzhou", "available_from": later.isoformat()}
    assert seller.request("PUT", f"{url}/stock", json=waiting).status_code == 200

    now = buyer.get(f"{url}/availability").json()
    asked = buyer.get(f"{url}/availability", params={"quantity": "170", "by": later.isoformat()})

    assert (now["available"], now["in_stock"], now["quantity"]) == ("120", "120", "100")
    assert now["earliest_on"] == now["by"]
    assert (asked.json()["available"], asked.json()["earliest_on"]) == ("170", later.isoformat())
    for hidden in (f"{url}/stock", f"{url}/stock-movements", f"{product}/capacity-promises"):
        assert buyer.get(hidden).status_code == 404
    assert buyer.get(f"{product}/capacity").status_code == 404
    with db.unit_of_work(buyer.org_id) as other:
        for model in (StockLevel, StockMovement, CapacityPromise):
            assert other.exec(select(model.id)).all() == []
        assert other.exec(select(Offer.id)).all() == [parse("offer", offer["id"])]


def test_capacity_is_promised_once_and_what_is_closed_counts_no_more(
    seller: Any, as_org: AsOrg, session: Session
) -> None:
    offer, buyer = samples.activated(seller), as_org(["buyer"])
    url = f"/v1/products/{offer['product']['id']}"
    assert seller.request("PUT", f"{url}/capacity", json=samples.CAPACITY).status_code == 200
    assert buyer.get(f"{url}/capacity").json()["quantity"] == "500"
    due = local_date(db.now(session)) + timedelta(days=60)
    asked = {"by": due.isoformat()}
    free = Decimal(
        buyer.get(f"/v1/offers/{offer['id']}/availability", params=asked).json()["available"]
    )
    assert free >= 2000

    def promised(reference: str, quantity: Decimal = free) -> Any:
        body = {"quantity": f"{quantity:f}", "due_on": due.isoformat(), "reference": reference}
        return seller.post(f"{url}/capacity-promises", json=body)

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(promised, ("so-1", "so-2")))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "capacity_exceeded"
    left = buyer.get(f"/v1/offers/{offer['id']}/availability", params=asked).json()
    assert Decimal(left["available"]) < offer_multiple(offer)
    (made,) = seller.get(f"{url}/capacity-promises").json()["items"]
    again = promised(made["reference"], Decimal(1))
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    closing = f"{url}/capacity-promises/{made['id']}/close"
    assert seller.post(closing, json={"closing": "cancelled"}).json()["closing"] == "cancelled"
    assert seller.post(closing, json={"closing": "fulfilled"}).status_code == 409
    assert promised("so-3").status_code == 201
    unknown = seller.request("PUT", f"{url}/capacity", json={**samples.CAPACITY, "calendar": "XX"})
    assert [e["code"] for e in unknown.json()["errors"]] == ["unknown_calendar"]


def offer_multiple(offer: dict[str, Any]) -> Decimal:
    return Decimal(offer["order_multiple"])
