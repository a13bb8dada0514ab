"""Quotas of plans where the acts happen: bids, offers that are shown, alerts."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from sqlmodel import Session, col, select

from api.catalog.models import Offer
from api.core.outbox import OutboxEvent
from api.matching.models import MatchAlert
from api.payments.models import PlanUsage
from api.procurement.models import Bid
from api.rules.clock import local_date, utcnow
from tests.catalog import samples as catalog
from tests.catalog import uploads
from tests.matching import samples as matching
from tests.payments import planning
from tests.procurement import bidding
from tests.procurement.test_tender_races import at_once

type AsOrg = Callable[..., Any]
PLAN = {
    "code": "maker",
    "names": {"ky": "Өндүрүүчү", "ru": "Производитель", "en": "Maker", "zh": "制造商"},
    "monthly_fees": {"KGS": "2500"},
    "listings": 50,
    "source": "Order 14",
}


def private(as_org: AsOrg) -> bidding.Bidding:
    """A request of a buyer whom no law of procurement binds."""
    return bidding.published(as_org, as_org(["buyer"], procurement_regime="generic"), server=True)


def bid(made: bidding.Bidding, supplier: Any) -> Any:
    envelope = {"kind": "price", "id": str(uuid4()), "version": 1}
    body = {"envelopes": [{**envelope, "content": bidding.content(made.tender)}]}
    return supplier.post(f"/v1/tenders/{made.id}/bids", json=body)


def rows(session: Session, model: Any) -> list[Any]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(model).order_by(model.id))]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_installation_begins_with_a_free_plan_that_limits_nothing(client: Any) -> None:
    (plan,) = client.get("/public/supplier-plans").json()
    assert (plan["code"], plan["monthly_fees"]) == ("free", {})
    assert {plan[each] for each in ("bids", "alerts", "listings")} == {None}


def test_the_operator_adds_plans_from_a_later_day_on(as_org: AsOrg, client: Any) -> None:
    operator, tomorrow = as_org(["operator"]), local_date(utcnow()) + timedelta(days=1)
    body = {**PLAN, "valid_from": tomorrow.isoformat()}
    assert operator.post("/v1/supplier-plans", json=body).status_code == 201
    assert code(operator.post("/v1/supplier-plans", json=body)) == (409, "already_exists")
    today = {**body, "valid_from": local_date(utcnow()).isoformat()}
    assert operator.post("/v1/supplier-plans", json=today).json()["errors"][0]["pointer"] == (
        "#/valid_from"
    )
    assert operator.post("/v1/supplier-plans", json={**body, "code": "free"}).status_code == 422
    assert as_org(["supplier"]).post("/v1/supplier-plans", json=body).status_code == 403
    assert [each["code"] for each in client.get("/public/supplier-plans").json()] == ["free"]
    later = client.get("/public/supplier-plans", params={"on": tomorrow.isoformat()}).json()
    assert [(each["code"], each["monthly_fees"]) for each in later] == [
        ("free", {}),
        ("maker", {"KGS": "2500"}),
    ]


def test_a_bid_in_a_private_request_uses_the_quota_and_is_refused_without_one(
    as_org: AsOrg, session: Session
) -> None:
    planning.sold()
    supplier, first, second = as_org(["supplier"]), private(as_org), private(as_org)
    assert bid(first, supplier).status_code == 201
    told = planning.quota(supplier, "bids")
    assert (told["limit"], told["used"]) == (1, 1)

    refused = bid(second, supplier)
    assert code(refused) == (409, "quota_used_up")
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "#/quotas/bids"
    assert f"1 are used. It renews at {told['renews_at'][:10]}" in refused.json()["detail"]
    assert len(rows(session, Bid)) == 1
    assert [each.used for each in rows(session, PlanUsage)] == [1]


def test_nobody_is_kept_from_public_procurement_by_a_quota(as_org: AsOrg, session: Session) -> None:
    planning.sold()
    supplier = as_org(["supplier"])
    for regime in (None, "state_enterprise"):
        buyer = as_org(["buyer"], procurement_regime=regime)
        assert bid(bidding.published(as_org, buyer, server=True), supplier).status_code == 201
    assert rows(session, PlanUsage) == []
    assert bid(private(as_org), supplier).status_code == 201


def test_of_two_bids_at_once_for_the_last_unit_one_passes(as_org: AsOrg, session: Session) -> None:
    planning.sold()
    supplier, made = as_org(["supplier"]), [private(as_org), private(as_org)]
    answers = at_once([partial(bid, each, supplier) for each in made])
    assert sorted(each.status_code for each in answers) == [201, 409]
    assert len(rows(session, Bid)) == 1
    assert planning.quota(supplier, "bids")["used"] == 1


def test_offers_are_shown_as_far_as_the_plan_goes(as_org: AsOrg, session: Session) -> None:
    planning.sold()
    seller = as_org(["supplier"])
    made = [catalog.drafted(seller, sku=f"RX-{number}") for number in range(3)]
    urls = [f"/v1/offers/{each['id']}" for each in made]
    for url in urls[:2]:
        assert seller.post(f"{url}/activate").status_code == 200
    refused = seller.post(f"{urls[2]}/activate")
    assert code(refused) == (409, "quota_used_up")
    assert "there are 2" in refused.json()["detail"]
    assert seller.get(urls[2]).json()["status"] == "draft"
    assert seller.post(f"{urls[0]}/suspend").status_code == 200
    assert seller.post(f"{urls[2]}/activate").status_code == 200
    assert code(seller.post(f"{urls[0]}/resume")) == (409, "quota_used_up")
    told = planning.quota(seller, "listings")
    assert (told["limit"], told["used"], told["renews_at"]) == (2, 2, None)


def test_of_two_offers_at_once_for_the_last_place_one_is_shown(as_org: AsOrg) -> None:
    planning.sold()
    seller = as_org(["supplier"])
    catalog.activated(seller, sku="RX-0")
    urls = [
        f"/v1/offers/{catalog.drafted(seller, sku=f'RX-{number}')['id']}/activate"
        for number in (1, 2)
    ]
    answers = at_once([partial(seller.post, each) for each in urls])
    assert sorted(each.status_code for each in answers) == [200, 409]


def test_an_import_shows_offers_as_far_as_the_plan_goes_and_says_which_it_did_not(
    as_org: AsOrg, session: Session
) -> None:
    planning.sold()
    seller = as_org(["supplier"])
    file = catalog.ndjson_file(*[catalog.offer(sku=f"RX-{number}") for number in range(3)])
    answer = uploads.sent(seller, file, uploads.NDJSON)
    uploads.finished(seller, answer)
    assert [(row, code) for row, _, code in uploads.refused(seller, answer)] == [
        (3, "quota_used_up")
    ]
    assert [each.sku for each in rows(session, Offer)] == ["RX-0", "RX-1"]


def test_a_seller_is_alerted_once_for_each_tender_and_as_often_as_its_plan_says(
    as_org: AsOrg, drain: Callable[[], int], session: Session
) -> None:
    planning.sold()
    seller, buyer = as_org(["supplier"], country="CN"), as_org(["buyer"])
    catalog.activated(seller)
    drain()
    first = matching.desks(buyer)
    drain()
    matching.desks(buyer)
    drain()
    (alert,) = rows(session, MatchAlert)
    assert (alert.seller_id, alert.best_rank) == (seller.org_id, 1)
    found = select(OutboxEvent).where(col(OutboxEvent.type) == "matching.alerted")
    (event,) = session.exec(found).all()
    assert event.org_id == seller.org_id
    assert first["id"].endswith(event.resource_id.hex)
    told = planning.quota(seller, "alerts")
    assert (told["limit"], told["used"]) == (1, 1)
