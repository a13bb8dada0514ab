"""Orders that were signed: what was ordered in place of what was asked, delay, money in escrow."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlmodel import Session
from typer.testing import CliRunner

from api.cli import verify
from tests.contracts import delivering, ordering
from tests.contracts.delivering import Delivery
from tests.contracts.ordering import Ordering
from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.payments import paying
from tests.payments.paying import Paid
from tests.procurement import awarding
from tests.screening import files
from tests.sourcing import samples

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
WHOLE = [{"number": 1, "kind": "on_acceptance", "basis_points": 10_000}]
DELAY = {"rate_bp_per_day": 20, "cap_bp": 500, "grace_days": 2}


def carried_out(session: Session, made: Ordering, placed: Any, drain: Drain) -> Paid:
    """The contract of an order in force, each of its lines one row that is due tomorrow."""
    contract = ordering.in_force(made, placed)
    sides = Execution(made.buyer, made.seller, contract, placed["lines"][0]["item_id"])
    due = delivering.today(session, 1).isoformat()
    rows = [
        {
            "number": n,
            "item_id": line["item_id"],
            "quantity": line["quantity"],
            "tolerance_pct": "0",
            "place_code": "cn-kashi",
            "ready_by": None,
            "ship_by": due,
            "deliver_by": due,
            "incoterm": None,
            "named_place": None,
        }
        for n, line in enumerate(placed["lines"], start=1)
    ]
    executing.agree(sides, *rows)
    agreed = [row["id"] for row in sides.rows()]
    return Paid(
        Delivery(contract, made.buyer, made.second, made.seller, None, agreed),
        awarding.second_client(made.buyer),
        awarding.second_client(made.buyer),
        drain,
        paying.payee(made.seller.org_id),
    )


def code(answer: Any) -> tuple[int, str, str]:
    """The answer to an input that is refused for one reason."""
    (error,) = answer.json()["errors"]
    return answer.status_code, error["pointer"], error["code"]


def test_an_alternative_is_ordered_at_its_own_price_and_is_what_is_delivered_and_screened(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    made, operator = ordering.begun(as_org), as_org(["operator"])
    instead = {"ru": "Насос поверхностный 0,9 кВт", "en": "Surface pump 0.9 kW"}
    lines = (
        samples.line(made.rfq, ("1", "6320")),
        samples.line(
            made.rfq, ("1", "5000.335"), ("10", "4900"), alternative=instead, sku="QJ-0.9"
        ),
    )
    answer = made.seller.post(
        f"/v1/quotes/{made.quote['id']}/revise",
        json=samples.quote(made.rfq, *lines, currency="KGS"),
    )
    assert answer.status_code == 200, answer.text
    made = made._replace(quote=answer.json())
    wanted = [{"quote_line": 1, "quantity": "3"}, {"quote_line": 0, "quantity": "1"}]
    drafted = made.drafted(lines=wanted)
    other, asked = drafted["lines"]
    # 3 x 5000.335 = 15001.005, to the tyiyn halves up.
    assert (other["amount"], other["unit_price"]) == ("15001.01", "5000.335")
    assert (other["alternative"], other["sku"]) == (instead, "QJ-0.9")
    assert (asked["alternative"], drafted["total"]) == (None, "21321.01")

    case = carried_out(session, made, ordering.done(made.buyer, drafted, "place"), drain)
    told = made.seller.get(case.url("document")).json()
    assert [line["alternative"] for line in told["lines"]] == [instead, None]
    assert told["value"] == {"amount": "21321.01", "currency": "KGS"}
    document = made.seller.get(case.url("schedules/1/ubl/order")).text
    assert instead["ru"] in document or instead["en"] in document
    assert document.count("Насос погружной") + document.count("深井潜水泵") > 0
    drain()
    listed = files.table("p,goods,Surface pump 0.9 kW,,,KG,Register 9,,")
    assert files.sent(operator, listed, name="own").status_code == 200
    drain()
    (found,) = operator.get("/v1/screening-cases").json()["items"]
    assert {*instead.values()} <= {*found["facts"]["subject"]["names"]}


def test_delay_of_an_order_is_claimed_and_netted_from_what_escrow_pays(
    as_org: AsOrg, session: Session, drain: Drain, tmp_path: Path
) -> None:
    made, buyer = ordering.begun(as_org, currency="KGS"), as_org(["buyer"])
    placed = made.placed(late_delivery_penalty=DELAY)
    assert placed["total"] == "620050"
    case = carried_out(session, made, placed, drain)
    guaranteed = {"number": 1, "kind": "advance", "basis_points": 10_000}
    parts = [{**guaranteed, "guarantee_required": True}]
    refused = made.buyer.request("PUT", case.url("payment-schedule"), json={"parts": parts})
    assert code(refused) == (422, "#/parts/0/guarantee_required", "guarantee_not_held")
    assert made.buyer.get(case.url("payment-schedule")).json()["code"] == "no_payment_schedule"
    paying.accept(case, paying.propose(case, WHOLE))
    paying.fund(case, "620050")

    paying.deliver(case, "60")
    (first,) = case.payments()
    assert (first["gross"], first["penalty"], first["net"]) == ("372030", "0", "372030")
    paying.approved(case, first)
    assert paying.settle(case) == 1
    awarding.advance(10)
    paying.receive(case, "40")
    drain()
    text = made.seller.get(case.url("penalty"))
    (row,) = text.json()["result"]["rows"]
    (late,) = row["parts"]
    # Nine days late, two of grace: 40 x 6200.5 x 0.002 x 7.
    assert (late["days_late"], late["penalty_days"], row["amount"]) == (9, 7, "3472.28")
    file = tmp_path / "penalty.json"
    file.write_bytes(text.content)
    checked = CliRunner().invoke(verify.app, ["penalty", str(file)])
    assert (checked.exit_code, "3472.28 KGS" in checked.output) == (0, True), checked.output

    claim = case.url("ld-claims")
    assert made.seller.post(claim).status_code == 404, "a seller is not the buyer of its contract"
    drafted = made.buyer.post(claim).json()
    assert (drafted["amount"], drafted["currency"]) == ("3472.28", "KGS")
    url = f"{claim}/{drafted['number']}"
    assert made.buyer.post(f"{url}/raise").json()["code"] == "same_author"
    assert made.second.post(f"{url}/raise").status_code == 200
    assert made.seller.post(f"{url}/agree").json()["status"] == "agreed"
    presented = delivering.presented(case.made, "40")
    assert presented.status_code == 201, presented.text
    at, body = presented.json()["number"], {"accepted_quantity": "40", **delivering.PROTOCOL}
    at = case.url(f"acceptances/{at}/accept")
    assert made.seller.post(at, json=body).status_code == 404
    assert made.buyer.post(at, json=body).status_code == 200
    second = case.payments()[1]
    assert [Decimal(second[each]) for each in ("gross", "penalty", "net")] == [
        Decimal(248020),
        Decimal("3472.28"),
        Decimal("244547.72"),
    ]
    assert paying.approve(case, second, made.seller).status_code == 404
    paying.approved(case, second)
    assert paying.settle(case) == 1
    assert {each["status"] for each in case.payments()} == {"paid"}
    assert paying.held(case) == case.balance()["refundable"] == Decimal("3472.28")

    mine = made.seller.get(f"/v1/events?channels={placed['id']}&limit=100").json()["items"]
    assert {"contract.signed", "ld_claim.agreed", "milestone_payment.paid"} <= {
        each["type"] for each in mine
    }
    # Every buyer reads scorecards and their facts; nobody else hears of an order.
    facts = f"/v1/scorecards/{placed['seller_id']}/facts"
    for metric in ("documents_complete", "on_time_delivery", "acceptance", "days_late"):
        assert buyer.get(facts, params={"metric": metric}).json()["items"] == []
    heard = buyer.get("/v1/events?audience=all&limit=100").json()["items"]
    assert not [e for e in heard if e["type"].startswith(("contract.", "purchase_order."))]
