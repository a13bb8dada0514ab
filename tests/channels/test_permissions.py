"""Export permissions through the API: entered, verified by another, lapsing by themselves."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, select

from api.channels.models import ExportPermission
from api.core import db
from api.core.outbox import OutboxEvent
from api.rules.clock import local_date
from tests.channels import selling
from tests.contracts import delivering
from tests.contracts.test_races import both


@pytest.fixture
def exporter(as_org: Callable[..., Any]) -> Any:
    return as_org(["manufacturer"])


@pytest.fixture
def operator(as_org: Callable[..., Any]) -> Any:
    return as_org(["operator"])


def test_a_permission_is_entered_with_the_digest_of_its_paper(exporter: Any) -> None:
    made = selling.entered(exporter)

    assert (made["status"], made["standing"]) == ("claimed", "claimed")
    assert made["document_sha256"] == sha256(b"%PDF-1.7 registration").hexdigest()
    assert exporter.get(f"/v1/export-permissions/{made['id']}").json() == made
    assert exporter.get("/v1/export-permissions").json()["items"] == [made]


def test_the_operator_verifies_it_by_its_paper(
    exporter: Any, operator: Any, session: Session
) -> None:
    made = selling.entered(exporter)
    url = f"/v1/export-permissions/{made['id']}"
    assert operator.get(f"{url}/document").content == b"%PDF-1.7 registration"

    answer = operator.post(f"{url}/verify", json={"verification": "CIFER on 2026-11-20"})

    assert answer.status_code == 200, answer.text
    told = exporter.get(url).json()
    assert (told["status"], told["standing"]) == ("verified", "in_force")
    assert told["verification"] == "CIFER on 2026-11-20"
    (event,) = session.exec(
        select(OutboxEvent).where(OutboxEvent.type == "export_permission.verified")
    ).all()
    assert event.payload["market"] == "CN"
    assert event.org_id == exporter.org_id


def test_the_exporter_does_not_verify(exporter: Any) -> None:
    made = selling.entered(exporter)
    url = f"/v1/export-permissions/{made['id']}"

    assert exporter.post(f"{url}/verify", json={"verification": "mine"}).status_code == 403
    assert exporter.get(url).json() == made


def test_an_operator_that_exports_too_does_not_verify_its_own(
    as_org: Callable[..., Any], operator: Any
) -> None:
    both = as_org(["operator", "manufacturer"])
    made = selling.entered(both)
    url = f"/v1/export-permissions/{made['id']}"

    for act, body in (("verify", {"verification": "x"}), ("refuse", {"reason": "x"})):
        assert both.post(f"{url}/{act}", json=body).status_code == 403
    assert both.get(url).json() == made
    assert operator.post(f"{url}/verify", json={"verification": "x"}).status_code == 200


def test_the_database_itself_lets_no_exporter_verify(as_org: Callable[..., Any]) -> None:
    both = as_org(["operator", "manufacturer"])
    selling.entered(both)
    verifying = text(
        "UPDATE export_permission SET status = 'verified', verified_by = 'x',"
        " verified_at = now(), verification = 'x'"
    )

    with db.unit_of_work(both.org_id) as unit:
        db.scope(unit, operator="on")
        connection = unit.connection()
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(verifying)
        unit.rollback()


def test_it_lapses_by_itself_after_its_last_day(
    exporter: Any, operator: Any, session: Session
) -> None:
    last = local_date(db.now(session)) + timedelta(days=3)
    session.rollback()
    made = selling.verified(exporter, operator, valid_to=last.isoformat())
    url = f"/v1/export-permissions/{made['id']}"

    selling.move_to(last)
    assert exporter.get(url).json()["standing"] == "in_force"
    selling.move_to(last + timedelta(days=1))

    told = exporter.get(url).json()
    assert told["standing"] == "lapsed"
    assert (told["status"], told["version"]) == (made["status"], made["version"])


def test_a_claim_whose_days_are_over_is_not_verified(exporter: Any, operator: Any) -> None:
    made = selling.entered(exporter, valid_from="2020-01-01", valid_to="2024-12-31")
    url = f"/v1/export-permissions/{made['id']}"

    answer = operator.post(f"{url}/verify", json={"verification": "x"})

    assert (answer.status_code, answer.json()["code"]) == (409, "permission_lapsed")
    assert exporter.get(url).json() == made


def test_a_verified_one_is_refused_when_its_authority_knows_it_no_more(
    exporter: Any, operator: Any
) -> None:
    made = selling.verified(exporter, operator)
    url = f"/v1/export-permissions/{made['id']}"

    told = operator.post(f"{url}/refuse", json={"reason": "Struck off"}).json()

    assert (told["standing"], told["refusal"]) == ("refused", "Struck off")
    assert operator.post(f"{url}/verify", json={"verification": "x"}).status_code == 409
    assert exporter.post(f"{url}/withdraw").status_code == 409
    assert exporter.get(url).json() == told


def test_what_was_withdrawn_may_be_entered_anew(exporter: Any, session: Session) -> None:
    made = selling.entered(exporter)
    paper = delivering.uploaded(exporter)
    again = selling.permission(paper)

    assert exporter.post("/v1/export-permissions", json=again).status_code == 409
    assert len(session.exec(select(ExportPermission.id)).all()) == 1
    url = f"/v1/export-permissions/{made['id']}"
    assert exporter.post(f"{url}/withdraw").json()["standing"] == "withdrawn"
    assert exporter.post("/v1/export-permissions", json=again).status_code == 201


def test_a_change_needs_the_version_that_it_is_about(exporter: Any, operator: Any) -> None:
    made = selling.entered(exporter)
    url = f"/v1/export-permissions/{made['id']}"

    answer = operator.post(f"{url}/verify", json={"verification": "x"}, headers={"If-Match": '"7"'})

    assert answer.status_code == 412
    assert exporter.get(url).json() == made


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"market": "ZW"}, "#/market", "unknown_market"),
        ({"authority": "FDA"}, "#/authority", "unknown_authority"),
        ({"hs_codes": []}, "#/hs_codes", "too_short"),
        ({"hs_codes": ["040"]}, "#/hs_codes/0", "string_pattern_mismatch"),
        ({"valid_to": "2025-12-31"}, "#/", "value_error"),
        ({"valid_to": None}, "#/valid_to", "date_form"),
        ({"status": "verified"}, "#/status", "extra_forbidden"),
    ],
)
def test_bad_permissions_are_refused(
    exporter: Any, session: Session, changed: dict[str, Any], pointer: str, code: str
) -> None:
    body = selling.permission(delivering.uploaded(exporter), **changed)

    answer = exporter.post("/v1/export-permissions", json=body)

    assert answer.status_code == 422, answer.text
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        (pointer, code)
    ]
    assert session.exec(select(ExportPermission)).all() == []


def test_the_paper_must_be_ones_own(exporter: Any, as_org: Callable[..., Any]) -> None:
    foreign = delivering.uploaded(as_org(["supplier"]))

    answer = exporter.post("/v1/export-permissions", json=selling.permission(foreign))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "unknown_document"


def test_others_see_no_permission(exporter: Any, as_org: Callable[..., Any]) -> None:
    made, stranger = selling.entered(exporter), as_org(["supplier", "buyer"])
    url = f"/v1/export-permissions/{made['id']}"

    assert stranger.get(url).status_code == 404
    assert stranger.get(f"{url}/document").status_code == 404
    assert stranger.post(f"{url}/withdraw").status_code == 404
    assert stranger.get("/v1/export-permissions").json()["items"] == []


def test_the_operator_finds_what_waits_for_it(
    exporter: Any, operator: Any, as_org: Callable[..., Any]
) -> None:
    selling.verified(exporter, operator)
    waiting = selling.entered(as_org(["supplier"]))

    answer = operator.get("/v1/export-permissions", params={"status": "claimed"}).json()

    assert answer["items"] == [waiting]


def test_it_is_decided_once_when_two_decide_at_once(
    exporter: Any, operator: Any, as_org: Callable[..., Any]
) -> None:
    made, another = selling.entered(exporter), as_org(["operator"])
    url = f"/v1/export-permissions/{made['id']}"

    answers = both(
        lambda: operator.post(f"{url}/verify", json={"verification": "first"}),
        lambda: another.post(f"{url}/verify", json={"verification": "second"}),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (told,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert exporter.get(url).json() == told
    assert told["version"] == made["version"] + 1


def test_a_number_is_entered_once_when_two_enter_it_at_once(
    exporter: Any, session: Session
) -> None:
    body = selling.permission(delivering.uploaded(exporter))

    answers = both(
        lambda: exporter.post("/v1/export-permissions", json=body),
        lambda: exporter.post("/v1/export-permissions", json=body),
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(session.exec(select(ExportPermission.id)).all()) == 1
