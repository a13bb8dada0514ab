"""What a supplier did is a figure, for itself and for buyers, and buyers' rules go by it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from api.core import db
from api.core.ids import parse
from api.core.outbox import OutboxEvent, emit
from api.delivery.models import Scorecard, ScorecardFact
from api.delivery.service import scorecards
from api.matching import standings, supplies
from api.matching.models import Invitation, PerformanceRule, SupplierPerformance
from api.procurement.models import Award
from api.rules.clock import utcnow
from api.rules.scorecards import Metric
from tests.contracts import delivering
from tests.delivery import executing
from tests.matching import samples as matching
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
ROWS = [{"quantity": "120", "due_in": due} for due in (5, 5, 5, -3, -3)]


@pytest.fixture
def made(session: Session, as_org: AsOrg, drain: Drain) -> delivering.Delivery:
    """Five rows, three of them performed in time and two three days late."""
    made = delivering.begun(session, as_org, *ROWS)
    for n, row in enumerate(made.rows):
        delivering.performed(session, row, "120", delivering.today(session), source=f"test:{n}")
    drain()
    return made


def shown(id: UUID) -> str:
    return f"organisation_{id.hex}"


def card(reader: Any, supplier: Any) -> Any:
    answer = reader.get(f"/v1/scorecards/{shown(supplier.org_id)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def figures(reader: Any, supplier: Any) -> dict[str, Any]:
    return {each["metric"]: each for each in card(reader, supplier)["figures"]}


def facts(reader: Any, supplier: Any, metric: str) -> list[Any]:
    url = f"/v1/scorecards/{shown(supplier.org_id)}/facts"
    answer = reader.get(url, params={"metric": metric})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def rule(buyer: Any, **rule: Any) -> Any:
    return buyer.request("PUT", "/v1/performance-rules", json={"rules": [rule]})


def rated(session: Session, seller_id: UUID, overall: str, **metrics: str) -> None:
    """Write what a scorecard says, as its task does."""
    values = {Metric(name): Decimal(value) for name, value in metrics.items()}
    standings.write(session, seller_id, Decimal(overall), values, utcnow())
    emit(session, scorecards.RATED, seller_id, org_id=seller_id)
    session.commit()


def test_figures_come_from_facts_and_link_to_them(made: delivering.Delivery) -> None:
    found = figures(made.supplier, made.supplier)
    on_time = found["on_time_delivery"]
    assert (on_time["numerator"], on_time["denominator"], on_time["n"]) == ("3", "5", 5)
    assert (on_time["enough_data"], on_time["value"]) == (True, "0.555556")  # (3 + 2) / (5 + 4)
    assert Decimal(on_time["ci_low"]) < Decimal("0.555556") < Decimal(on_time["ci_high"])
    assert sorted(on_time["facts"]) == sorted(made.rows)
    assert found["days_late"]["value"] == "1.2"  # 2 x 3 days / 5 rows
    assert (found["acceptance"]["enough_data"], found["acceptance"]["value"]) == (False, None)
    assert card(made.buyer, made.supplier)["overall"] == "0.555556"
    assert card(made.buyer, made.supplier)["algorithm_version"]
    for each in found.values():
        first, last = (date.fromisoformat(each[name]) for name in ("window_from", "window_to"))
        assert (last - first).days in (729, 730)
    late = facts(made.buyer, made.supplier, "on_time_delivery")
    assert sorted(each["good"] for each in late) == ["0.000000"] * 2 + ["1.000000"] * 3
    assert all(each["evidence"][0].startswith("performance_") for each in late)


def test_a_new_supplier_has_not_enough_data_and_strangers_see_nothing(as_org: AsOrg) -> None:
    new, other, buyer = as_org(["supplier"]), as_org(["supplier"]), as_org(["buyer"])
    found = card(buyer, new)
    assert found["overall"] is None
    assert {(each["n"], each["value"]) for each in found["figures"]} == {(0, None)}
    assert other.get(f"/v1/scorecards/{shown(new.org_id)}").status_code == 404
    assert other.get(f"/v1/scorecards/{shown(new.org_id)}/facts").status_code == 404
    assert buyer.get(f"/v1/scorecards/{shown(buyer.org_id)}").status_code == 404


def test_the_clock_lets_facts_fade_and_leave_the_window(
    made: delivering.Delivery, session: Session, drain: Drain
) -> None:
    def tick() -> None:
        while clock.tick() == 0.0:
            drain()
        drain()

    before = figures(made.supplier, made.supplier)["on_time_delivery"]
    awarding.advance(180)
    tick()
    after = figures(made.supplier, made.supplier)["on_time_delivery"]
    assert (after["numerator"], after["n"]) == (before["numerator"], before["n"])
    # Half of 3 and of 5, counted from the due day of what was early: drawn to one half.
    assert Decimal("0.5") < Decimal(after["value"]) < Decimal(before["value"])
    for _ in range(2):
        awarding.advance(300)
        tick()
    gone = figures(made.supplier, made.supplier)["on_time_delivery"]
    assert (gone["n"], gone["value"]) == (0, None)
    session.rollback()
    kept = session.exec(select(SupplierPerformance.overall)).one()
    assert kept is None


def test_an_appeal_stands_beside_the_figure_and_upheld_takes_the_fact_out(
    made: delivering.Delivery, drain: Drain, session: Session
) -> None:
    late = next(
        each["fact"]
        for each in facts(made.supplier, made.supplier, "on_time_delivery")
        if each["good"] == "0.000000"
    )
    said = {"metric": "on_time_delivery", "fact": late, "kind": "appeal", "text": "Письмо о сроке"}
    assert made.buyer.post("/v1/scorecard-annotations", json=said).status_code == 403
    unknown = made.supplier.post(
        "/v1/scorecard-annotations", json={**said, "fact": made.contract["id"]}
    )
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "#/fact")
    appealed = made.supplier.post("/v1/scorecard-annotations", json=said)
    assert appealed.status_code == 201, appealed.text
    again = made.supplier.post("/v1/scorecard-annotations", json=said)
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    (beside,) = figures(made.buyer, made.supplier)["on_time_delivery"]["annotations"]
    assert (beside["status"], beside["text"], beside["fact"]) == ("appealed", said["text"], late)
    url = f"/v1/scorecard-annotations/{appealed.json()['id']}"
    assert made.supplier.post(f"{url}/uphold", json={"reason": "Да"}).status_code == 403
    upheld = made.reviewer.post(f"{url}/uphold", json={"reason": "Письмо в деле"})
    assert (upheld.status_code, upheld.json()["status"]) == (200, "upheld"), upheld.text
    assert made.supplier.post(f"{url}/withdraw").status_code == 409
    drain()
    found = figures(made.buyer, made.supplier)["on_time_delivery"]
    assert (found["n"], found["numerator"], found["value"]) == (4, "3", None)
    kept = {each["fact"]: each for each in facts(made.buyer, made.supplier, "on_time_delivery")}
    assert (kept[late]["excluded"], len(kept)) == (True, 5)
    assert kept[late]["annotations"][0]["reason"] == "Письмо в деле"


def test_despatches_answers_and_documents_are_facts(
    session: Session, as_org: AsOrg, drain: Drain
) -> None:
    made = executing.scheduled(session, as_org)
    executing.despatched(made, "600")
    drain()
    found = figures(made.buyer, made.supplier)
    assert found["order_acknowledgement"]["numerator"] == "1"
    assert (found["documents_complete"]["n"], found["documents_complete"]["numerator"]) == (1, "1")
    assert found["on_time_delivery"]["n"] == 0  # not due, and only handed over under DAP
    assert {each["value"] for each in found.values()} == {None}


def test_computing_again_changes_nothing_and_tells_nobody(
    made: delivering.Delivery, session: Session, drain: Drain
) -> None:
    told = select(OutboxEvent).where(OutboxEvent.type == "scorecard.changed")
    before = len(session.exec(told).all())
    rows = {(row.metric, row.fact, row.good) for row in session.exec(select(ScorecardFact))}
    with db.worker_unit_of_work() as worker:
        from_row = parse("schedule_row", made.rows[0])
        assert scorecards.recompute_about(worker, from_row) is not None
        assert scorecards.recompute_about(worker, UUID(int=1)) is None
    session.rollback()
    assert len(session.exec(told).all()) == before
    again = {(row.metric, row.fact, row.good) for row in session.exec(select(ScorecardFact))}
    assert again == rows
    assert len(session.exec(select(Scorecard)).all()) == 1


def test_two_workers_that_compute_one_scorecard_at_once_make_one(
    session: Session, as_org: AsOrg
) -> None:
    made = delivering.begun(session, as_org, *ROWS)
    for n, row in enumerate(made.rows):
        delivering.performed(session, row, "120", delivering.today(session), source=f"test:{n}")

    def compute(_: int) -> Decimal | None:
        with db.worker_unit_of_work() as worker:
            return scorecards.recompute(worker, made.supplier.org_id).overall

    with ThreadPoolExecutor(4) as pool:
        assert {*pool.map(compute, range(8))} == {Decimal("0.555556")}
    session.rollback()
    assert [row.version for row in session.exec(select(Scorecard))] == [8]
    facts_of = session.exec(select(ScorecardFact)).all()
    assert len(facts_of) == 11, "two of each row, and one of the answer to their schedule"
    told = select(OutboxEvent).where(OutboxEvent.type == "scorecard.changed")
    assert len(session.exec(told).all()) == 1


def test_a_buyers_rule_prevents_or_warns_at_the_award(session: Session, as_org: AsOrg) -> None:
    case = awarding.ranked(session, as_org)
    buyer, supplier = case.parties.buyer, case.parties.suppliers[0]
    rated(session, supplier.org_id, "0.45", acceptance="0.3")
    body = {"lot_id": case.lot, "reason": "Наименьшая цена"}
    url = f"/v1/tenders/{case.tender['id']}/awards"
    answer = rule(buyer, act="award", metric="acceptance", warn_below="0.5", prevent_below="0.4")
    assert answer.status_code == 200, answer.text
    refused = buyer.post(url, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "supplier_below_policy")
    assert refused.json()["detail"] == "acceptance is 0.3000, below 0.400000 of your rule."
    session.rollback()
    assert session.exec(select(Award)).all() == []
    assert rule(buyer, act="award", warn_below="0.5").status_code == 200
    proposed = buyer.post(url, json=body)
    assert proposed.status_code == 201, proposed.text
    (warning,) = proposed.json()["performance_warnings"]
    assert (warning["metric"], warning["value"]) == (None, "0.45")
    assert warning["reason"].startswith("overall is 0.4500, below")


def test_a_buyers_rule_prevents_or_warns_at_the_invitation_and_spares_new_suppliers(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    buyer, bad, new = as_org(["buyer"]), as_org(["supplier"]), as_org(["supplier"])
    tender = matching.desks(buyer)
    drain()
    rated(session, bad.org_id, "0.3")
    assert rule(buyer, act="invitation", prevent_below="0.4").status_code == 200

    def invite(seller: Any) -> Any:
        body = {"seller_id": shown(seller.org_id)}
        return buyer.post(f"/v1/tenders/{tender['id']}/invitations", json=body)

    refused = invite(bad)
    assert (refused.status_code, refused.json()["code"]) == (409, "supplier_below_policy")
    session.rollback()
    assert session.exec(select(Invitation)).all() == []
    assert invite(new).json()["performance_warnings"] == []
    assert rule(buyer, act="invitation", warn_below="0.4").status_code == 200
    warned = invite(bad)
    assert (warned.status_code, len(warned.json()["performance_warnings"])) == (201, 1)


def test_rules_are_ones_own_and_contradictions_are_refused(as_org: AsOrg, session: Session) -> None:
    buyer, other = as_org(["buyer"]), as_org(["buyer"])
    assert rule(buyer, act="award", warn_below="0.5").status_code == 200
    for bad in (
        {"act": "award"},
        {"act": "award", "warn_below": "0.3", "prevent_below": "0.4"},
        {"act": "award", "warn_below": "1.1"},
        {"act": "award", "metric": "days_late", "warn_below": "0.5"},
    ):
        assert rule(buyer, **bad).status_code == 422, bad
    assert len(buyer.get("/v1/performance-rules").json()["rules"]) == 1
    assert other.get("/v1/performance-rules").json()["rules"] == []
    assert len(session.exec(select(PerformanceRule)).all()) == 1


def test_matching_reads_the_overall_value_and_is_neutral_without(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    seller = as_org(["supplier"], country="CN")
    matching.stock(seller)
    drain()
    offers = supplies.ids_of_seller(session, seller.org_id)
    assert {each.supply.performance for each in supplies.load(session, offers).values()} == {None}
    buyer = as_org(["buyer"])
    tender = matching.desks(buyer)
    drain()
    (before,) = matching.matches(buyer, tender)
    rated(session, seller.org_id, "0.8")
    found = supplies.load(session, offers).values()
    assert {each.supply.performance for each in found} == {Decimal("0.8")}

    drain()

    (after,) = matching.matches(buyer, tender)
    assert Decimal(after["parts"]["performance"]) == Decimal("0.8")
    assert Decimal(before["parts"]["performance"]) < Decimal("0.8")
    assert Decimal(after["score"]) > Decimal(before["score"]), "open requests are matched anew"


def test_the_numbers_are_dated_and_bounded_and_only_the_operators(as_org: AsOrg) -> None:
    operator, buyer = as_org(["operator"]), as_org(["buyer"])
    (first,) = buyer.get("/v1/scorecard-policies").json()["items"]
    assert (first["half_life_days"], first["reviewed"]) == (180, False)
    body = {**first, "valid_from": "2020-01-01"}
    del body["id"]
    assert buyer.post("/v1/scorecard-policies", json=body).status_code == 403
    early = operator.post("/v1/scorecard-policies", json=body)
    assert early.json()["errors"][0]["pointer"] == "#/valid_from"
    for wrong in ({"min_count": 0}, {"half_life_days": 1}, {"weights": {"days_late": 1}}):
        answer = operator.post("/v1/scorecard-policies", json={**body, **wrong})
        assert answer.status_code == 422, wrong
