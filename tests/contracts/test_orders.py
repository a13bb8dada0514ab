"""Orders from quotes, without a tender: from the quote to the payment, and what is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from api.contracts.models import Contract, PurchaseOrder
from api.core import db, ids
from api.core.outbox import OutboxEvent
from api.opendata.models import OcdsRelease
from tests import costs
from tests.contracts import delivering, ordering, signing
from tests.contracts.delivering import Delivery
from tests.contracts.ordering import Ordering
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.payments import paying
from tests.payments.paying import Paid
from tests.procurement import awarding, bidding
from tests.sourcing import samples
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
PENALTY = {
    "rate_bp_per_day": 20,
    "cap_bp": 500,
    "grace_days": 2,
    "unit": "calendar",
    "basis": "late_quantity",
}
TABLES = ("purchase_order", "purchase_order_line", "contract", "delivery_schedule_row")


def seen(org_id: Any) -> dict[str, int]:
    """How many rows of each table an organisation sees without any filter of ours."""
    with db.unit_of_work(org_id) as unit:
        db.scope(unit, org_id=org_id.hex)
        count = {t: unit.connection().scalar(text(f"SELECT count(*) FROM {t}")) for t in TABLES}
        return {table: int(found or 0) for table, found in count.items()}


def told(actor: Any, kind: str) -> list[Any]:
    """The events of a type that an organisation reads."""
    items = actor.get("/v1/events?limit=100").json()["items"]
    return [each for each in items if each["type"] == kind]


def stands(made: Ordering) -> tuple[str, str, int, int]:
    """How request and quote stand, how many orders and contracts there are."""
    with db.worker_unit_of_work() as session:
        orders = session.exec(select(PurchaseOrder)).all()
        contracts = session.exec(select(Contract)).all()
    rfq = made.buyer.get(f"/v1/rfqs/{made.rfq['id']}").json()["status"]
    quote = made.seller.get(f"/v1/quotes/{made.quote['id']}").json()["status"]
    return rfq, quote, len(orders), len(contracts)


def test_an_order_is_signed_delivered_accepted_and_paid_by_the_machinery_of_contracts(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    made = ordering.begun(as_org)
    buyer, seller, other = made.buyer, made.seller, as_org(["supplier"], country="CN")
    theirs = samples.quoted(other, made.rfq, number="OTHER-1")
    drafted = made.drafted(late_delivery_penalty=PENALTY, note="Соколук")
    assert (drafted["status"], drafted["contract_id"]) == ("draft", None)
    assert (drafted["total"], drafted["currency"]) == ("620050", "CNY")
    assert drafted["default_terms"]["source"].startswith("No law: Kerben's default terms")
    assert seller.get("/v1/purchase-orders").json()["items"] == []
    assert stands(made) == ("published", "submitted", 1, 0)

    placed = ordering.done(made.second, drafted, "place")
    assert stands(made) == ("ordered", "ordered", 1, 1)
    assert [each["id"] for each in seller.get("/v1/purchase-orders").json()["items"]] == [
        placed["id"]
    ]
    assert told(seller, "purchase_order.placed")
    url = f"/v1/contracts/{placed['contract_id']}"
    contract = buyer.get(url).json()
    assert (contract["status"], contract["tender_id"], contract["ocid"]) == (
        "pending_signature",
        "",
        "",
    )
    assert contract["order_id"] == placed["id"]
    expanded = buyer.get(f"{url}?expand[]=tender").json()
    assert expanded["expanded"] == {"tender": None}
    early = signing.sign(seller, contract)
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "order_not_confirmed")
    for act, body in (("revise", samples.quote(made.rfq)), ("withdraw", None)):
        changed = seller.post(f"/v1/quotes/{made.quote['id']}/{act}", json=body)
        assert changed.status_code == 409

    ordering.done(seller, placed, "confirm")
    drain()
    assert other.get(f"/v1/quotes/{theirs['id']}").json()["status"] == "passed_over"
    assert told(other, "quote.passed_over")
    document = buyer.get(f"{url}/document").json()
    assert (document["type"], document["quote"]["number"]) == ("kerben_order", "Q-2027-018")
    assert document["late_delivery_penalty"]["rate_bp_per_day"] == 20
    assert document["delivery_terms"]["incoterm"] == "FCA"
    assert document["lines"][0]["amount"] == "620050"
    for side in (buyer, seller):
        answer = signing.sign(side, buyer.get(url).json())
        assert answer.status_code == 200, answer.text
    contract = answer.json()
    assert contract["status"] == "active"
    terms = buyer.get(f"{url}/penalty-terms").json()
    assert (terms["rate_bp_per_day"], terms["source"]) == (
        20,
        "Agreed by the parties in the order",
    )

    item = placed["lines"][0]["item_id"]
    sides = Execution(buyer, seller, contract, item)
    due = delivering.today(session, 30).isoformat()
    wanted = {"quantity": "100", "tolerance_pct": "0", "incoterm": None, "named_place": None}
    wrong = executing.row(sides, **{**wanted, "quantity": "90"})
    assert buyer.post(f"{url}/schedules", json={"rows": [wrong]}).status_code == 422
    executing.agree(
        sides,
        {**wanted, "place_code": "cn-kashi", "ready_by": None, "ship_by": due, "deliver_by": due},
    )
    (row,) = sides.rows()
    assert (row["incoterm"], row["named_place"]) == ("FCA", "Kashgar, CN")
    case = Paid(
        Delivery(contract, buyer, made.second, seller, None, [row["id"]]),
        made.second,
        buyer,
        drain,
        paying.payee(seller.org_id),
    )
    parts = [
        {"number": 1, "kind": "on_acceptance", "basis_points": 9000},
        {"number": 2, "kind": "retention", "basis_points": 1000, "term_days": 365},
    ]
    paying.accept(case, paying.propose(case, parts, settlement="direct"))
    paying.deliver(case, "100", by=buyer)
    (payment,) = case.payments()
    assert Decimal(payment["gross"]) == Decimal(558045)
    third = awarding.second_client(buyer)
    for by in (made.second, third):
        assert paying.approve(case, payment, by).status_code == 200
    paid = {"reference": "PP 1", "value_date": delivering.today(session).isoformat()}
    assert buyer.post(case.url(f"payments/{payment['id']}/report"), json=paid).status_code == 200
    confirmed = seller.post(case.url(f"payments/{payment['id']}/confirm"))
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "paid"), confirmed.text
    claims = buyer.get(f"{url}/penalty").json()
    assert (claims["inputs"]["ocid"], claims["result"]["total"]) == (None, "0"), claims
    _determined(as_org(["reviewer"]), buyer, seller, url, row["id"])
    drain()

    stranger = as_org(["buyer", "supplier"])
    for outsider in (stranger, other):
        for path in (url, f"{url}/document", f"/v1/purchase-orders/{placed['id']}"):
            assert outsider.get(path).status_code == 404
        assert seen(outsider.org_id) == dict.fromkeys(TABLES, 0)
    session.rollback()
    assert session.exec(select(OcdsRelease)).all() == []
    public = select(OutboxEvent).where(OutboxEvent.org_id.is_(None))  # type: ignore[union-attr]
    assert not [e for e in session.exec(public) if e.type.startswith(("contract", "purchase"))]


def _determined(commission: Any, buyer: Any, seller: Any, url: str, row: str) -> None:
    """A dispute goes to the commission, which reads it and not the contract, and decides."""
    dispute = buyer.post(
        f"{url}/disputes",
        json={
            "type": "defect",
            "schedule_row_ids": [row],
            "description": "Два насоса не работают",
            "desired_outcome": "refund",
            "claimed_amount": "2000",
        },
    ).json()
    at = f"/v1/disputes/{dispute['id']}"
    assert buyer.post(f"{at}/escalate").status_code == 200
    assert seller.post(f"{at}/submit").json()["stage"] == "determination"
    assert commission.get(url).status_code == 404
    terms = {"party_at_fault": "supplier", "rationale": "Заключение", "refund": "1000"}
    determined = commission.post(f"{at}/determine", json=terms)
    assert determined.json()["outcome"] == "determined", determined.text


def test_what_cannot_be_ordered_is_refused_and_changes_nothing(as_org: AsOrg) -> None:
    made = ordering.begun(as_org)
    url = f"/v1/rfqs/{made.rfq['id']}/purchase-orders"
    foreign = samples.quoted(made.seller, samples.published(made.buyer))
    for changed, pointer, code in (
        ({"quote_id": foreign["id"]}, "#/quote_id", "unknown_quote"),
        ({"lines": [{"quote_line": 1, "quantity": "1"}]}, "#/lines/0/quote_line", "unknown_line"),
        (
            {"lines": [{"quote_line": 0, "quantity": "0.5"}]},
            "#/lines/0/quantity",
            "below_minimum_quantity",
        ),
        (
            {"lines": [{"quote_line": 0, "quantity": "1000000000000"}]},
            "#/lines/0/quantity",
            "worth_too_much",
        ),
        (
            {"lines": [{"quote_line": 0, "quantity": "5"}, {"quote_line": 0, "quantity": "6"}]},
            "#/lines/1/quote_line",
            "line_twice",
        ),
    ):
        answer = made.buyer.post(url, json=made.body(**changed))
        assert answer.status_code == 422, answer.text
        assert (pointer, code) in {(e["pointer"], e["code"]) for e in answer.json()["errors"]}
    old = made.buyer.post(url, json=made.body(quote_version=2))
    assert (old.status_code, old.json()["code"]) == (409, "order_outdated")
    for by in (made.seller, as_org(["buyer"], procurement_regime="generic")):
        assert by.post(url, json=made.body()).status_code == 404
    assert stands(made) == ("published", "submitted", 0, 0)

    drafted = made.drafted()
    alone = ordering.act(made.buyer, drafted, "place")
    assert (alone.status_code, alone.json()["code"]) == (409, "four_eyes")
    stale = made.second.post(
        f"/v1/purchase-orders/{drafted['id']}/place", headers={"If-Match": '"9"'}
    )
    assert stale.status_code == 412
    assert ordering.act(made.seller, drafted, "confirm").status_code == 404
    cheaper = samples.quote(made.rfq, samples.line(made.rfq, ("1", "6000")))
    assert (
        made.seller.post(f"/v1/quotes/{made.quote['id']}/revise", json=cheaper).status_code == 200
    )
    outdated = ordering.act(made.second, drafted, "place")
    assert (outdated.status_code, outdated.json()["code"]) == (409, "order_outdated")
    assert stands(made) == ("published", "submitted", 1, 0)
    quote = made.seller.get(f"/v1/quotes/{made.quote['id']}").json()
    again = made._replace(quote=quote)
    late = again.drafted()
    bidding.advance(datetime.fromisoformat(quote["valid_until"]))
    for answer in (
        ordering.act(made.second, late, "place"),
        made.buyer.post(url, json=again.body()),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "quote_lapsed")
    assert stands(made) == ("published", "submitted", 2, 0)


def test_of_a_quote_for_other_goods_nothing_is_ordered_until_its_seller_revises_it(
    as_org: AsOrg,
) -> None:
    made = ordering.begun(as_org)
    url, item = f"/v1/rfqs/{made.rfq['id']}", made.rfq["items"][0]["id"]
    goods = [samples.item(id=item, description={"ru": "Насосы погружные"})]
    for changes in ({"title": {"ru": "Насосы, срочно"}}, {"items": goods}):
        body = {"reason": "Иное", "changes": changes}
        amended = made.buyer.post(f"{url}/amend", json=body)
        assert amended.status_code == 200, amended.text
        drafted = made.buyer.post(f"{url}/purchase-orders", json=made.body())
        assert drafted.status_code == (201 if "title" in changes else 409), drafted.text
    assert drafted.json()["code"] == "order_outdated"
    assert stands(made) == ("published", "submitted", 1, 0)
    same = samples.quote(amended.json(), samples.line(amended.json(), ("1", "6320")))
    revised = made.seller.post(f"/v1/quotes/{made.quote['id']}/revise", json=same)
    assert revised.status_code == 200, revised.text
    again = made._replace(rfq=amended.json(), quote=revised.json())
    assert again.drafted()["status"] == "draft"


def test_an_order_of_little_value_is_placed_by_who_drafted_it(as_org: AsOrg) -> None:
    made = ordering.begun(as_org, currency="KGS")
    drafted = made.drafted(lines=[{"quote_line": 0, "quantity": "3"}], late_delivery_penalty=None)
    placed = ordering.done(made.buyer, drafted, "place")
    assert (placed["total"], placed["late_delivery_penalty"]) == ("18960", None)


@pytest.mark.parametrize("ending", ["refuse", "cancel", "lapse"])
def test_when_nothing_comes_of_an_order_the_buyer_orders_from_another_quote(
    as_org: AsOrg, drain: Drain, ending: str
) -> None:
    made = ordering.begun(as_org, valid_until=samples.ahead(days=5))
    other = as_org(["supplier"], country="CN")
    second = made._replace(seller=other, quote=samples.quoted(other, made.rfq))
    placed = made.placed()
    waiting = second.buyer.post(
        f"/v1/rfqs/{made.rfq['id']}/purchase-orders", json=second.body()
    ).json()
    assert waiting["code"] == "rfq_not_orderable"
    if ending == "lapse":
        bidding.advance(datetime.fromisoformat(placed["valid_until"]))
        late = ordering.act(made.seller, placed, "confirm")
        assert (late.status_code, late.json()["code"]) == (409, "quote_lapsed")
        clock.tick()
    else:
        by, stranger = (
            (made.seller, made.buyer) if ending == "refuse" else (made.buyer, made.seller)
        )
        assert ordering.act(stranger, placed, ending, reason="Нет").status_code in (403, 404)
        # The workers hear of the confirmation only when the order is over.
        ordering.done(made.seller, placed, "confirm")
        ordering.done(by, placed, ending, reason="Нет")
    drain()
    assert other.get(f"/v1/quotes/{second.quote['id']}").json()["status"] == "submitted"
    over = made.buyer.get(f"/v1/purchase-orders/{placed['id']}").json()
    status, quote = {
        "refuse": ("refused", "declined"),
        "cancel": ("cancelled", "submitted"),
        "lapse": ("lapsed", "expired"),
    }[ending]
    assert over["status"] == status
    assert stands(made) == ("closed", quote, 1, 1)
    contract = made.seller.get(f"/v1/contracts/{placed['contract_id']}").json()
    assert contract["status"] == "cancelled"
    assert told(made.seller, f"purchase_order.{status}")
    anew = second.placed()
    assert ordering.done(other, anew, "confirm")["status"] == "confirmed"
    assert other.get("/v1/debarments").json()["items"] == []


def test_what_was_passed_over_or_released_is_ordered_from_as_it_was_written(
    as_org: AsOrg, drain: Drain
) -> None:
    made = ordering.begun(as_org)
    other = as_org(["supplier"], country="CN")
    second = made._replace(seller=other, quote=samples.quoted(other, made.rfq))
    early, placed = second.drafted(), made.placed()
    ordering.done(made.seller, placed, "confirm")
    drain()
    passed = other.get(f"/v1/quotes/{second.quote['id']}").json()
    assert (passed["status"], passed["version"]) == ("passed_over", 2)
    ordering.done(made.buyer, placed, "cancel", reason="Нет")

    anew = ordering.done(made.second, early, "place")
    document = other.get(f"/v1/contracts/{anew['contract_id']}/document").json()
    assert (anew["quote_version"], document["quote"]["version"]) == (1, 1)
    ordering.done(made.buyer, anew, "cancel", reason="Нет")
    released = made.seller.get(f"/v1/quotes/{made.quote['id']}").json()
    assert (released["status"], released["version"]) == ("submitted", 3)
    again = made._replace(quote=released).placed()
    assert (again["status"], again["quote_version"]) == ("placed", 1)
    ordering.done(made.seller, again, "confirm")
    drain()
    cheaper = samples.quote(made.rfq, samples.line(made.rfq, ("1", "6000")))
    revised = other.post(f"/v1/quotes/{passed['id']}/revise", json=cheaper)
    assert (revised.status_code, revised.json()["status"]) == (200, "submitted"), revised.text


def test_of_two_orders_placed_at_once_one_stands(as_org: AsOrg) -> None:
    made = ordering.begun(as_org)
    other = as_org(["supplier"], country="CN")
    second = made._replace(seller=other, quote=samples.quoted(other, made.rfq))
    drafts = [made.drafted(), second.drafted()]
    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(lambda each: ordering.act(made.second, each, "place"), drafts)]
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert {a.json().get("code") for a in answers if a.status_code == 409} == {"rfq_not_orderable"}
    placed = [
        each["id"] for each in made.buyer.get("/v1/purchase-orders?status=placed").json()["items"]
    ]
    assert placed == [a.json()["id"] for a in answers if a.status_code == 200]
    with db.worker_unit_of_work() as session:
        (contract,) = session.exec(select(Contract)).all()
        assert ids.show("purchaseorder", contract.order_id or made.rfq) == placed[0]
    asked = []
    for query in ("", "?limit=1"):
        with costs.asked() as statements:
            listed = made.buyer.get(f"/v1/purchase-orders{query}").json()["items"]
        asked.append(len(statements))
    assert len(listed) == 1
    assert asked[0] == asked[1], "as many for two orders as for one"
    loser = made.seller if placed[0] == drafts[1]["id"] else other
    assert loser.get("/v1/purchase-orders").json()["items"] == []
