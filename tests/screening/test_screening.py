from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest
from sqlmodel import Session, col, select

from api.core import db, ids
from api.core.audit import AuditEntry
from api.core.deadlines import Deadline, fire_due
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from api.rules.screening import CaseStatus, SubjectKind
from api.screening.models import ScreeningCase, ScreeningSubject, WatchListEntry
from api.screening.service import subjects
from tests.procurement.awarding import second_client
from tests.screening import files

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
BANK = {"ru": "ОАО «Керемет Банк»", "en": "Keremet Bank OJSC"}
REASON = {"reason": "Another company: other number, other address, founded 2019"}


@pytest.fixture
def operator(as_org: AsOrg) -> Any:
    return as_org(["operator"])


def counts(answer: Any) -> tuple[int, ...]:
    assert answer.status_code == 200, answer.text
    return tuple(answer.json()[each] for each in ("added", "changed", "unchanged", "removed"))


def cases_of(operator: Any, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = operator.get("/v1/screening-cases", params=query).json()["items"]
    return found


@pytest.fixture
def held(operator: Any, as_org: AsOrg, drain: Drain) -> dict[str, Any]:
    """The case of a supplier whose name is that of a bank on a list."""
    as_org(["supplier"], legal_name=BANK)
    assert (
        files.sent(operator, files.SIMPLE, "opensanctions_csv", as_of="2026-11-20").status_code
        == 200
    )
    drain()
    (case,) = cases_of(operator)
    return case


def test_a_list_is_taken_once_and_what_a_later_file_lacks_is_removed(
    operator: Any, session: Session
) -> None:
    four = [f"e{i},organisation,Example {i},,,KG,,," for i in range(4)]
    first = files.sent(operator, files.table(*four), as_of="2026-11-20")
    assert counts(first) == (4, 0, 0, 0)
    shown = first.json()["watch_list"]
    assert (shown["name"], shown["entries"], shown["as_of"]) == ("own", 4, "2026-11-20")
    assert first.json()["job_id"].startswith("job_")

    again = files.sent(operator, files.table(*four))
    assert counts(again) == (0, 0, 4, 0)
    assert again.json()["job_id"] is None

    assert counts(files.sent(operator, files.table(four[0], four[1], "e9,person,New,,,,,,"))) == (
        1,
        0,
        2,
        2,
    )
    assert counts(files.sent(operator, files.table(*four))) == (2, 0, 2, 1)
    rows = {row.external_id: row.removed_at for row in session.exec(select(WatchListEntry))}
    assert {name for name, removed in rows.items() if removed} == {"e9"}
    assert [each["name"] for each in operator.get("/v1/watch-lists").json()] == ["own"]


def test_a_file_that_cannot_be_read_changes_nothing_of_the_list(
    operator: Any, session: Session
) -> None:
    files.sent(operator, files.GOODS)
    before = operator.get("/v1/watch-lists/own").json()
    cut = files.table(*[f"n{i},person,New {i},,,,,," for i in range(6000)]) + b"x,person,Half"
    refused = files.sent(operator, cut)
    assert (refused.status_code, refused.json()["code"]) == (422, "watch_list_unreadable")
    assert refused.json()["errors"][0]["detail"].startswith("line 6002: ")
    assert operator.get("/v1/watch-lists/own").json() == before
    assert {row.external_id for row in session.exec(select(WatchListEntry))} == {"cnc", "modem"}
    empty = files.sent(operator, files.COLUMNS.encode())
    assert (empty.status_code, empty.json()["code"]) == (422, "watch_list_unreadable")


def test_a_file_that_would_remove_most_of_a_list_is_taken_only_when_that_is_said(
    operator: Any,
) -> None:
    five = [f"e{i},organisation,Example {i},,,,,," for i in range(5)]
    files.sent(operator, files.table(*five))
    refused = files.sent(operator, files.table(*five[:2]))
    assert (refused.status_code, refused.json()["code"]) == (409, "watch_list_shrank")
    assert operator.get("/v1/watch-lists/own").json()["entries"] == 5
    assert counts(files.sent(operator, files.table(*five[:2]), accept_removals=True)) == (
        0,
        0,
        2,
        3,
    )


def test_only_the_operator_sees_lists_and_cases(as_org: AsOrg, held: dict[str, Any]) -> None:
    screened = as_org(["supplier", "buyer", "auditor", "partner"])
    for path in ("/v1/watch-lists", "/v1/screening-cases", f"/v1/screening-cases/{held['id']}"):
        assert screened.get(path).status_code == 403
    assert files.sent(screened, files.GOODS).status_code == 403
    assert screened.post(f"/v1/screening-cases/{held['id']}/clear").status_code == 403
    told = screened.get("/v1/events").json()["items"]
    assert not [each for each in told if each["type"].startswith("screening")]


def test_a_party_on_a_list_is_found_in_another_script_and_the_case_keeps_both_sides(
    held: dict[str, Any],
) -> None:
    assert (held["status"], held["matched_by"], held["score"]) == ("open", "name", 100)
    facts = held["facts"]
    assert facts["subject"]["names"] == sorted(BANK.values())
    assert facts["entry"]["programme"] == "OFAC SDN"
    assert (facts["watch_list"]["name"], facts["watch_list"]["as_of"]) == ("own", "2026-11-20")


def test_a_party_is_found_by_its_number_under_any_name(
    operator: Any, as_org: AsOrg, drain: Drain
) -> None:
    as_org(["supplier"], identifier_id="01234567890123", legal_name={"ru": "Совсем другое имя"})
    files.sent(operator, files.table("a,organisation,Unlike,,0123 4567 8901 23,KG,,,"))
    drain()
    (case,) = cases_of(operator)
    assert (case["matched_by"], case["matched"], case["score"]) == (
        "identifier",
        "01234567890123",
        100,
    )


def test_a_new_party_is_screened_without_being_asked_for(
    operator: Any, as_org: AsOrg, drain: Drain
) -> None:
    files.sent(operator, files.SIMPLE, "opensanctions_csv")
    drain()
    assert cases_of(operator) == []
    supplier = as_org(["supplier"], legal_name=BANK, status="submitted")
    url = f"/v1/organisations/{ids.show('organisation', supplier.org_id)}/verify"
    assert operator.post(url, json={"level": 1}).status_code == 200
    drain()
    (case,) = cases_of(operator)
    assert case["organisation_id"] == ids.show("organisation", supplier.org_id)


def test_a_case_is_cleared_by_two_people_and_by_no_one_alone(
    operator: Any, held: dict[str, Any], session: Session
) -> None:
    url, other = f"/v1/screening-cases/{held['id']}", second_client(operator)
    assert operator.post(f"{url}/clear").status_code == 409
    assert operator.post(f"{url}/propose-clearance", json={"reason": "no"}).status_code == 422
    assert operator.post(f"{url}/propose-clearance", json=REASON).json()["status"] == (
        "clearance_proposed"
    )
    alone = operator.post(f"{url}/clear")
    assert (alone.status_code, alone.json()["code"]) == (409, "screening_four_eyes")
    assert operator.get(url).json()["status"] == "clearance_proposed"

    assert other.post(f"{url}/refuse-clearance", json=REASON).json()["status"] == "open"
    assert other.post(f"{url}/propose-clearance", json=REASON).status_code == 200
    cleared = operator.post(f"{url}/clear").json()
    assert (cleared["status"], cleared["proposed_by"] == cleared["cleared_by"]) == (
        "cleared",
        False,
    )
    assert cases_of(operator) == []
    assert [each["id"] for each in cases_of(operator, status="cleared")] == [held["id"]]
    actions = session.exec(
        select(AuditEntry.action)
        .where(col(AuditEntry.stream).startswith("screening_case:"))
        .order_by(col(AuditEntry.seq))
    ).all()
    assert actions == [
        *("open", "propose_clearance", "refuse_clearance", "propose_clearance", "clear")
    ]


def test_the_database_refuses_a_clearance_by_one(
    operator: Any, held: dict[str, Any], superuser: psycopg.Connection[Any]
) -> None:
    operator.post(f"/v1/screening-cases/{held['id']}/propose-clearance", json=REASON)
    with pytest.raises(psycopg.errors.CheckViolation, match="four_eyes"):
        superuser.execute("UPDATE screening_case SET status = 'cleared', cleared_by = proposed_by")


def cleared(operator: Any, case: dict[str, Any]) -> str:
    url = f"/v1/screening-cases/{case['id']}"
    assert operator.post(f"{url}/propose-clearance", json=REASON).status_code == 200
    assert second_client(operator).post(f"{url}/clear").json()["status"] == "cleared"
    return url


def test_what_was_cleared_stays_so_until_one_side_says_something_else(
    operator: Any, held: dict[str, Any], drain: Drain
) -> None:
    url = cleared(operator, held)
    files.sent(
        operator,
        files.SIMPLE + b'"NK-7","Company","New","","","","","","","","","","","",""\n',
        "opensanctions_csv",
    )
    drain()
    assert operator.get(url).json()["status"] == "cleared"
    files.sent(operator, files.SIMPLE.replace(b"OFAC SDN", b"OFAC SDN; EU"), "opensanctions_csv")
    drain()
    again = operator.get(url).json()
    assert (again["status"], again["facts"]["entry"]["programme"]) == ("open", "OFAC SDN; EU")


def test_a_case_lapses_when_its_entry_is_removed_but_a_confirmed_one_is_for_people(
    operator: Any, as_org: AsOrg, drain: Drain
) -> None:
    as_org(["supplier"], legal_name={"ru": "Ромашка"})
    as_org(["supplier"], legal_name={"ru": "Незабудка"})
    names = ("Romashka", "Nezabudka", "Else")
    files.sent(operator, files.table(*[f"{each},organisation,{each},,,,,," for each in names]))
    drain()
    lapsing, confirmed = sorted(cases_of(operator), key=lambda case: case["matched"], reverse=True)
    url = f"/v1/screening-cases/{confirmed['id']}"
    assert operator.post(f"{url}/confirm", json=REASON).json()["status"] == "confirmed"
    files.sent(operator, files.table("Else,organisation,Else,,,,,,"), accept_removals=True)
    drain()
    lapsed = operator.get(f"/v1/screening-cases/{lapsing['id']}").json()
    assert (lapsed["matched"], lapsed["status"]) == ("romashka", "lapsed")
    assert operator.get(url).json()["status"] == "open"


def test_everything_is_screened_again_the_next_day(
    held: dict[str, Any], session: Session, drain: Drain
) -> None:
    before = {row.id: row.screened_at for row in session.exec(select(ScreeningSubject))}
    of_subjects = Deadline.kind == subjects.RESCREEN_DUE
    due = session.exec(select(Deadline.due_at).where(of_subjects)).all()
    assert len(due) == len(before) > 0
    with db.worker_unit_of_work() as unit:
        assert fire_due(unit, max(due) + timedelta(seconds=1)) == len(due)
    drain()
    session.expire_all()
    after = {row.id: row.screened_at for row in session.exec(select(ScreeningSubject))}
    assert all(after[each] > before[each] for each in before)
    assert {*session.exec(select(Deadline.fired_at).where(of_subjects))} == {None}


def test_open_and_confirmed_cases_hold_money_back_and_settled_ones_do_not(
    operator: Any, held: dict[str, Any], session: Session
) -> None:
    case = session.exec(select(ScreeningCase)).one()
    assert subjects.holding(session, case.organisation_id, []) == [case]
    cleared(operator, held)
    session.expire_all()
    assert case.status is CaseStatus.CLEARED
    assert subjects.holding(session, case.organisation_id, []) == []
    settled = session.exec(select(OutboxEvent).where(OutboxEvent.type == "screening_case.settled"))
    assert settled.one().payload["organisation_id"] == case.organisation_id.hex


def test_goods_and_banks_are_held_against_the_lists_for_who_is_paid(
    operator: Any, as_org: AsOrg, session: Session, drain: Drain
) -> None:
    supplier = as_org(["supplier"])
    files.sent(operator, files.GOODS, name="goods")
    files.sent(operator, files.EU, "eu_xml", name="eu")
    bank, contract = supplier.org_id, operator.org_id
    with db.worker_unit_of_work() as unit:
        for kind, reference, told in (
            (SubjectKind.BANK, bank, {"names": ["Толубай Банк"], "identifiers": ["TOLBKG22"]}),
            (SubjectKind.GOODS, contract, {"hs_codes": ["8457103000", "940320"]}),
        ):
            subjects.watch(
                unit,
                kind,
                reference,
                organisation_id=supplier.org_id,
                **told,  # type: ignore[arg-type]
            )
    assert len(subjects.holding(session, supplier.org_id, [contract])) == 2
    assert len(subjects.holding(session, operator.org_id, [contract])) == 0
    found = {each["matched_by"]: each for each in cases_of(operator)}
    assert found["hs_code"]["matched"] == "8457103000"
    assert found["name"]["facts"]["entry"]["programme"] == "RUS"
    drain()


def test_two_who_watch_the_same_at_once_watch_it_once(as_org: AsOrg, session: Session) -> None:
    supplier, start = as_org(["supplier"]), Barrier(2)

    def watch() -> None:
        with db.worker_unit_of_work() as unit:
            start.wait()
            subjects.watch_organisation(unit, supplier.org_id)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(watch) for _ in range(2)]:
            done.result()
    assert len(session.exec(select(ScreeningSubject)).all()) == 1


def test_the_operator_looks_without_a_case(operator: Any, session: Session) -> None:
    files.sent(operator, files.EU, "eu_xml", name="eu")
    files.sent(operator, files.GOODS, name="goods")
    asked = {"names": ["Tolubay Bank"], "identifiers": ["kg 12345"]}
    (hit,) = operator.post("/v1/screenings", json=asked).json()["hits"]
    assert (hit["external_id"], hit["matched_by"], hit["score"]) == ("171001", "identifier", 100)
    goods = {"kind": "goods", "hs_codes": ["851762"]}
    (modem,) = operator.post("/v1/screenings", json=goods).json()["hits"]
    assert modem["external_id"] == "modem"
    goods = {"kind": "goods", "names": ["Routers, and modems, TP-Link AC1200", "Router"]}
    (modem,) = operator.post("/v1/screenings", json=goods).json()["hits"]
    assert (modem["matched_by"], modem["matched"], modem["score"]) == (
        "name",
        "modems routers",
        100,
    )
    assert operator.post("/v1/screenings", json={"names": ["Ак-Жол"]}).json()["hits"] == []
    assert session.exec(select(ScreeningCase)).all() == []


def test_screening_everybody_again_is_a_job_with_its_count(
    operator: Any, as_org: AsOrg, session: Session, drain: Drain
) -> None:
    for _ in range(3):
        as_org(["supplier"])
    job_id = files.sent(operator, files.GOODS).json()["job_id"]
    drain()
    job = operator.get(f"/v1/jobs/{job_id}").json()
    assert (job["status"], job["progress"]) == ("succeeded", {"done": 4, "total": 4})
    assert len(session.exec(select(ScreeningSubject)).all()) == 4
    assert session.exec(select(Job).where(col(Job.failed_at).is_not(None))).all() == []
