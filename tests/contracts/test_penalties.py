"""Late delivery: warnings by the clock, the arithmetic of damages, excuses, claims."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.cli import verify
from api.contracts import due
from api.contracts.models import DeliveryAlert, DeliveryExcuse, LdClaim
from api.contracts.penalty import files, verification
from api.core import db, ids
from api.delivery.models import Scorecard
from api.procurement.sealing import canonical
from api.rules.incoterms import Incoterm
from tests.contracts import delivering, signing
from tests.contracts.delivering import Delivery
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


def arithmetic(actor: Any, made: Delivery) -> Any:
    answer = actor.get(made.url("penalty"))
    assert answer.status_code == 200, answer.text
    return answer


def late(session: Session, as_org: AsOrg) -> Delivery:
    """Of 600 desks 400 came on time, 120 ten days late, and 80 are missing for twenty days."""
    made = delivering.begun(session, as_org, {"due_in": 1})
    first = delivering.today(session, 1)
    awarding.advance(21)
    row = made.rows[0]
    for quantity, days in (("400", 0), ("120", 10)):
        day = delivering.today(session, -20 + days)
        assert day >= first
        delivering.performed(session, row, quantity, day, source=f"test:{days}")
    return made


def excuse(made: Delivery, session: Session, **changed: Any) -> Any:
    body = {
        "kind": "border_closure",
        "first_date": delivering.today(session, -18).isoformat(),
        "last_date": delivering.today(session, -16).isoformat(),
        "evidence": "official_notice",
        "issuer": "State Customs Service",
        "reference": "12-3/456",
        "document_id": delivering.uploaded(made.supplier, b"%PDF-1.7 notice"),
        **changed,
    }
    return made.supplier.post(made.url("excuses"), json=body)


def test_both_sides_see_the_same_arithmetic_and_anybody_recomputes_it(
    as_org: AsOrg, session: Session, tmp_path: Path
) -> None:
    made = late(session, as_org)
    terms = made.supplier.get(made.url("penalty-terms")).json()
    assert (terms["rate_bp_per_day"], terms["cap_bp"], terms["reviewed"]) == (10, 1000, False)
    document = made.supplier.get(f"/v1/contracts/{made.contract['id']}/document").json()
    assert document["late_delivery_penalty"]["rate_bp_per_day"] == 10

    seen = [arithmetic(actor, made).json() for actor in (made.buyer, made.supplier)]

    for each in seen:
        (row,) = each["result"]["rows"]
        # 120 x 1666.666667 x 0.001 x 10 = 2000.0000004; 80 x 1666.666667 x 0.001 x 20 = 2666.67
        assert [part["penalty_days"] for part in row["parts"]] == [10, 20]
        assert (row["missing_quantity"], each["result"]["total"]) == ("80", "4666.67")
    stranger = as_org(["supplier"])
    for path in ("penalty", "penalty-terms", "delivery-alerts", "ld-claims", "excuses"):
        assert stranger.get(made.url(path)).status_code == 404

    file = tmp_path / "penalty.json"
    file.write_bytes(arithmetic(made.buyer, made).content)
    told = CliRunner().invoke(verify.app, ["penalty", str(file)])
    assert told.exit_code == 0, told.output
    assert "4666.67 KGS" in told.output
    assert "Not reviewed" in told.output


def test_a_file_that_was_changed_is_found_out(as_org: AsOrg, session: Session) -> None:
    made = late(session, as_org)
    text = arithmetic(made.buyer, made).content
    told = json.loads(text)
    told["result"]["total"] = "1"
    forged = verification.check(canonical.dumps(told))
    assert [(f.pointer, f.what) for f in forged] == [
        ("#/result_sha256", "changed"),
        ("#/result/total", "changed"),
    ]
    told = json.loads(text)
    told["inputs"]["rows"][0]["performed"][0]["quantity"] = "500"
    assert "#/inputs_sha256" in {f.pointer for f in verification.check(canonical.dumps(told))}
    assert verification.check(text, sha256="0" * 64)[0].what == "other_file"
    assert verification.check(b"{}")[0].what == "unreadable"


def test_under_a_c_rule_the_seller_is_on_time_when_it_has_handed_over(
    as_org: AsOrg, session: Session
) -> None:
    made = delivering.begun(session, as_org, {"due_in": 2, "incoterm": Incoterm.CPT})
    delivering.performed(
        session, made.rows[0], "600", delivering.today(session, -1), source="test:cmr"
    )
    awarding.advance(30)

    (row,) = arithmetic(made.buyer, made).json()["result"]["rows"]
    assert (row["event"], row["late_quantity"], row["amount"]) == ("ship_by", "0", "0")


def test_an_excuse_counts_once_the_buyer_accepts_it_and_never_without_its_paper(
    as_org: AsOrg, session: Session, drain: Callable[[], int]
) -> None:
    made = late(session, as_org)
    bad = excuse(made, session, evidence="force_majeure_certificate")
    foreign = excuse(made, session, document_id=delivering.uploaded(made.buyer))
    assert [a.json()["errors"][0]["code"] for a in (bad, foreign)] == [
        "does_not_prove",
        "unknown_document",
    ]
    session.rollback()
    assert session.exec(select(DeliveryExcuse)).all() == []

    submitted = excuse(made, session)
    assert submitted.status_code == 201, submitted.text
    assert arithmetic(made.buyer, made).json()["result"]["total"] == "4666.67"
    assert made.supplier.post(made.url("excuses/1/accept")).status_code == 404
    content = made.buyer.get(made.url(f"documents/{submitted.json()['document_id']}/content"))
    assert content.content == b"%PDF-1.7 notice"
    drain()
    scored = session.exec(select(Scorecard.version)).first() or 0
    assert made.buyer.post(made.url("excuses/1/accept")).json()["status"] == "accepted"
    assert [kind for kind, _ in delivering.events(session, "excuse.")] == ["excuse.accepted"]
    drain()
    session.rollback()
    assert session.exec(select(Scorecard.version)).one() == scored + 1, "it is scored anew"

    (row,) = arithmetic(made.supplier, made).json()["result"]["rows"]
    assert [part["excusable_days"] for part in row["parts"]] == [3, 3]
    refused = made.buyer.post(made.url("excuses/1/refuse"), json={"reason": "Нет"})
    assert refused.status_code == 409


def test_a_claim_is_drafted_from_facts_raised_by_another_contested_and_agreed(
    as_org: AsOrg, session: Session
) -> None:
    made = late(session, as_org)
    draft = made.buyer.post(made.url("ld-claims"))
    assert (draft.status_code, draft.json()["amount"]) == (201, "4666.67"), draft.text
    again = made.buyer.post(made.url("ld-claims"))
    assert again.json()["code"] == "claim_open"
    own = made.buyer.post(made.url("ld-claims/1/raise"))
    assert (own.status_code, own.json()["code"]) == (409, "same_author")

    raised = made.chief.post(made.url("ld-claims/1/raise"))
    assert raised.json()["status"] == "raised", raised.text
    file = made.supplier.get(made.url("ld-claims/1/file")).content
    assert files.sha256(file) == raised.json()["sha256"]
    assert verification.check(file, sha256=raised.json()["sha256"]) == []
    contested = made.supplier.post(
        made.url("ld-claims/1/contest"), json={"reason": "Граница была закрыта"}
    )
    assert contested.json()["contest_reason"] == "Граница была закрыта"
    agreed = made.supplier.post(made.url("ld-claims/1/agree"))
    assert agreed.json()["status"] == "agreed"

    for act in ("waive", "contest"):
        side = made.chief if act == "waive" else made.supplier
        late_act = side.post(made.url(f"ld-claims/1/{act}"), json={"reason": "Нет"})
        assert late_act.status_code == 409
    assert made.buyer.post(made.url("ld-claims")).json()["code"] == "nothing_due"
    awarding.advance(1)
    more = made.buyer.post(made.url("ld-claims")).json()
    assert (more["agreed_before"], more["amount"]) == ("4666.67", "133.33")
    assert [name for name, _ in delivering.events(session, "ld_claim.")] == [
        "ld_claim.raised",
        "ld_claim.contested",
        "ld_claim.agreed",
    ]
    with pytest.raises(DBAPIError, match="arithmetic"):
        session.connection().exec_driver_sql("UPDATE ld_claim SET amount = 1")
    session.rollback()


def test_a_draft_whose_facts_have_changed_is_not_raised_and_a_waiver_has_a_reason(
    as_org: AsOrg, session: Session
) -> None:
    made = late(session, as_org)
    made.buyer.post(made.url("ld-claims"))
    day = delivering.today(session, -12)
    delivering.performed(session, made.rows[0], "80", day, source="test:found")

    stale = made.chief.post(made.url("ld-claims/1/raise"))
    assert (stale.status_code, stale.json()["code"]) == (409, "facts_changed")
    assert made.chief.post(made.url("ld-claims/1/waive"), json={}).status_code == 422
    waived = made.chief.post(made.url("ld-claims/1/waive"), json={"reason": "Новые факты"})
    assert (waived.json()["status"], waived.json()["waiver_reason"]) == ("waived", "Новые факты")
    again = made.buyer.post(made.url("ld-claims")).json()
    # 120 x 1666.666667 x 0.001 x 10 + 80 x 1666.666667 x 0.001 x 8
    assert (again["number"], again["amount"]) == (2, "3066.67")
    session.rollback()
    assert len(session.exec(select(LdClaim)).all()) == 2


def test_a_row_is_at_risk_before_its_day_and_late_after_it_once_each(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    made = delivering.begun(
        session, as_org, {"due_in": 20, "quantity": "599"}, {"due_in": 20, "quantity": "1"}
    )
    row, done = made.rows
    delivering.performed(session, done, "1", delivering.today(session), source="test:done")
    drain()  # contract.signed arms the clock

    def told() -> list[tuple[str, str]]:
        clock.tick()
        drain()
        return [
            (name, payload["due_date"])
            for name, payload in delivering.events(session, "delivery.")
            if name in ("delivery.at_risk", "delivery.late")
        ]

    first = delivering.today(session, 20).isoformat()
    assert told() == []
    awarding.advance(15)
    assert told() == [("delivery.at_risk", first)]
    # A warning that fires again, and one that was armed before an amendment, tell nothing new.
    contract_id = ids.parse("contract", made.contract["id"])
    with db.worker_unit_of_work() as unit:
        due.arm(unit, contract_id)
    assert told() == [("delivery.at_risk", first)]
    moved = delivering.today(session, 30)
    delivering.amended(made, row, moved)
    awarding.advance(7)
    assert told() == [("delivery.at_risk", first)]
    with db.worker_unit_of_work() as unit:
        due.arm(unit, contract_id)
    awarding.advance(18)
    assert told() == [
        ("delivery.at_risk", first),
        ("delivery.at_risk", moved.isoformat()),
    ]
    awarding.advance(7)
    assert told()[2:] == [("delivery.late", moved.isoformat())]
    shown = made.supplier.get(made.url("delivery-alerts")).json()["items"]
    assert [(each["kind"], each["schedule_row_id"]) for each in shown] == [
        ("at_risk", row),
        ("at_risk", row),
        ("late", row),
    ]
    assert {each["missing_quantity"] for each in shown} == {"599"}
    session.rollback()
    assert len(session.exec(select(DeliveryAlert)).all()) == 3


def test_a_contract_whose_rules_say_nothing_of_delay_has_no_damages(
    as_org: AsOrg, session: Session, superuser: Any
) -> None:
    case = awarding.ranked(session, as_org)
    superuser.execute(
        "UPDATE tender SET policy = jsonb_set(policy, '{parameters,late_delivery_penalty}', 'null')"
    )
    contract = signing.in_force(case, awarding.awarded(case))

    answer = case.parties.buyer.get(f"/v1/contracts/{contract['id']}/penalty")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_penalty_terms")
