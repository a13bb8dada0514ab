"""Data of other publishers: what can be read is kept, what cannot is listed, nothing mixes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select
from typer.testing import CliRunner

from api.__main__ import main
from api.core import db
from api.opendata import importing, kg_portal
from api.opendata.importing import Found, Malformed, Report
from api.opendata.models import ForeignRecord, ForeignRelease, OcdsRelease
from api.opendata.ocds import schemas
from tests.opendata import standard
from tests.opendata.processes import release, tender
from tests.procurement import samples

type AsOrg = Callable[..., Any]
CLI = CliRunner()


def run(tmp_path: Path, content: Any, *arguments: str, name: str = "file.json") -> Any:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return CLI.invoke(main, ["import", arguments[0], str(path), *arguments[1:]])


def records(session: Session) -> dict[str, Any]:
    session.rollback()
    session.expire_all()
    return {each.ocid: each.compiled for each in session.exec(select(ForeignRecord))}


@pytest.mark.shared
def test_the_standards_example_rebuilds_to_the_same_compiled_release(
    session: Session, shared_data: Path
) -> None:
    recipe = shared_data / "ocds" / "recipe"
    with db.worker_unit_of_work() as worker:
        schemas.load(worker, shared_data / "ocds" / "built")
    for file in ("two_releases.json", "record_package.json"):
        result = CLI.invoke(main, ["import", "ocds", str(recipe / file), "--source", file])
        assert result.exit_code == 0, result.output
    expected = json.loads((recipe / "record_package.json").read_text())["records"][0]
    found = {
        each.source: each.compiled
        for each in session.exec(select(ForeignRecord))
        if each.ocid == expected["ocid"]
    }
    assert found == {
        "two_releases.json": expected["compiledRelease"],
        "record_package.json": expected["compiledRelease"],
    }


def test_reading_the_same_again_changes_nothing(tmp_path: Path, session: Session) -> None:
    package = {"releases": [release(), release("ocds-other0-2")]}
    first = run(tmp_path, package, "ocds", "--source", "other")
    before = [each.model_dump() for each in session.exec(select(ForeignRelease))]
    second = run(tmp_path, package, "ocds", "--source", "other")

    assert "2 created, 0 unchanged, 0 refused" in first.output
    assert "0 created, 2 unchanged, 0 refused" in second.output
    session.rollback()
    assert [each.model_dump() for each in session.exec(select(ForeignRelease))] == before


def test_json_lines_and_later_releases_make_one_record(tmp_path: Path, session: Session) -> None:
    later = release(
        id="2",
        date="2026-03-05T09:00:00+06:00",
        tag=["tenderUpdate"],
        tender={"id": "t", "status": "complete"},
    )
    lines = "\n".join(json.dumps(each) for each in (later, {"releases": [release()]}))
    assert run(tmp_path, lines, "ocds", "--source", "other", name="all.jsonl").exit_code == 0

    (compiled,) = records(session).values()
    assert compiled["tag"] == ["compiled"]
    assert (compiled["date"], compiled["tender"]["status"]) == (later["date"], "complete")
    assert compiled["tender"]["title"] == "Ремонт школы"


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ([], "release_malformed"),
        (release(ocid=""), "ocid_missing"),
        (release(id=7), "id_missing"),
        (release(date=None), "date_missing"),
        (release(date="2026-03-02"), "date_malformed"),
        (release(tender=tender(value={"amount": "12"})), "amount_malformed"),
        (release(tender=tender(value={"amount": 1e300})), "amount_malformed"),
        (release(tender=tender(title="a\x00b")), "text_malformed"),
    ],
)
def test_a_bad_release_is_listed_with_its_code_and_the_others_are_kept(
    tmp_path: Path, session: Session, bad: Any, code: str
) -> None:
    package = {"releases": [bad, release("ocds-other0-good")]}
    result = run(tmp_path, package, "ocds", "--source", "other")

    assert result.exit_code == 1
    assert code in result.output
    assert "1 created, 0 unchanged, 1 refused" in result.output
    assert [*records(session)] == ["ocds-other0-good"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "not_json"),
        ("{}", "not_a_package"),
        ('"x"', "not_a_package"),
        ('{"records": [{"ocid": "x"}]}', "record_empty"),
    ],
)
def test_a_file_that_is_no_ocds_keeps_nothing(
    tmp_path: Path, session: Session, content: str, code: str
) -> None:
    result = run(tmp_path, content, "ocds", "--source", "other")
    assert result.exit_code == 1
    assert code in result.output
    assert records(session) == {}


def test_an_id_that_stood_for_another_release_is_refused(tmp_path: Path, session: Session) -> None:
    run(tmp_path, release(), "ocds", "--source", "other")
    changed = release(tender=tender(title="Другое"))
    result = run(tmp_path, changed, "ocds", "--source", "other")
    assert "release_id_reused" in result.output
    (compiled,) = records(session).values()
    assert compiled["tender"]["title"] == "Ремонт школы"


def test_foreign_processes_never_mix_with_our_own(
    as_org: AsOrg, tmp_path: Path, client: Any, session: Session
) -> None:
    made = samples.published(as_org(["buyer"]))
    run(tmp_path, release(made["ocid"]), "ocds", "--source", "other")
    refused = run(tmp_path, release(), "ocds", "--source", "kerben")

    own = client.get("/public/ocds/releases").json()["releases"]
    assert [each["tender"]["id"] for each in own] == [made["id"]]
    assert len([*session.exec(select(OcdsRelease))]) == 1
    assert refused.exit_code == 2
    assert client.get("/public/ocds/foreign").json()["items"] == [
        {"source": "other", "processes": 1}
    ]
    (listed,) = client.get("/public/ocds/foreign/other/records").json()["items"]
    assert (listed["source"], listed["compiled_release"]["tender"]["id"]) == ("other", "t")


def test_foreign_records_are_read_in_pages(tmp_path: Path, client: Any) -> None:
    package = {"releases": [release(f"ocds-other0-{n}") for n in range(3)]}
    run(tmp_path, package, "ocds", "--source", "other")
    path = "/public/ocds/foreign/other/records"
    first = client.get(path, params={"limit": 2}).json()
    second = client.get(path, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [each["ocid"] for each in first["items"] + second["items"]] == [
        f"ocds-other0-{n}" for n in range(3)
    ]
    assert client.get(path, params={"cursor": "x"}).json()["code"] == "invalid_cursor"


@pytest.fixture(scope="module")
def portal(shared_data: Path) -> Any:
    path = shared_data / "kg" / "kg_shaped_release_package.json"
    return json.loads(path.read_text())


@pytest.mark.shared
def test_the_old_portals_package_becomes_ocds(
    tmp_path: Path, session: Session, portal: Any, shared_data: Path
) -> None:
    result = run(tmp_path, portal, "kg")
    assert result.exit_code == 0, result.output

    (compiled,) = records(session).values()

    tender = compiled["tender"]
    assert (tender["mainProcurementCategory"], tender["title"]) == ("goods", "210801")
    assert tender["lots"][0]["deliveryTerms"] == [{"incoterms": "DDP", "place": "Бишкек"}]
    (bid,) = compiled["bids"]["details"]
    assert (bid["relatedLots"], bid["value"]) == (["1"], {"amount": 9000, "currency": "KGS"})
    assert compiled["awards"][0]["status"] == "unsuccessful"
    (contract,) = compiled["contracts"]
    assert (contract["awardID"], contract["awardIDs"]) == ("1", ["1"])
    assert contract["value"]["amount"] == 9000
    (complaint,) = compiled["complaints"]
    assert (complaint["id"], complaint["statusDetails"]) == ("5", "complete")
    assert "status" not in complaint
    assert compiled["parties"][0]["name"] == "X"
    assert compiled["parties"][0]["identifier"]["legalName_ky"] == "X"
    judge = standard.load(shared_data / "ocds")
    stored = session.exec(select(ForeignRelease.content)).one()
    wrong = [each for each in judge.faults(stored) if not each.startswith("additional field")]
    assert wrong == []


@pytest.mark.shared
def test_two_changes_of_one_day_have_two_ids_though_the_portal_gave_one(
    tmp_path: Path, session: Session, portal: Any
) -> None:
    changed = json.loads(json.dumps(portal))
    changed["releases"][0]["tender"]["status"] = "5"
    result = run(tmp_path, [portal, changed, portal], "kg")
    assert "2 created, 1 unchanged, 0 refused" in result.output


@pytest.mark.shared
@pytest.mark.parametrize(
    ("path", "given_value", "code"),
    [
        ("date", "вчера", "date_malformed"),
        ("ocid", None, "ocid_missing"),
        ("tender", None, "tender_missing"),
        ("contracts", [{"id": "1", "value": {"amount": "много"}}], "amount_malformed"),
    ],
)
def test_a_bad_process_of_the_portal_is_listed_and_the_good_one_kept(
    tmp_path: Path, session: Session, portal: Any, path: str, given_value: Any, code: str
) -> None:
    (good,) = portal["releases"]
    bad = {**good, path: given_value}
    result = run(tmp_path, {**portal, "releases": [bad, good]}, "kg")
    assert result.exit_code == 1
    assert code in result.output
    assert [*records(session)] == [good["ocid"]]


def test_amounts_and_times_are_read_as_the_portal_wrote_them() -> None:
    shown = kg_portal.normalised(
        {
            "ocid": "ocds-h7i0z4-1",
            "id": "x",
            "date": "2021-08-01 10:00:00",
            "tender": {"id": 1, "status": 7, "value": {"amount": "1 000,50"}},
        }
    )
    assert shown["date"] == "2021-08-01T10:00:00+06:00"
    assert shown["tender"]["value"]["amount"] == 1000.5
    assert (shown["tender"]["id"], shown["tender"]["status"], shown["tender"]["statusDetails"]) == (
        "1",
        "complete",
        "contractSigned",
    )


NAMES = st.sampled_from(
    ["id", "date", "amount", "value", "status", "lots", "relatedLots", "details", "deliveryTerms"]
)
PLAIN = st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "1e9", "DAT", "Inf"])
INNER = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(NAMES, PLAIN, max_size=3)
ANYTHING = INNER | st.lists(INNER, max_size=2) | st.dictionaries(NAMES, INNER, max_size=3)


@given(
    st.dictionaries(
        st.sampled_from(
            ["ocid", "id", "date", "tender", "bids", "awards", "contracts", "parties", "complaints"]
        ),
        ANYTHING,
    )
)
def test_no_shape_of_a_process_breaks_the_import(shape: Any) -> None:
    report = Report()
    try:
        kg_portal.normalised(shape)
    except Malformed as error:
        report.refuse("/", error.code, str(error))
    codes = {error.code for error in report.errors}
    assert codes <= {"tender_missing", "date_malformed", "amount_malformed"}


def test_a_report_counts_what_it_lists(session: Session) -> None:
    report = Report()
    importing.take(session, "other", [Found("/0", 7), Found("/1", release())], report)
    session.rollback()
    assert (report.counts["refused"], report.counts["created"]) == (1, 1)
    assert [error.where for error in report.errors] == ["/0"]
