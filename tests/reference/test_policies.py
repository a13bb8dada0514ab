"""Policy sets: what is shipped, how a row of law is entered, and what can never be altered."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlmodel import Session, func, select
from typer.testing import CliRunner

from api.cli.reference import app
from api.core import db, ids
from api.core.audit import AuditEntry
from api.reference import parameters, policies
from api.reference.models import PolicySet
from api.reference.policies import PolicyMissing
from api.rules.clock import local_date
from api.rules.policy import INTERNATIONAL, ProcurementRegime, parse
from tests.procurement import samples
from tests.procurement.law import PARAMETERS, policy_set

type AsOrg = Callable[..., Any]
PROCEDURES = {"open", "restricted", "rfq", "single_source", "framework_call_off"}


@pytest.fixture
def operator(as_org: AsOrg) -> Any:
    return as_org(["operator"])


def count(session: Session) -> int:
    session.rollback()
    return session.exec(select(func.count()).select_from(PolicySet)).one()


def today(session: Session) -> date:
    return local_date(db.now(session))


@pytest.mark.parametrize(
    ("jurisdiction", "regime"),
    [("KG", "state"), ("KG", "state_enterprise"), (INTERNATIONAL, "generic")],
)
def test_each_regime_is_shipped_with_five_procedures_and_none_is_called_reviewed(
    client: Any, jurisdiction: str, regime: str
) -> None:
    url = f"/public/policy-sets?jurisdiction={jurisdiction}&regime={regime}"
    shown = client.get(url).json()["items"]

    of_tenders = [row for row in shown if row["procedure"] != "order"]
    assert {row["procedure"] for row in of_tenders} == PROCEDURES
    assert (len(shown) > len(of_tenders)) == (regime == "generic")
    assert {row["reviewed"] for row in shown} == {False}
    assert all(row["codes"].keys() == {"ocds", "kg", "eforms"} for row in of_tenders)


def test_no_tender_follows_the_default_terms_of_orders(as_org: Any) -> None:
    buyer = as_org(["buyer"], procurement_regime="generic")
    answer = buyer.post("/v1/tenders", json=samples.tender(procedure="order"))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["code"] == "unknown_procedure"
    assert buyer.get("/v1/tenders").json()["items"] == []


def test_every_shipped_number_names_its_source(session: Session) -> None:
    for row in session.exec(select(PolicySet)):
        assert row.sources.keys() == row.parameters.keys()
        assert all(source["text"] for source in row.sources.values())
        assert parameters.completed(row.parameters) == row.parameters
        assert parse(row.parameters).openers.threshold <= parse(row.parameters).openers.count


def test_the_schema_of_the_parameters_is_public_with_bounds_and_defaults(client: Any) -> None:
    schema = client.get("/public/policy-parameters").json()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    margin = schema["properties"]["domestic_preference_bp"]
    assert (margin["minimum"], margin["maximum"], margin["default"]) == (0, 2500, 0)


def test_a_row_is_entered_read_by_everybody_and_audited(
    operator: Any, client: Any, session: Session
) -> None:
    answer = operator.post("/v1/policy-sets", json=policy_set(min_bids=2))

    body = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/public/policy-sets/{body['id']}"
    shown = client.get(answer.headers["location"]).json()
    assert shown == body
    assert (shown["parameters"]["min_bids"], shown["parameters"]["vat_rate_bp"]) == (2, 0)
    assert shown["sources"]["min_bids"] == {"text": "Test law, article min_bids", "reviewed": True}
    assert shown["sources"]["vat_rate_bp"]["reviewed"] is False
    assert shown["reviewed"] is False
    stream = f"policy_set:{ids.parse('policy', body['id']).hex}"
    (entry,) = session.exec(select(AuditEntry).where(AuditEntry.stream == stream)).all()
    assert (entry.action, entry.org_id) == ("enter", operator.org_id)


def test_a_set_is_reviewed_when_each_of_its_parameters_is(operator: Any) -> None:
    every = parameters.completed(PARAMETERS)

    answer = operator.post("/v1/policy-sets", json=policy_set(**every))

    assert (answer.status_code, answer.json()["reviewed"]) == (201, True)


@pytest.mark.parametrize(
    ("changed", "pointers"),
    [
        ({"min_bids": 0}, ["min_bids"]),
        ({"min_bids": 11}, ["min_bids"]),
        ({"min_bids": "2"}, ["min_bids"]),
        ({"min_bids": 2.0}, ["min_bids"]),
        ({"min_bids": True}, ["min_bids"]),
        ({"vat_rate_bp": -1}, ["vat_rate_bp"]),
        ({"standstill": {"days": 5}}, ["standstill"]),
        (
            {"standstill_duration": {"days": 401, "unit": "weeks", "rounding": "none"}},
            ["standstill_duration/days", "standstill_duration/unit"],
        ),
        (
            {"standstill_duration": {"days": 5, "hours": 2}},
            [
                "standstill_duration/hours",
                "standstill_duration/rounding",
                "standstill_duration/unit",
            ],
        ),
        ({"min_tendering_duration": None}, ["min_tendering_duration"]),
        (
            {"max_value": {"amount": 1.5, "currency": "som"}},
            ["max_value/amount", "max_value/currency"],
        ),
        ({"single_source_grounds": ["a", "a"]}, ["single_source_grounds"]),
        ({"single_source_grounds": ["a b"]}, ["single_source_grounds/0"]),
        ({"sealing_modes": []}, ["sealing_modes"]),
        ({"sealing_modes": ["client", "none"]}, ["sealing_modes/1"]),
        ({"openers": {"threshold": 4, "count": 3}}, ["openers"]),
        ({"calendar": "kg", "min_bids": 99}, ["calendar", "min_bids"]),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(
    operator: Any, session: Session, changed: dict[str, Any], pointers: list[str]
) -> None:
    before = count(session)

    answer = operator.post("/v1/policy-sets", json=policy_set(**changed))

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    found = sorted(error["pointer"] for error in answer.json()["errors"])
    assert found == [f"#/parameters/{name}" for name in pointers]
    assert count(session) == before


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_without_a_default_must_be_given(
    operator: Any, session: Session, name: str
) -> None:
    before, data = count(session), policy_set()
    del data["parameters"][name]

    answer = operator.post("/v1/policy-sets", json=data)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/parameters/{name}"]
    assert count(session) == before


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"jurisdiction": "XX"}, "#/jurisdiction"),
        ({"regime": "army"}, "#/regime"),
        ({"procedure": "Open!"}, "#/procedure"),
        ({"valid_to": "2026-01-01"}, "#/"),
        ({"codes": {"ocds": "secret"}}, "#/codes/ocds"),
        ({"legal_source": " "}, "#/legal_source"),
        ({"sources": {}}, "#/sources/calendar"),
        ({"replaces": "policy_1"}, "#/replaces"),
    ],
)
def test_a_bad_field_of_a_set_is_named(
    operator: Any, session: Session, changed: dict[str, Any], pointer: str
) -> None:
    before = count(session)

    answer = operator.post("/v1/policy-sets", json={**policy_set(), **changed})

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert count(session) == before


def test_two_sets_never_count_on_one_day(operator: Any, session: Session) -> None:
    first = {**policy_set(), "valid_from": "2090-01-01", "valid_to": "2091-01-01"}
    assert operator.post("/v1/policy-sets", json=first).status_code == 201
    before = count(session)

    for start, end in (
        ("2089-06-01", "2090-01-02"),
        ("2090-12-31", None),
        ("2090-03-01", "2090-03-02"),
    ):
        answer = operator.post(
            "/v1/policy-sets", json={**first, "valid_from": start, "valid_to": end}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "policy_overlaps"), start
    assert count(session) == before

    for start, end in (("2089-01-01", "2090-01-01"), ("2091-01-01", None)):
        beside = {**first, "valid_from": start, "valid_to": end}
        assert operator.post("/v1/policy-sets", json=beside).status_code == 201, start


def test_a_change_of_the_law_ends_the_set_it_replaces(operator: Any, session: Session) -> None:
    old = operator.post("/v1/policy-sets", json=policy_set()).json()
    day = today(session) + timedelta(days=30)
    new = {**policy_set(min_bids=3), "valid_from": day.isoformat(), "replaces": old["id"]}

    answer = operator.post("/v1/policy-sets", json=new)

    assert answer.status_code == 201, answer.text
    sets = policies.list_sets(session, jurisdiction="KZ")
    assert [(row.valid_from, row.valid_to) for row in sets] == [
        (date(2026, 1, 1), day),
        (day, None),
    ]
    for on, bids in ((day - timedelta(days=1), 1), (day, 3)):
        (found,) = policies.list_sets(session, jurisdiction="KZ", on=on)
        assert found.parameters["min_bids"] == bids


def test_what_has_counted_is_not_ended_in_the_past_or_twice(
    operator: Any, session: Session
) -> None:
    old = operator.post("/v1/policy-sets", json=policy_set()).json()
    url, now = f"/v1/policy-sets/{old['id']}/end", today(session)

    yesterday = operator.post(url, json={"valid_to": (now - timedelta(days=1)).isoformat()})
    replaced = operator.post(
        "/v1/policy-sets",
        json={
            **policy_set(),
            "valid_from": (now - timedelta(days=1)).isoformat(),
            "replaces": old["id"],
        },
    )
    ended = operator.post(url, json={"valid_to": now.isoformat()})
    later = operator.post(url, json={"valid_to": (now + timedelta(days=1)).isoformat()})

    assert (yesterday.status_code, replaced.status_code) == (422, 422)
    assert [e["pointer"] for e in replaced.json()["errors"]] == ["#/valid_from"]
    assert (ended.status_code, ended.json()["valid_to"]) == (200, now.isoformat())
    assert later.status_code == 422
    (row,) = policies.list_sets(session, jurisdiction="KZ")
    assert row.valid_to == now


def test_a_set_replaces_only_one_of_its_own_procedure(operator: Any, session: Session) -> None:
    other = operator.post("/v1/policy-sets", json={**policy_set(), "procedure": "other"}).json()
    day = (today(session) + timedelta(days=30)).isoformat()

    answer = operator.post(
        "/v1/policy-sets", json={**policy_set(), "valid_from": day, "replaces": other["id"]}
    )
    unknown = operator.post(
        "/v1/policy-sets",
        json={**policy_set(), "replaces": "policy_019abf2e8c1d7c3fa9b04b4c6f0d2e11"},
    )

    assert [e["pointer"] for e in answer.json()["errors"]] == ["#/replaces"]
    assert unknown.status_code == 404
    (row,) = policies.list_sets(session, jurisdiction="KZ")
    assert row.valid_to is None


@pytest.mark.parametrize("role", ["buyer", "supplier", "auditor"])
def test_nobody_but_the_operator_enters_law(as_org: AsOrg, session: Session, role: str) -> None:
    before, actor = count(session), as_org([role])

    assert actor.post("/v1/policy-sets", json=policy_set()).status_code == 403
    row = session.exec(select(PolicySet)).first()
    assert row is not None
    forged = PolicySet(jurisdiction="KZ", **row.model_dump(exclude={"id", "jurisdiction"}))
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        db.unit_of_work(actor.org_id) as foreign,
    ):
        foreign.add(forged)
    assert count(session) == before


def test_the_database_lets_nobody_alter_or_delete_a_set(session: Session) -> None:
    for statement, said in (
        ("UPDATE policy_set SET legal_source = 'x'", "never altered"),
        ("UPDATE policy_set SET parameters = '{}'", "never altered"),
        ("UPDATE policy_set SET valid_from = '2000-01-01'", "never altered"),
        ("DELETE FROM policy_set", "append-only"),
    ):
        with pytest.raises(DBAPIError, match=said):
            session.connection().exec_driver_sql(statement)
        session.rollback()


def test_a_country_without_sets_of_its_own_has_the_international_ones(session: Session) -> None:
    def found(jurisdiction: str, regime: ProcurementRegime) -> str:
        return policies.in_force(
            session,
            jurisdiction=jurisdiction,
            regime=regime,
            procedure="open",
            on=date(2026, 11, 25),
        ).jurisdiction

    assert found("KG", ProcurementRegime.STATE) == "KG"
    assert found("CN", ProcurementRegime.GENERIC) == INTERNATIONAL
    with pytest.raises(PolicyMissing, match="CN"):
        found("CN", ProcurementRegime.STATE)


TOML = """
jurisdiction = "KZ"
regime = "state"
valid_from = 2026-01-01
legal_source = "Test law"
[parameters]
calendar = "KG"
min_extension = { days = 5, unit = "calendar", rounding = "none" }
standstill_duration = { days = 5, unit = "calendar", rounding = "none" }
[sources]
calendar = "x"
min_extension = "x"
standstill_duration = { text = "read", reviewed = true }
[procedures.fast]
title = { ru = "Быстрая" }
codes = { ocds = "direct" }
without = ["standstill_duration"]
parameters.min_tendering_duration = { days = 1, unit = "working", rounding = "none" }
sources.min_tendering_duration = "x"
[procedures.slow]
title = { ru = "Медленная" }
codes = { ocds = "open" }
parameters.min_tendering_duration = { days = 90, unit = "calendar", rounding = "none" }
sources.min_tendering_duration = "x"
"""


def load(file: Path, text: str) -> Any:
    file.write_text(text)
    return CliRunner().invoke(app, ["load", "policies", str(file)])


def test_a_file_of_sets_is_loaded_once(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "kz.toml"

    results = [load(file, TOML), load(file, TOML)]

    assert [result.exit_code for result in results] == [0, 0], results[0].output
    fast, slow = policies.list_sets(session, jurisdiction="KZ")
    assert (fast.procedure, fast.parameters["standstill_duration"]) == ("fast", None)
    assert slow.parameters["standstill_duration"]["days"] == 5
    assert slow.sources["standstill_duration"] == {"text": "read", "reviewed": True}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("days = 90", "days = 900", "900 is greater than the maximum of 400"),
        ('ocds = "open"', 'ocds = "secret"', "Input should be"),
        ("[procedures.slow]", "[procedures", "is not a file of policy sets"),
        ("valid_from = 2026-01-01", "valid_since = 2026-01-01", "Field required"),
        ('calendar = "x"\n', "", "names no source"),
    ],
)
def test_a_bad_file_is_explained_and_nothing_is_entered(
    session: Session, tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in TOML
    before = count(session)

    result = load(tmp_path / "kz.toml", TOML.replace(old, new))

    assert result.exit_code == 1
    assert said in result.output.replace("\n", " ")
    assert count(session) == before
