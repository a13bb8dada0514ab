"""Disputes: opened, evidenced, escalated by the clock, settled or determined; what they freeze."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from api.contracts.models import Dispute, PaymentFreeze
from api.rules.disputes import DisputeStage
from tests.contracts import delivering
from tests.contracts.delivering import Delivery
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
TERMS = {"party_at_fault": "supplier", "rationale": "Заключение эксперта", "refund": "10000"}


@pytest.fixture
def made(as_org: AsOrg, session: Session) -> Delivery:
    return delivering.begun(session, as_org, {"quantity": "599"}, {"quantity": "1"})


def opened(made: Delivery, by: Any = None, **changed: Any) -> Any:
    body = {
        "type": "defect",
        "schedule_row_ids": made.rows[:1],
        "description": "Две парты из партии сломаны",
        "desired_outcome": "refund",
        "claimed_amount": "20000",
        **changed,
    }
    answer = (by or made.buyer).post(made.url("disputes"), json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def act(by: Any, dispute: Any, action: str, **body: Any) -> Any:
    return by.post(f"/v1/disputes/{dispute['id']}/{action}", json=body or None)


def freezes(session: Session) -> list[PaymentFreeze]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(PaymentFreeze))]


def test_a_dispute_freezes_what_it_is_about_and_a_settlement_frees_it(
    made: Delivery, as_org: AsOrg, session: Session
) -> None:
    dispute = opened(made)

    held = {(each["milestone"], each["schedule_row_id"]) for each in dispute["freezes"]}
    assert held == {(m, made.rows[0]) for m in ("on_delivery", "on_acceptance", "retention")}
    assert all(each.released_at is None for each in freezes(session))
    ((_, told),) = delivering.events(session, "dispute.opened")
    assert {each["milestone"] for each in told["freezes"]} == {m for m, _ in held}
    stranger = as_org(["supplier"])
    assert stranger.get(f"/v1/disputes/{dispute['id']}").status_code == 404
    assert stranger.get(made.url("disputes")).status_code == 404
    assert made.reviewer.get(f"/v1/disputes/{dispute['id']}").status_code == 404

    assert act(made.supplier, dispute, "settle").status_code == 409
    above = act(made.supplier, dispute, "offer-settlement", **{**TERMS, "refund": "20000.01"})
    assert above.json()["errors"][0]["code"] == "above_claim"
    offered = act(made.supplier, dispute, "offer-settlement", **TERMS)
    assert offered.json()["settlement"]["refund"] == "10000", offered.text
    own = act(made.supplier, dispute, "settle")
    assert (own.status_code, own.json()["code"]) == (409, "own_settlement")
    assert all(each.released_at is None for each in freezes(session))
    settled = act(made.buyer, dispute, "settle").json()

    assert (settled["stage"], settled["outcome"]) == ("closed", "settled")
    assert (settled["refund"], settled["party_at_fault"]) == ("10000", "supplier")
    assert all(each.released_at is not None for each in freezes(session))
    ((_, told),) = delivering.events(session, "dispute.closed")
    assert (told["outcome"], len(told["freezes"])) == ("settled", 3)
    assert act(made.buyer, dispute, "escalate").status_code == 409
    with pytest.raises(DBAPIError, match="outcome"):
        session.connection().exec_driver_sql("UPDATE dispute SET refund = 1")
    session.rollback()


def test_the_commission_reads_what_was_laid_before_it_and_determines(
    made: Delivery, as_org: AsOrg, session: Session
) -> None:
    dispute = opened(made, made.supplier, type="payment", schedule_row_ids=[])
    assert {each["schedule_row_id"] for each in dispute["freezes"]} == {None}
    paper = delivering.uploaded(made.supplier, b"letter")
    early = {"document_id": paper, "description": "Отчёт", "inspection_report": True}
    assert act(made.supplier, dispute, "evidence", **early).json()["errors"][0]["code"] == (
        "not_ordered"
    )
    foreign = act(made.buyer, dispute, "evidence", document_id=paper, description="Чужое")
    assert foreign.json()["errors"][0]["code"] == "unknown_document"
    added = act(made.supplier, dispute, "evidence", document_id=paper, description="Письмо")
    assert added.status_code == 201, added.text
    assert act(made.reviewer, dispute, "determine", **TERMS).status_code == 404
    act(made.buyer, dispute, "escalate")
    inspected = act(made.buyer, dispute, "inspect", agency="SGS Bishkek")
    assert inspected.json()["stage"] == "inspection", inspected.text
    report = delivering.uploaded(made.buyer, b"inspection")
    filed = act(
        made.buyer,
        dispute,
        "evidence",
        document_id=report,
        description="Отчёт",
        inspection_report=True,
    )
    assert filed.json()["number"] == 2, filed.text
    assert act(made.supplier, dispute, "submit").json()["stage"] == "determination"

    assert [each["id"] for each in made.reviewer.get("/v1/disputes").json()["items"]] == [
        dispute["id"]
    ]
    url = made.url(f"documents/{report}/content")
    assert made.reviewer.get(url).content == b"inspection"
    assert act(made.buyer, dispute, "determine", **TERMS).status_code == 403
    half = act(made.reviewer, dispute, "determine", **TERMS, cost_of_inspection="450")
    assert half.json()["errors"][0]["pointer"] == "#/inspection_paid_by"
    done = act(
        made.reviewer,
        dispute,
        "determine",
        **{**TERMS, "party_at_fault": "buyer"},
        cost_of_inspection="450",
        inspection_paid_by="buyer",
    )

    assert done.json()["outcome"] == "determined", done.text
    assert (done.json()["cost_of_inspection"], done.json()["inspection_paid_by"]) == (
        "450",
        "buyer",
    )
    assert all(each.released_at is not None for each in freezes(session))
    assert made.supplier.get(f"/v1/disputes/{dispute['id']}").json()["rationale"]
    other = as_org(["reviewer"])
    assert other.get(f"/v1/disputes/{dispute['id']}").status_code == 404


def test_the_clock_moves_a_dispute_on_and_never_decides_it(
    made: Delivery, session: Session, drain: Drain
) -> None:
    dispute = opened(made)

    def stage() -> DisputeStage:
        clock.tick()
        drain()
        session.rollback()
        session.expire_all()
        return session.exec(select(Dispute)).one().stage

    assert stage() is DisputeStage.NEGOTIATION
    awarding.advance(16)
    assert stage() is DisputeStage.ESCALATED
    awarding.advance(11)
    assert stage() is DisputeStage.DETERMINATION
    awarding.advance(21)
    assert stage() is DisputeStage.DETERMINATION
    found = session.exec(select(Dispute)).one()
    assert found.overdue_at is not None
    assert [name for name, _ in delivering.events(session, "dispute.")].count(
        "dispute.overdue"
    ) == 1
    assert all(each.released_at is None for each in freezes(session))
    shown = made.reviewer.get(f"/v1/disputes/{dispute['id']}").json()
    assert shown["stage"] == "determination"


def test_who_opened_a_dispute_withdraws_it_and_nothing_else_of_another_is_freed(
    made: Delivery, session: Session
) -> None:
    first, second = opened(made), opened(made, type="short", schedule_row_ids=made.rows[1:])
    bad = made.buyer.post(
        made.url("disputes"),
        json={
            "type": "short",
            "description": "…",
            "desired_outcome": "refund",
            "claimed_amount": "1000000.01",
        },
    )
    assert bad.json()["errors"][0]["code"] == "above_contract_value"
    assert act(made.supplier, first, "withdraw").status_code == 404
    assert act(made.buyer, first, "withdraw").json()["outcome"] == "withdrawn"

    held = [each for each in freezes(session) if each.released_at is None]
    assert len(held) == 3
    assert {each.dispute_id.hex for each in held} == {second["id"].removeprefix("dispute_")}
