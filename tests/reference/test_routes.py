from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from api.core import db
from api.core.audit import AuditEntry
from api.reference.models import FxRate
from api.rules.clock import local_date

type AsOrg = Callable[..., Any]
RATE = {"day": "2026-11-20", "base": "CNY", "quote": "KGS", "rate": "12.31", "source": "Bank"}


def walk(actor: Any, url: str) -> list[dict[str, Any]]:
    """Every item of a list, page by page."""
    found: list[dict[str, Any]] = []
    page = actor.get(url).json()
    while True:
        found += page["items"]
        assert page["has_more"] is (page["next_cursor"] is not None)
        if not page["has_more"]:
            return found
        joint = "&" if "?" in url else "?"
        page = actor.get(f"{url}{joint}cursor={page['next_cursor']}").json()


@pytest.mark.parametrize(
    ("path", "count", "code"),
    [
        ("classification-schemes", 3, "CPV"),
        ("units?limit=100", 182, "KGM"),
        ("places?limit=100", 149, "kg-torugart"),
        ("certificate-schemes?limit=7", 26, "CT-1"),
        ("incoterms", 11, "FCA"),
        ("countries", 249, "KG"),
        ("currencies", 153, "KGS"),
    ],
)
def test_everybody_reads_the_lists_to_their_end(
    as_org: AsOrg, path: str, count: int, code: str
) -> None:
    items = walk(as_org(["supplier"]), f"/v1/{path}")

    assert len(items) == count
    assert code in {item["code"] for item in items}
    assert len({item["code"] for item in items}) == count


def test_without_credentials_there_is_nothing(client: TestClient) -> None:
    assert client.get("/v1/units").status_code == 401


def test_lists_can_be_narrowed(as_org: AsOrg) -> None:
    actor = as_org(["buyer"])

    crossings = walk(actor, "/v1/places?kind=border_crossing&country=KG")
    masses = walk(actor, "/v1/units?dimension=mass")

    assert {place["country"] for place in crossings} == {"KG"}
    assert {place["kind"] for place in crossings} == {"border_crossing"}
    assert {"KGM", "TNE"} <= {unit["code"] for unit in masses}
    assert {unit["dimension"] for unit in masses} == {"mass"}


def test_the_classification_is_walked_from_the_top(as_org: AsOrg) -> None:
    actor = as_org(["buyer"])

    chapters = walk(actor, "/v1/classifications?scheme=HS&limit=50")
    headings = walk(actor, "/v1/classifications?scheme=HS&parent=01")

    assert [row["code"] for row in chapters] == sorted(row["code"] for row in chapters)
    assert len(chapters) == 97
    assert [row["code"] for row in headings] == [f"010{n}" for n in range(1, 7)]


def test_search_pages_give_every_hit_once(as_org: AsOrg) -> None:
    url = "/v1/classifications?scheme=CPV&q=paper&language=en&limit=4"

    found = [row["code"] for row in walk(as_org(["buyer"]), url)]

    assert len(found) == len(set(found)) > 10


def test_search_below_a_code_stays_there(as_org: AsOrg) -> None:
    url = "/v1/classifications?scheme=CPV&q=бумага&parent=30000000-9&limit=100"

    found = [row["code"] for row in walk(as_org(["buyer"]), url)]

    assert found
    assert all(code.startswith("30") for code in found)


def test_a_code_is_shown_with_those_above_it(as_org: AsOrg) -> None:
    answer = as_org(["buyer"]).get("/v1/classifications/HS/010121")

    assert answer.status_code == 200
    assert answer.json()["titles"] == {"en": "Horses; live, pure-bred breeding animals"}
    assert [row["code"] for row in answer.json()["ancestors"]] == ["01", "0101"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("classifications/CPV/99999999-9", 404),
        ("classifications/GPC/10000000", 422),
        ("classifications?scheme=CPV&parent=99999999-9", 404),
        ("classifications?scheme=CPV&language=de", 422),
        ("classifications", 422),
        ("places?kind=castle", 422),
        ("units?cursor=abc", 400),
        ("fx-rates?base=XXX", 422),
        ("classifications?scheme=CPV&q=%00", 422),
        ("classifications?scheme=CPV&parent=%00", 422),
        ("classifications/CPV/%00", 422),
        ("units?dimension=%00", 422),
    ],
)
def test_a_bad_question_gets_a_problem(as_org: AsOrg, path: str, status: int) -> None:
    answer = as_org(["buyer"]).get(f"/v1/{path}")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_cursor_of_another_list_is_refused(as_org: AsOrg) -> None:
    actor = as_org(["buyer"])
    cursor = actor.get("/v1/units?limit=1").json()["next_cursor"]

    assert actor.get(f"/v1/places?limit=1&cursor={cursor}").status_code == 400


def test_the_operator_enters_a_rate_that_everybody_reads(as_org: AsOrg, session: Session) -> None:
    entered = as_org(["operator"]).post("/v1/fx-rates", json=RATE)
    buyer = as_org(["buyer"])

    assert entered.status_code == 201, entered.text
    assert entered.json()["rate"] == "12.31"
    assert [row["id"] for row in walk(buyer, "/v1/fx-rates?base=CNY")] == [entered.json()["id"]]
    assert walk(buyer, "/v1/fx-rates?base=USD") == []
    effective = buyer.get("/v1/fx-rates/effective?base=CNY&on=2026-11-24").json()
    assert (effective["day"], effective["source"]) == ("2026-11-20", "Bank")
    row = session.exec(select(FxRate)).one()
    entry = session.exec(
        select(AuditEntry).where(AuditEntry.stream == f"fx_rate:{row.id.hex}")
    ).one()
    assert (entry.action, entry.change["rate"]) == ("enter", "12.31")


def test_rates_are_listed_latest_day_first(as_org: AsOrg) -> None:
    operator = as_org(["operator"])
    for day in ("2026-11-18", "2026-11-20", "2026-11-19"):
        assert operator.post("/v1/fx-rates", json={**RATE, "day": day}).status_code == 201

    days = [row["day"] for row in walk(operator, "/v1/fx-rates?limit=1")]

    assert days == ["2026-11-20", "2026-11-19", "2026-11-18"]


@pytest.mark.parametrize("role", ["buyer", "supplier", "manufacturer", "auditor"])
def test_nobody_else_enters_rates(as_org: AsOrg, session: Session, role: str) -> None:
    assert as_org([role]).post("/v1/fx-rates", json=RATE).status_code == 403
    assert session.exec(select(FxRate)).all() == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"rate": "0"}, "#/rate"),
        ({"rate": "-1"}, "#/rate"),
        ({"rate": "1e11"}, "#/rate"),
        ({"base": "XXX"}, "#/base"),
        ({"base": "cny"}, "#/base"),
        ({"base": "KGS"}, "#/"),
        ({"day": "2026-13-01"}, "#/day"),
        ({"source": " "}, "#/source"),
        ({"source": "a\0"}, "#/source"),
        ({"note": "x"}, "#/note"),
    ],
)
def test_a_bad_rate_is_refused_at_its_field(
    as_org: AsOrg, session: Session, change: dict[str, str], pointer: str
) -> None:
    answer = as_org(["operator"]).post("/v1/fx-rates", json={**RATE, **change})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert session.exec(select(FxRate)).all() == []


def test_a_rate_of_the_far_future_and_a_second_one_of_a_source_are_refused(
    as_org: AsOrg, session: Session
) -> None:
    operator = as_org(["operator"])
    tomorrow = local_date(db.now(session)) + timedelta(days=1)

    def enter(day: Any, **change: str) -> Any:
        return operator.post("/v1/fx-rates", json={**RATE, "day": day.isoformat(), **change})

    assert enter(tomorrow + timedelta(days=1)).status_code == 422
    assert enter(tomorrow).status_code == 201
    again = enter(tomorrow, rate="99")
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert enter(tomorrow, source="Correction").status_code == 201
    assert sorted(session.exec(select(FxRate.source)).all()) == ["Bank", "Correction"]


def test_an_unknown_rate_is_a_conflict_with_its_own_code(as_org: AsOrg) -> None:
    answer = as_org(["buyer"]).get("/v1/fx-rates/effective?base=JPY")

    assert (answer.status_code, answer.json()["code"]) == (409, "rate_unknown")
