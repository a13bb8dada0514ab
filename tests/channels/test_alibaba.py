"""Listings at Alibaba.com, through the real worker and over HTTP to its double."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlmodel import Session, select

from api.channels.models import ChannelConnection
from api.channels.service import syncing
from api.core import db, ids, outbound
from api.rules.clock import BISHKEK
from tests.alibaba_double.app import Fault
from tests.channels import listing as samples
from tests.channels import selling
from tests.channels.listing import Shop
from tests.tenancy.world import ok

ADD = "/alibaba/icbu/product/listing/v2"
REVISE = "/alibaba/icbu/product/update/v2"
LOOK_UP = "/alibaba/icbu/product/search/v2"
PRICE = "/icbu/product/edit-price"
STOCK = "/icbu/product/edit-inventory"
SHOW = "/alibaba/icbu/product/batch/update/status"
CHANGES = {ADD, REVISE, PRICE, STOCK, SHOW}


def changes(shop: Shop) -> list[str]:
    return [name for name, _ in shop.platform.calls if name in CHANGES]


def test_an_offer_is_listed_and_then_only_what_changed_is_sent(
    shop: Shop, session: Session
) -> None:
    connected = ok(shop.seller.get(shop.url))
    assert (connected["status"], connected["account"]) == ("connected", "ala-too@example.kg")
    assert "access-1" not in str(connected)
    assert "credentials" not in connected
    (row,) = session.exec(select(ChannelConnection))
    assert row.credentials is not None
    assert b"access-1" not in row.credentials
    offer = shop.goods()
    made = shop.asked(offer)
    assert made["status"] == "pending"
    shop.drain()
    sent = shop.told(made)
    assert (sent["status"], sent["faults"]) == ("submitted", [])
    (info,) = [given["product_info"] for given in shop.platform.called(ADD)]
    assert info["basic_info"] == {
        "title": "高山蜂蜜",
        "description": "来自天山的蜂蜜",
        "keywords": "mountain honey",
        "language": "zh_CN",
        "model_number": sent["reference"],
        "brand_name": "Ат-Башы",
        "product_image": [{"image_url": "https://pictures.example.kg/honey.jpg"}],
    }
    tiers = [{"quantity": 10, "price": "9.50"}, {"quantity": 500, "price": "8.25"}]
    assert info["trade_info"] == {
        "moq": 10,
        "unit": "Kilogram",
        "price": {"price_type": "TIERED", "currency": "USD", "tiered_price": tiers},
        "inventory": 500,
    }
    assert info["logistics_info"] == {"tiered_lead_time": [{"quantity": 10, "lead_time": 14}]}
    shop.looked_through()
    assert shop.told(made)["status"] == "live"
    assert changes(shop) == [ADD]

    cheaper = [{"min_quantity": "10", "unit_price": "9.10"}]
    ok(shop.seller.patch(f"/v1/offers/{offer['id']}", json={"price_tiers": cheaper}))
    shop.drain()
    ok(shop.seller.patch(f"/v1/channel-listings/{made['id']}", json={"stock": "480"}))
    shop.drain()

    assert changes(shop) == [ADD, PRICE, STOCK]
    price = {"price_type": "TIERED", "currency": "USD"}
    changed = [{"quantity": 10, "price": "9.10"}]
    assert shop.platform.called(PRICE) == [
        {"product_id": int(sent["external_id"]), "price": {**price, "tiered_price": changed}}
    ]
    assert shop.platform.called(STOCK) == [
        {"product_id": int(sent["external_id"]), "inventory": 480}
    ]
    ok(shop.seller.patch(f"/v1/offers/{offer['id']}", json={"warranty_months": 12}))
    shop.drain()
    assert changes(shop) == [ADD, PRICE, STOCK]
    assert shop.events("channel_listing") == ["channel_listing.submitted", "channel_listing.live"]


def test_without_permission_nothing_is_sent_and_what_is_missing_is_told(shop: Shop) -> None:
    made = shop.asked(samples.offered(shop.seller))
    shop.drain()

    found = shop.told(made)
    assert (found["status"], changes(shop)) == ("rejected", [])
    (fault,) = found["faults"]
    assert (fault["pointer"], fault["code"]) == ("#/product", "market_not_ready")
    assert fault["channel_code"] == "label_zh"

    offer = ok(shop.seller.get(f"/v1/offers/{found['offer_id']}"))
    selling.labelled(shop.seller, offer["product"]["id"])
    shop.act(made, "resubmit")
    assert (shop.told(made)["status"], changes(shop)) == ("submitted", [ADD])


def test_a_permission_that_lapses_or_is_refused_takes_the_listing_down(shop: Shop) -> None:
    made = shop.live()
    assert made["ready_until"] == shop.last.isoformat()
    midnight = datetime.combine(shop.last + timedelta(days=1), time.min, BISHKEK)

    shop.platform.fail(SHOW, Fault(500))
    shop.wait_until(midnight - timedelta(minutes=1))
    assert shop.told(made)["status"] == "live"
    shop.wait_until(midnight)
    waiting = shop.told(made)
    assert (waiting["status"], waiting["target"]) == ("live", "withdrawn")
    shop.wait()

    gone = shop.told(made)
    assert (gone["status"], gone["external_id"]) == ("withdrawn", None)
    assert [each["channel_code"] for each in gone["faults"]] == ["veterinary_permission"]
    assert shop.platform.called(SHOW)[-1]["action"] == "offline"
    assert shop.events("channel_listing")[-2:] == [
        "channel_listing.permission_lapsed",
        "channel_listing.withdrawn",
    ]
    assert ADD not in changes(shop)[1:]


@pytest.mark.parametrize("how", ["silent", "error"])
def test_what_the_platform_took_without_an_answer_is_not_listed_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.5 if how == "silent" else 15.0)
    shop.platform.fail(ADD, Fault(502, kept=True, silent=how == "silent"))
    made = shop.asked(shop.goods())
    shop.drain()

    failed = shop.told(made)
    assert (failed["status"], failed["attempts"]) == ("failed", 1)
    assert failed["next_attempt_at"] is not None
    assert len(shop.platform.products) == 1
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 15.0)
    shop.wait(timedelta(minutes=1))

    assert len(shop.platform.called(ADD)) == len(shop.platform.products) == 1
    assert shop.platform.called(LOOK_UP)[0]["model_number"] == failed["reference"]
    found = shop.told(made)
    assert (found["status"], found["attempts"]) == ("submitted", 0)
    assert found["external_id"] in shop.platform.products


def test_two_workers_at_once_list_it_once(shop: Shop) -> None:
    made = shop.asked(shop.goods())
    listing_id, together = ids.parse("channellisting", made["id"]), Barrier(2)

    def work(name: str) -> None:
        together.wait()
        finished = False
        while not finished:
            with db.worker_unit_of_work() as session:
                finished = syncing.step(session, listing_id, name)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, "ab")) == [None, None]
    assert len(shop.platform.called(ADD)) == len(shop.platform.products) == 1
    assert shop.told(made)["status"] == "submitted"


def test_a_channel_that_asks_for_silence_gets_it_for_every_listing(shop: Shop) -> None:
    shop.platform.fail(ADD, Fault(429, headers={"Retry-After": "1200"}))
    offers = [shop.goods(f"HONEY-{n}") for n in range(2)]
    made = [shop.asked(offer) for offer in offers]
    shop.drain()

    assert changes(shop) == [ADD]
    assert ok(shop.seller.get(shop.url))["not_before"] is not None
    shop.wait(timedelta(minutes=19))
    assert changes(shop) == [ADD]
    shop.wait(timedelta(minutes=30))
    assert len(shop.platform.products) == 2
    assert {shop.told(each)["status"] for each in made} == {"submitted"}


def test_refusals_name_our_fields_and_unknown_codes_are_kept(shop: Shop) -> None:
    refused = {"success": False, "msg_code": "B_BRAND_BLOCKED", "message": "brand", "code": "0"}
    shop.platform.fail(ADD, Fault(200, refused))
    offer = shop.goods()
    made = shop.asked(offer)
    shop.drain()
    assert shop.told(made)["faults"] == [
        {
            "pointer": "#",
            "code": "refused",
            "detail": "brand",
            "channel_code": "B_BRAND_BLOCKED",
        }
    ]

    shop.act(made, "resubmit")
    shop.looked_through("failed", "B_IMAGE_UPLOAD_FAILED: all pictures")
    found = shop.told(made)
    assert found["status"] == "rejected"
    (fault,) = found["faults"]
    assert (fault["pointer"], fault["code"]) == ("#/product/media", "not_taken")
    ok(shop.seller.patch(f"/v1/channel-listings/{made['id']}", json={"keywords": "honey"}))
    shop.drain()
    assert changes(shop) == [ADD, ADD, REVISE]
    assert len(shop.platform.products) == 1


def test_goods_that_the_platform_would_refuse_are_not_sent(shop: Shop) -> None:
    offer = shop.goods(currency="CNY", price_tiers=[{"min_quantity": "10", "unit_price": "9.505"}])
    made = shop.asked(offer, keywords=None, stock="0.5")
    shop.drain()

    found = shop.told(made)
    assert (found["status"], shop.platform.called(ADD)) == ("rejected", [])
    assert {each["pointer"]: each["code"] for each in found["faults"]} == {
        "#/keywords": "missing",
        "#/offer/currency": "currency_not_taken",
        "#/offer/price_tiers": "too_precise",
        "#/stock": "not_whole",
    }


def test_a_refused_change_leaves_what_is_shown_and_is_not_sent_again(shop: Shop) -> None:
    made = shop.live()
    refused = {"success": False, "msg_code": "B_PRICE_SCALE_INVALID", "code": "0"}
    shop.platform.fail(PRICE, Fault(200, refused))
    for amount in ("9.10", "9.10", "9.20"):
        tiers = [{"min_quantity": "10", "unit_price": amount}]
        url = f"/v1/offers/{made['offer_id']}"
        ok(shop.seller.patch(url, json={"price_tiers": tiers, "warranty_months": 3}))
        shop.drain()
        found = shop.told(made)
        pointers = [each["pointer"] for each in found["faults"]]
        assert (found["status"], pointers) == (
            "live",
            [] if amount == "9.20" else ["#/offer/price_tiers"],
        )
    assert len(shop.platform.called(PRICE)) == 2
    assert shop.events("channel_listing")[-1] == "channel_listing.update_refused"


def test_pause_resume_withdraw_and_list_anew(shop: Shop) -> None:
    made = shop.live()
    shop.act(made, "pause")
    assert shop.told(made)["status"] == "paused"
    ok(shop.seller.post(f"/v1/offers/{made['offer_id']}/suspend"))
    shop.act(made, "resume")
    assert shop.told(made)["status"] == "paused"
    ok(shop.seller.post(f"/v1/offers/{made['offer_id']}/resume"))
    shop.drain()
    assert shop.told(made)["status"] == "live"
    shop.act(made, "withdraw")
    assert shop.told(made)["status"] == "withdrawn"
    told = [given["action"] for given in shop.platform.called(SHOW)]
    assert told == ["offline", "online", "offline"]
    for what in ("pause", "resume", "withdraw"):
        answer = shop.seller.post(f"/v1/channel-listings/{made['id']}/{what}")
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    shop.act(made, "resubmit")
    assert shop.told(made)["status"] == "submitted"
    assert changes(shop)[-1] == REVISE
    assert len(shop.platform.products) == 1


def test_a_run_tells_how_far_it_is_and_what_became_of_each(shop: Shop) -> None:
    good, bad = shop.goods("A"), samples.offered(shop.seller, "B")
    shop.platform.fail(ADD, *[Fault(503) for _ in range(8)])
    made = shop.asked(good)
    shop.asked(bad)
    shop.drain()
    for _ in range(8):
        shop.wait(timedelta(hours=6))
    assert shop.events("channel_listing").count("channel_listing.failed") == 1
    given_up = shop.told(made)
    assert (given_up["status"], given_up["next_attempt_at"]) == ("failed", None)

    answer = shop.seller.post(f"{shop.url}/sync")
    assert answer.status_code == 202
    shop.drain()
    job = ok(shop.seller.get(answer.headers["Location"]))
    assert (job["status"], job["progress"]) == ("succeeded", {"done": 2, "total": 2})
    assert job["result"] == {"submitted": 1, "rejected": 1}


def test_tokens_are_renewed_before_they_end_and_when_they_are_refused(shop: Shop) -> None:
    made = shop.asked(shop.goods())
    shop.platform.new_tokens()
    shop.platform.refresh_tokens.append("refresh-1")
    shop.drain()
    assert shop.told(made)["status"] == "submitted"
    assert shop.platform.called("/auth/token/refresh") == [{"refresh_token": "refresh-1"}]
    shop.wait(timedelta(minutes=55))
    assert len(shop.platform.called("/auth/token/refresh")) == 2

    shop.platform.refresh_tokens.append("gone")
    shop.platform.tokens.append("gone")
    shop.act(made, "withdraw")
    assert shop.told(made)["status"] == "submitted"
    assert ok(shop.seller.get(shop.url))["status"] == "unauthorised"
    assert shop.events("channel_connection")[-1] == "channel_connection.unauthorised"
    again = shop.seller.post(f"{shop.url}/disconnect")
    assert (again.status_code, again.json()["code"]) == (409, "listings_open")
    shop.platform.tokens.clear()
    ok(shop.seller.post(f"{shop.url}/authorise", json={"credentials": {"code": samples.CODE}}))
    shop.drain()
    shop.wait(timedelta(hours=1))
    assert shop.told(made)["status"] == "withdrawn"
    ended = ok(shop.seller.post(f"{shop.url}/disconnect"))
    assert (ended["status"], ended["credentials_until"]) == ("disconnected", None)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"channel": "nobody"}, "#/channel"),
        ({"market": "XX"}, "#/market"),
        ({"credentials": {}}, "#/credentials/code"),
        ({"settings": {"unknown": 1}}, "#/settings/unknown"),
        ({"partner_id": "organisation_019abf2e8c1d7c3fa9b04b4c6f0d2e11"}, "#/partner_id"),
    ],
)
def test_bad_connections_are_refused(
    platform: Any, as_org: Any, changed: dict[str, Any], pointer: str
) -> None:
    seller = as_org(["supplier"])
    body = {**samples.CONNECTION, **changed}
    answer = seller.post("/v1/channel-connections", json=body)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert ok(seller.get("/v1/channel-connections"))["items"] == []
