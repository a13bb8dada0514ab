"""A contract paid by milestones, from the proposal to the retention released."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from tests.delivery import executing
from tests.delivery.executing import Execution
from tests.payments import paying, securing
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


def published(case: paying.Paid) -> Any:
    """What the public is told of carrying the contract out."""
    answer = case.made.buyer.get(f"/public/ocds/records/{case.made.contract['ocid']}")
    assert answer.status_code == 200, answer.text
    (contract,) = answer.json()["records"][0]["compiledRelease"]["contracts"]
    return contract["implementation"]


def test_pay_01_a_contract_is_funded_accepted_lot_by_lot_and_released_to_the_last_retention(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = paying.agreed(session, as_org, drain)
    paying.fund(case)
    assert [each["status"] for each in case.milestones()] == ["funded", "funded"]
    assert case.payments() == []

    paying.deliver(case, "200")
    (due,) = case.payments()
    assert (due["kind"], due["gross"], due["status"]) == ("on_acceptance", "316666.66", "due")
    paying.approved(case, due)
    assert case.payments()[0]["status"] == "released"
    assert paying.settle(case) == 1
    assert case.payments()[0]["status"] == "paid"
    assert paying.held(case) == Decimal("683333.34")

    paying.deliver(case, "400")
    second = case.payments()[1]
    assert second["gross"] == "633333.34"
    paying.approved(case, second)
    paying.settle(case)
    assert [each["status"] for each in case.milestones()] == ["completed", "funded"]
    assert case.balance()["refundable"] == 0

    awarding.advance(366)
    clock.tick()
    (third,) = case.payments(kind="retention")
    assert third["gross"] == "50000"
    paying.approved(case, third)
    assert paying.settle(case) == 1

    assert [each["status"] for each in case.milestones()] == ["completed", "completed"]
    assert paying.held(case) == 0
    assert len({each.idempotency_key for each in paying.all_orders(session)}) == 3
    told = published(case)
    assert [each["status"] for each in told["milestones"] if each["type"] == "payment"] == [
        "met"
    ] * 2
    assert [each["value"]["amount"] for each in told["transactions"]] == [
        316666.66,
        633333.34,
        50000,
    ]
    lot = case.made.contract["id"].removeprefix("contract_")
    assert paying.all_orders(session)[0].idempotency_key == f"rel:{lot}:all:1"


def test_an_advance_waits_for_its_guarantee_and_goods_pay_as_they_travel(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    parts = [
        {"number": 1, "kind": "advance", "amount": "300000", "guarantee_required": True},
        {"number": 2, "kind": "on_shipment", "amount": "300000.01"},
        {"number": 3, "kind": "on_delivery", "amount": "399999.99"},
    ]
    case = paying.agreed(session, as_org, drain, parts=parts)
    made, url = case.made, case.url("securities")
    assert case.payments() == []

    def given(amount: str) -> Any:
        told = securing.text(made.supplier, amount=amount)
        body = {"kind": "advance", "rail": "guarantee", "guarantee": told}
        return made.supplier.post(url, json=body)

    short = given("299999.99")
    assert short.json()["errors"][0]["code"] == "amount_too_small"
    assert short.json()["errors"][0]["pointer"] == "#/guarantee/amount"
    laid = securing.ok(given("300000"), 201)
    assert case.payments() == []
    assert given("300000").json()["code"] == "security_exists"

    accept = f"/v1/guarantees/{laid['guarantee_id']}/accept"
    securing.ok(made.buyer.post(accept, json=securing.VERIFIED))
    (advance,) = case.payments()
    assert (advance["kind"], advance["gross"]) == ("advance", "300000")

    paying.receive(case, "200")
    shipment, delivery = case.payments()[1:]
    assert (shipment["kind"], shipment["gross"]) == ("on_shipment", "100000")
    assert (delivery["kind"], delivery["gross"]) == ("on_delivery", "133333.33")
    known = case.milestones()
    assert [len(each["facts"]) for each in known] == [1, 1, 1]
    assert [each["called"] for each in known] == ["300000", "100000", "133333.33"]


def test_a_schedule_is_the_value_to_the_coin_and_changes_by_agreement_only(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = paying.agreed(session, as_org, drain)
    url = case.url("payment-schedule")

    def refused(parts: Any, **body: Any) -> Any:
        answer = case.made.buyer.request("PUT", url, json={"parts": parts, **body})
        assert answer.status_code in (409, 422), answer.text
        return (
            answer.json()["errors"][0]["code"] if answer.json()["errors"] else answer.json()["code"]
        )

    def part(number: int, **given: Any) -> dict[str, Any]:
        return {"number": number, "kind": "on_acceptance", **given}

    assert refused([part(1, amount="999999.99")]) == "parts_incomplete"
    assert refused([part(1, amount="999999.999"), part(2, amount="0.001")]) == "finer_than_coin"
    assert refused([part(1, basis_points=9999)]) == "parts_incomplete"
    assert refused([part(1, basis_points=5000), part(1, basis_points=5000)]) == "part_twice"
    lot = case.made.contract["awards"][0]["lot_id"] if "awards" in case.made.contract else None
    assert lot is None or refused([part(1, basis_points=1), part(2, lot_id=lot, basis_points=9999)])
    assert case.made.supplier.request(
        "PUT", url, json={"parts": [part(1, basis_points=10_000)]}
    ).status_code in (403, 404)

    paying.deliver(case, "300")
    assert [each["gross"] for each in case.payments()] == ["475000"]
    assert refused([part(2, basis_points=10_000)]) == "part_in_use"
    assert refused([part(1, amount="474999.99"), part(3, amount="525000.01")]) == "below_called"
    usual = [dict(each) for each in paying.USUAL]
    assert refused(usual, settlement="direct") == "settlement_fixed"

    wanted = [part(1, basis_points=6000), part(3, basis_points=4000)]
    proposed = paying.propose(case, wanted)
    shown = case.made.supplier.get(url).json()
    assert (shown["number"], shown["status"], shown["parts"][0]["amount"]) == (
        2,
        "proposed",
        "600000",
    )
    assert [each["amount"] for each in case.milestones()] == ["950000", "50000"]
    wrong = case.made.supplier.post(
        f"{url}/accept", json={"sha256": "0" * 64, "payee_account_id": case.account}
    )
    assert wrong.json()["code"] == "payment_differs"
    paying.accept(case, proposed)

    known = {each["number"]: each for each in case.milestones()}
    assert {n: (m["amount"], m["status"]) for n, m in known.items()} == {
        1: ("600000", "planned"),
        2: ("50000", "cancelled"),
        3: ("400000", "planned"),
    }
    statuses = [each["status"] for each in case.made.buyer.get(f"{url}s").json()["items"]]
    assert statuses == ["superseded", "agreed"]


def test_a_payment_falls_with_the_fact_that_made_it_due_unless_it_was_ordered(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    parts = [{"number": 1, "kind": "on_shipment", "basis_points": 10_000}]
    case = paying.agreed(session, as_org, drain, parts=parts)
    paying.fund(case, "200000")
    sides = Execution(case.made.buyer, case.made.supplier, case.made.contract, "")
    sent = []
    for number in (1, 2):
        sent.append(executing.despatched(sides, "120", number=f"SH-{number}"))
        drain()
    first, second = case.payments()
    assert (first["gross"], second["gross"]) == ("200000", "200000")
    paying.approved(case, first)
    paying.approved(case, second)
    assert [each["status"] for each in case.payments()] == ["released", "approved"]

    for advice in sent:
        url = f"/v1/despatch-advices/{advice['id']}/cancel"
        answer = case.made.supplier.post(url, json={"reason": "Не погружено"})
        assert answer.status_code == 200, answer.text
    drain()

    assert [each["status"] for each in case.payments()] == ["released", "cancelled"]
    assert case.milestones()[0]["called"] == "200000"
    paying.fund(case, "200000")
    assert (len(paying.all_orders(session)), paying.held(case)) == (1, 200_000)


def test_an_advance_is_paid_under_a_guarantee_in_force_and_not_once_it_is_called_or_has_expired(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    parts = [
        {"number": 1, "kind": "advance", "amount": "300000", "guarantee_required": True},
        {"number": 2, "kind": "on_acceptance", "amount": "700000"},
    ]
    case = paying.agreed(session, as_org, drain, parts=parts)
    treasurer, supplier = as_org(["operator"]), case.made.supplier

    def guaranteed() -> Any:
        told = securing.text(supplier, amount="300000", days=150)
        body = {"kind": "advance", "rail": "guarantee", "guarantee": told}
        given = securing.ok(supplier.post(case.url("securities"), json=body), 201)
        url = f"/v1/guarantees/{given['guarantee_id']}"
        securing.ok(case.made.buyer.post(f"{url}/accept", json=securing.VERIFIED))
        return given

    def statuses() -> list[str]:
        return [each["status"] for each in case.payments()]

    given = guaranteed()
    assert statuses() == ["due"]
    url = f"/v1/securities/{given['id']}/forfeitures"
    reason = securing.forfeiture(case.made.buyer, ground="advance_not_repaid")
    securing.ok(case.made.buyer.post(url, json=reason), 201)
    assert case.made.buyer.post(f"{url}/1/approve").json()["code"] == "same_decider"
    decided = securing.ok(case.made.chief.post(f"{url}/1/approve"))
    securing.pass_time(drain, datetime.fromisoformat(decided["contest_until"]))
    assert securing.guarantee_row(given["guarantee_id"]).status == "called"
    assert statuses() == ["cancelled"]

    bank = f"/v1/guarantees/{given['guarantee_id']}/reject-demand"
    securing.ok(treasurer.post(bank, json={"reason": "No such breach"}))
    assert statuses() == ["cancelled", "due"]
    paying.suspend(case)
    paying.approved(case, case.payments(status="due")[0])
    paying.fund(case)
    assert statuses() == ["cancelled", "released"]
    securing.pass_time(drain, days=152)
    paying.verify(case)
    drain()
    (order,) = paying.all_orders(session)
    assert (order.status, order.blocked_by) == ("approved", ["advance_not_guaranteed"])

    assert guaranteed()["id"] != given["id"]
    assert paying.settle(case) == 1
    assert statuses() == ["cancelled", "paid"]
