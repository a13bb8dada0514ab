"""The register of unreliable suppliers: who decides, who reads, and from when to when it counts."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from api.core import db, ids
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline, fire_due
from api.core.outbox import OutboxEvent
from api.identity import debarments
from api.identity.models import DebarmentRecord
from api.rules.clock import local_date
from api.rules.debarments import DebarmentGround, DebarmentStatus, counts_on
from tests.identity import register

type AsOrg = Callable[..., Any]
_S = DebarmentStatus
FAR = date(2999, 1, 1)


def shown(org: Any) -> str:
    return ids.show("organisation", org.org_id)


def entry(org: Any, session: Session, **changed: Any) -> dict[str, Any]:
    return {
        "organisation_id": shown(org),
        "ground": "false_information",
        "reason": "Поддельный сертификат",
        "valid_from": local_date(db.now(session)).isoformat(),
        "valid_through": "2999-01-01",
        "source_act": "Решение 14",
        **changed,
    }


def proposed(session: Session, supplier: Any, buyer: Any) -> str:
    record = debarments.propose(
        session,
        organisation_id=supplier.org_id,
        proposed_by=buyer.org_id,
        actor="test",
        ground=DebarmentGround.REFUSAL_TO_SIGN,
        reason="Отказ от подписания",
        origin="contract:1",
        ocid="ocds-kerben0-000001",
    )
    session.commit()
    return f"/v1/debarments/{ids.show('debarment', record.id)}"


@pytest.mark.parametrize("role", ["reviewer", "operator"])
def test_who_may_decide_enters_a_supplier_and_everybody_reads_it(
    as_org: AsOrg, client: Any, session: Session, role: str
) -> None:
    supplier = as_org(["supplier"])

    made = as_org([role]).post("/v1/debarments", json=entry(supplier, session))

    assert made.status_code == 201, made.text
    assert made.headers["ETag"] == '"1"'
    (public,) = client.get("/public/debarments").json()["items"]
    assert (public["id"], public["source_act"]) == (made.json()["id"], "Решение 14")
    assert as_org(["buyer"]).get(made.headers["Location"]).json() == made.json()
    me = supplier.get("/v1/organisations/me").json()
    assert me["debarred_until"] == "2999-01-01"
    (trail,) = session.exec(
        select(AuditEntry).where(
            AuditEntry.action == "enter", col(AuditEntry.stream).startswith("debarment:")
        )
    )
    assert trail.change["source_act"] == "Решение 14"
    assert "organisation.changed" in {e.type for e in session.exec(select(OutboxEvent))}


def test_nobody_else_enters_confirms_or_lifts(as_org: AsOrg, session: Session) -> None:
    supplier, buyer = as_org(["supplier"]), as_org(["buyer"])
    url = proposed(session, supplier, buyer)

    for who in (supplier, buyer, as_org(["auditor"])):
        answers = [
            who.post("/v1/debarments", json=entry(supplier, session)),
            who.post(f"{url}/reject", json={"reason": "нет"}),
            who.post(f"{url}/lift", json={"reason": "нет"}),
        ]
        assert {a.status_code for a in answers} == {403}
    (record,) = session.exec(select(DebarmentRecord)).all()
    assert (record.status, record.version) == (_S.PROPOSED, 1)


def test_a_proposal_has_no_effect_until_an_act_confirms_it(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    supplier, buyer, reviewer = as_org(["supplier"]), as_org(["buyer"]), as_org(["reviewer"])
    url, today = proposed(session, supplier, buyer), local_date(db.now(session))

    assert debarments.standing(session, supplier.org_id, today) is None
    assert client.get("/public/debarments").json()["items"] == []
    assert as_org(["supplier"]).get(url).status_code == 404
    assert [who.get(url).status_code for who in (supplier, buyer, reviewer)] == [200] * 3
    session.rollback()

    act = {k: v for k, v in entry(supplier, session).items() if k.startswith(("valid", "source"))}
    stale = reviewer.post(f"{url}/confirm", json=act, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    answer = reviewer.post(f"{url}/confirm", json=act)

    assert answer.json()["status"] == "active", answer.text
    session.rollback()
    found = debarments.standing(session, supplier.org_id, today)
    assert found is not None
    assert found.ground is DebarmentGround.REFUSAL_TO_SIGN
    with pytest.raises(debarments.SupplierDebarred):
        debarments.require_standing(session, [buyer.org_id, supplier.org_id])
    assert reviewer.post(f"{url}/confirm", json=act).status_code == 409


def test_proposing_twice_for_one_cause_makes_one_proposal(as_org: AsOrg, session: Session) -> None:
    supplier, buyer = as_org(["supplier"]), as_org(["buyer"])

    assert proposed(session, supplier, buyer) == proposed(session, supplier, buyer)

    assert len(session.exec(select(DebarmentRecord)).all()) == 1


def test_an_entry_lifted_early_debars_nobody_from_that_day_on(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    supplier, reviewer = as_org(["supplier"]), as_org(["reviewer"])
    today = local_date(db.now(session))
    record = register.debarred(session, supplier.org_id, since=today - timedelta(days=9))
    url = f"/v1/debarments/{ids.show('debarment', record.id)}"

    answer = reviewer.post(f"{url}/lift", json={"reason": "Суд отменил решение"})

    assert (answer.json()["status"], answer.json()["lifted_on"]) == ("lifted", today.isoformat())
    session.rollback()
    assert debarments.standing(session, supplier.org_id, today) is None
    assert debarments.standing(session, supplier.org_id, today - timedelta(days=1)) is not None
    (public,) = client.get("/public/debarments").json()["items"]
    assert public["lift_reason"] == "Суд отменил решение"
    assert client.get("/public/debarments", params={"on": today.isoformat()}).json()["items"] == []
    assert supplier.get("/v1/organisations/me").json()["debarred_until"] is None
    assert reviewer.post(f"{url}/lift", json={"reason": "ещё"}).status_code == 409


def test_a_reversed_period_and_an_unknown_organisation_are_refused(
    as_org: AsOrg, session: Session
) -> None:
    reviewer, supplier = as_org(["reviewer"]), as_org(["supplier"])
    missing = "organisation_019abf2e8c1d7c3fa9b04b4c6f0d2e11"

    reversed_ = reviewer.post(
        "/v1/debarments", json=entry(supplier, session, valid_through="2020-01-01")
    )
    unknown = reviewer.post(
        "/v1/debarments", json=entry(supplier, session, organisation_id=missing)
    )

    assert (reversed_.status_code, unknown.status_code) == (422, 422)
    assert unknown.json()["errors"][0]["pointer"] == "#/organisation_id"
    assert session.exec(select(DebarmentRecord)).all() == []


def test_the_query_counts_the_days_that_the_rule_counts(as_org: AsOrg, session: Session) -> None:
    start = date(2027, 3, 10)
    cases = list(product(_S, (None, start, start + timedelta(days=2))))
    for status, lifted in cases:
        if (status is _S.LIFTED) != (lifted is not None):
            continue
        org = as_org(["supplier"])
        row = DebarmentRecord(
            organisation_id=org.org_id,
            status=status,
            ground=DebarmentGround.OTHER,
            reason="x",
            valid_from=start,
            valid_through=start + timedelta(days=4),
            source_act="x",
            decided_by=org.org_id,
            decided_at=db.now(session),
            lifted_on=lifted,
            lift_reason="x" if lifted else None,
        )
        session.add(row)
        session.flush()
        for offset in range(-1, 6):
            on = start + timedelta(days=offset)
            expected = counts_on(
                on,
                status=status,
                valid_from=row.valid_from,
                valid_through=row.valid_through,
                lifted_on=lifted,
            )
            assert (debarments.standing(session, org.org_id, on) is not None) is expected
    session.rollback()


def test_a_period_that_begins_later_is_announced_on_its_days(
    as_org: AsOrg, session: Session, drain: Callable[[], int]
) -> None:
    supplier, today = as_org(["supplier"]), local_date(db.now(session))
    begin, through = today + timedelta(days=3), today + timedelta(days=5)
    register.debarred(session, supplier.org_id, since=begin, through=through)
    drain()

    ours = select(Deadline).where(col(Deadline.kind).startswith("debarment."))
    due = {d.kind: local_date(d.due_at) for d in session.exec(ours)}
    assert due == {
        "debarment.began": begin,
        "debarment.ended": through + timedelta(days=1),
    }
    fire_due(session, db.now(session) + timedelta(days=10))
    assert len([each for each in session.exec(ours) if each.fired_at is not None]) == 2
    session.commit()
    drain()
    session.rollback()
    actions = [
        e.payload["action"]
        for e in session.exec(select(OutboxEvent).order_by(col(OutboxEvent.id)))
        if e.type == "organisation.changed"
    ]
    assert actions == ["enter", "debarment", "debarment"]


def test_no_entry_is_ever_removed(as_org: AsOrg, session: Session) -> None:
    register.debarred(session, as_org(["supplier"]).org_id)

    with pytest.raises(DBAPIError, match="append-only"):
        session.connection().exec_driver_sql("DELETE FROM debarment_record")
    session.rollback()
    assert len(session.exec(select(DebarmentRecord)).all()) == 1
