"""From publication to ranked offers, and what each side may read of them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, select

from api.core.outbox import OutboxEvent
from api.matching.models import DemandItem, Match, MatchFeedback
from tests.catalog import samples as catalog
from tests.matching import samples
from tests.procurement import samples as procurement

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


@pytest.fixture
def buyer(as_org: AsOrg) -> Any:
    return as_org(["buyer"])


@pytest.fixture
def seller(as_org: AsOrg) -> Any:
    return as_org(["supplier"], country="CN")


def test_a_published_request_finds_the_offer_that_answers_it(
    buyer: Any, seller: Any, drain: Drain, session: Session
) -> None:
    desk = samples.stock(seller)
    drain()
    tender = samples.desks(buyer)
    drain()
    found = samples.matches(buyer, tender)
    assert [match["offer_id"] for match in found] == [desk["id"]]
    (match,) = found
    assert (match["rank"], match["domestic"], match["blockers"]) == (1, False, [])
    assert match["parts"]["code"] == "1.000000"
    assert all(0 <= float(value) <= 1 for value in match["parts"].values())
    assert ("concept", "School desk") in {
        (w["kind"], w["offer"]) for w in match["matched"]["words"]
    }
    events = session.exec(select(OutboxEvent).where(OutboxEvent.type == "matching.completed"))
    assert [event.payload for event in events] == [{"items": 1, "matches": 1}]


def test_what_stands_against_an_offer_is_a_blocker_with_figures(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    desk = samples.stock(seller)
    stated = seller.request("PUT", f"/v1/products/{desk['product']['id']}/capacity",
                            json={**catalog.CAPACITY, "quantity": "0.5"})  # fmt: skip
    assert stated.status_code == 200, stated.text
    tender = samples.desks(
        buyer,
        required_certificates=["ISO9001"],
        incoterms=["DAP"],
        items=[procurement.item(quantity="60")],
    )
    drain()
    (match,) = samples.matches(buyer, tender)
    blockers = {entry["code"]: entry["details"] for entry in match["blockers"]}
    assert blockers == {
        "certificate_missing": {"scheme": "ISO9001"},
        "below_min_order_quantity": {"asked": "60", "required": "100", "unit": "SET"},
        "incoterm_not_accepted": {"incoterm": "FCA", "accepted": "DAP"},
        "not_available_in_time": {"asked": "100", "available": "0", "unit": "SET"},
    }
    assert match["parts"]["quantity"] == "0.000000"
    assert float(match["score"]) > 0


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ky", "1-орун: дал келген сөздөр"),
        ("ru", "Место 1: совпали слова"),
        ("en", "Rank 1: matching words"),
        ("zh", "第1名：匹配词语"),
    ],
)
def test_a_match_is_explained_in_four_languages(
    buyer: Any, seller: Any, drain: Drain, language: str, said: str
) -> None:
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    (match,) = samples.matches(buyer, tender)
    answer = buyer.get(f"/v1/matches/{match['id']}/explanation", params={"language": language})
    assert answer.json()["text"].startswith(said)
    assert "109.12" in answer.json()["text"]


def test_a_match_replays_to_the_same_number_from_what_it_stores(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    desk = samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    (match,) = samples.matches(buyer, tender)
    cheaper = {"price_tiers": [{"min_quantity": "100", "unit_price": "1"}]}
    assert seller.patch(f"/v1/offers/{desk['id']}", json=cheaper).status_code == 200
    again = buyer.get(f"/v1/matches/{match['id']}/replay").json()
    assert again["same"] is True
    assert again["replayed_score"] == again["stored_score"] == match["score"]
    assert again["parts"] == match["parts"]
    assert again["inputs"]["supply"]["price_tiers"][0]["unit_price"] == "118.000000"


def test_a_domestic_maker_is_matched_and_marked(
    buyer: Any, seller: Any, as_org: AsOrg, drain: Drain
) -> None:
    samples.stock(seller)
    maker = as_org(["manufacturer"], country="KG")
    catalog.activated(maker, **samples.DESK_KG)
    tender = samples.desks(buyer)
    drain()
    assert len(samples.matches(buyer, tender)) == 2
    (home,) = samples.matches(buyer, tender, domestic=True)
    assert home["seller_id"] == f"organisation_{maker.org_id.hex}"
    (abroad,) = samples.matches(buyer, tender, domestic=False)
    assert abroad["seller_id"] == f"organisation_{seller.org_id.hex}"


def test_a_buyer_filters_and_pages(buyer: Any, seller: Any, as_org: AsOrg, drain: Drain) -> None:
    samples.stock(seller)
    maker = as_org(["manufacturer"], country="KG")
    catalog.activated(maker, **samples.DESK_KG)
    tender = samples.desks(buyer, incoterms=["DAP"])
    drain()
    one = buyer.get(f"/v1/tenders/{tender['id']}/matches", params={"limit": 1}).json()
    assert (len(one["items"]), one["has_more"]) == (1, True)
    query = {"limit": 1, "cursor": one["next_cursor"]}
    two = buyer.get(f"/v1/tenders/{tender['id']}/matches", params=query).json()
    assert [page["items"][0]["rank"] for page in (one, two)] == [1, 2]
    assert two["next_cursor"] is None
    assert [m["rank"] for m in samples.matches(buyer, tender, min_rank=1)] == [1]
    clear = samples.matches(buyer, tender, blockers="none")
    assert [m["domestic"] for m in clear] == [True]
    assert len(samples.matches(buyer, tender, blockers="incoterm_not_accepted")) == 1
    assert samples.matches(buyer, tender, blockers="unit_mismatch") == []
    mine = samples.matches(buyer, tender, seller=f"organisation_{maker.org_id.hex}")
    assert [m["domestic"] for m in mine] == [True]
    assert (
        samples.matches(buyer, tender, item=clear[0]["tender_id"].replace("tender", "item")) == []
    )


@pytest.mark.parametrize("query", [{"min_rank": 0}, {"blockers": "ugly"}, {"item": "tender_1"}])
def test_a_filter_that_makes_no_sense_is_refused(buyer: Any, query: dict[str, Any]) -> None:
    tender = "tender_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
    answer = buyer.get(f"/v1/tenders/{tender}/matches", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_strangers_see_no_match(
    buyer: Any, seller: Any, as_org: AsOrg, drain: Drain, client: Any
) -> None:
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    (match,) = samples.matches(buyer, tender)
    stranger = as_org(["buyer", "supplier"])
    assert stranger.get(f"/v1/tenders/{tender['id']}/matches").status_code == 404
    assert seller.get(f"/v1/tenders/{tender['id']}/matches").status_code == 404
    for path in ("", "/explanation", "/replay"):
        assert stranger.get(f"/v1/matches/{match['id']}{path}").status_code == 404
        assert seller.get(f"/v1/matches/{match['id']}{path}").status_code == 200
        assert client.get(f"/v1/matches/{match['id']}{path}").status_code == 401


def test_a_new_offer_finds_the_open_request(buyer: Any, seller: Any, drain: Drain) -> None:
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    before = samples.matches(buyer, tender)
    made = catalog.activated(seller, **samples.DESK_KG)
    drain()
    after = samples.matches(buyer, tender)
    assert len(before) == 1
    assert {match["offer_id"] for match in after} == {before[0]["offer_id"], made["id"]}
    assert [match["rank"] for match in after] == [1, 2]
    scores = [float(match["score"]) for match in after]
    assert scores == sorted(scores, reverse=True)
    replayed = [buyer.get(f"/v1/matches/{m['id']}/replay").json()["same"] for m in after]
    assert replayed == [True, True]


def test_an_offer_that_is_suspended_leaves_the_open_requests(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    desk = samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    assert len(samples.matches(buyer, tender)) == 1
    assert seller.post(f"/v1/offers/{desk['id']}/suspend").status_code == 200
    drain()
    assert samples.matches(buyer, tender) == []
    assert seller.post(f"/v1/offers/{desk['id']}/resume").status_code == 200
    drain()
    assert len(samples.matches(buyer, tender)) == 1


def test_a_changed_offer_is_scored_anew_and_keeps_its_match(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    desk = samples.stock(seller)
    tender = samples.desks(buyer, incoterms=["DAP"])
    drain()
    (before,) = samples.matches(buyer, tender)
    assert [entry["code"] for entry in before["blockers"]] == ["incoterm_not_accepted"]
    change = {"incoterm": "DAP", "place_code": "kg-osh"}
    assert seller.patch(f"/v1/offers/{desk['id']}", json=change).status_code == 200
    drain()
    (after,) = samples.matches(buyer, tender)
    assert (after["id"], after["blockers"]) == (before["id"], [])
    assert float(after["parts"]["incoterm"]) > float(before["parts"]["incoterm"])


def test_an_amended_request_is_matched_anew(buyer: Any, seller: Any, drain: Drain) -> None:
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    (before,) = samples.matches(buyer, tender)
    lot = tender["lots"][0]
    change = {"id": lot["id"], "items": [{"id": lot["items"][0]["id"], "quantity": "20"}]}
    answer = buyer.post(
        f"/v1/tenders/{tender['id']}/amend", json={"rationale": "Меньше", "lots": [change]}
    )
    assert answer.status_code == 200, answer.text
    drain()
    (after,) = samples.matches(buyer, tender)
    assert after["id"] == before["id"]
    assert [entry["code"] for entry in after["blockers"]] == ["below_min_order_quantity"]


def test_a_cancelled_request_is_forgotten_with_its_invitations(
    buyer: Any, seller: Any, drain: Drain, session: Session
) -> None:
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    invited = buyer.post(
        f"/v1/tenders/{tender['id']}/invitations",
        json={"seller_id": f"organisation_{seller.org_id.hex}"},
    ).json()
    cancelled = buyer.post(f"/v1/tenders/{tender['id']}/cancel", json={"reason": "Нет средств"})
    assert cancelled.status_code == 200, cancelled.text
    procurement.complaints_over(tender)
    drain()
    assert session.exec(select(Match)).all() == []
    assert session.exec(select(DemandItem)).all() == []
    (left,) = seller.get("/v1/invitations").json()["items"]
    assert (left["id"], left["status"]) == (invited["id"], "withdrawn")


def test_a_verdict_is_kept_with_what_it_judged(
    buyer: Any, seller: Any, drain: Drain, session: Session
) -> None:
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    (match,) = samples.matches(buyer, tender)
    url = f"/v1/matches/{match['id']}/feedback"
    assert buyer.post(url, json={"verdict": "good"}).status_code == 200
    second = buyer.post(url, json={"verdict": "bad", "reason": "Не тот размер"})
    assert (second.json()["verdict"], second.json()["reason"]) == ("bad", "Не тот размер")
    (row,) = session.exec(select(MatchFeedback)).all()
    assert (row.verdict, row.parts, str(row.score)) == ("bad", match["parts"], match["score"])


def test_only_the_buyer_judges_a_match(
    buyer: Any, seller: Any, as_org: AsOrg, drain: Drain, session: Session
) -> None:
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    (match,) = samples.matches(buyer, tender)
    url = f"/v1/matches/{match['id']}/feedback"
    assert seller.post(url, json={"verdict": "good"}).status_code == 403
    assert as_org(["buyer", "supplier"]).post(url, json={"verdict": "good"}).status_code == 404
    assert buyer.post(url, json={"verdict": "fine"}).status_code == 422
    assert buyer.post(url, json={"verdict": "good", "stars": 5}).status_code == 422
    assert session.exec(select(MatchFeedback)).all() == []


def test_nearly_equal_offers_of_one_seller_stand_as_one(
    buyer: Any, seller: Any, drain: Drain
) -> None:
    desk = samples.stock(seller)
    twins = [catalog.activated(seller, sku=f"RX-101-{n}") for n in range(3)]
    tender = samples.desks(buyer)
    drain()
    (match,) = samples.matches(buyer, tender)
    others = {f"offer_{offer_id}" for offer_id in match["matched"]["similar_offers"]}
    assert others | {match["offer_id"]} == {desk["id"], *(twin["id"] for twin in twins)}


def test_repeating_a_word_gains_nothing(buyer: Any, as_org: AsOrg, drain: Drain) -> None:
    names = ("School desk", "School desk school desk school desk school desk desk desk")
    sellers = [as_org(["supplier"], country="CN") for _ in names]
    samples.stock(as_org(["supplier"], country="CN"))
    for one, name in zip(sellers, names, strict=True):
        catalog.activated(one, product=catalog.product(names={"en": name}))
    tender = samples.desks(buyer)
    drain()
    found = {match["seller_id"]: match for match in samples.matches(buyer, tender)}
    plain, stuffed = (found[f"organisation_{one.org_id.hex}"] for one in sellers)
    assert float(stuffed["parts"]["lexical"]) <= float(plain["parts"]["lexical"])


def test_a_seller_that_was_debarred_is_blocked_in_open_requests(
    buyer: Any, seller: Any, as_org: AsOrg, drain: Drain
) -> None:
    samples.stock(seller)
    tender = samples.desks(buyer)
    drain()
    operator = as_org(["operator"])
    answer = operator.post(
        f"/v1/organisations/organisation_{seller.org_id.hex}/debar",
        json={"until": procurement.day(300), "source": "Реестр", "reason": "Сорвал поставку"},
    )
    assert answer.status_code == 200, answer.text
    drain()
    (match,) = samples.matches(buyer, tender)
    assert [entry["code"] for entry in match["blockers"]] == ["supplier_debarred"]


def test_a_request_that_no_worker_has_come_to_has_an_empty_list_and_not_a_404(
    as_org: AsOrg,
) -> None:
    buyer, stranger = as_org(["buyer"]), as_org(["buyer"])
    body = {
        "title": {"ru": "Парты"},
        "tender_period_end": "2099-01-01T00:00:00Z",
        "lots": [],
    }
    tender_id = buyer.post("/v1/tenders", json=body).json()["id"]

    assert buyer.get(f"/v1/tenders/{tender_id}/matches").json()["items"] == []
    assert stranger.get(f"/v1/tenders/{tender_id}/matches").status_code == 404
