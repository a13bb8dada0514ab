import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, func, select

from api.core import db, settings
from api.core.errors import Problem
from api.identity import service as identity
from api.identity.models import Member

type AsOrg = Callable[..., Any]

MEMBER = {"name": "Айгүл", "email": "aigul@example.kg", "role": "owner"}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/livez", 405, "method_not_allowed"),
        ("GET", "/v1/organisations/me", 401, "unauthorized"),
        ("GET", "/problems/nothing", 404, "not_found"),
    ],
)
def test_api_01_every_failure_is_a_problem(
    client: Any, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["status"], body["instance"]) == (code, status, path)
    assert body["type"] == f"/problems/{code}"
    assert body["request_id"] == answer.headers["request-id"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"name": NaN'])
def test_api_01_a_body_that_is_not_json_is_a_400_and_not_a_500(as_org: AsOrg, body: bytes) -> None:
    answer = as_org(["buyer"]).post(
        "/v1/members", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_api_01_api_03_a_wrong_field_is_named_and_a_defect_tells_nothing_of_itself(
    as_org: AsOrg, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = as_org(["buyer"])
    wrong = actor.post("/v1/members", json={**MEMBER, "role": "tsar"})
    (error,) = wrong.json()["errors"]
    assert (wrong.status_code, error["pointer"], error["code"]) == (422, "#/role", "enum")
    assert error["detail"]

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("SELECT hunter2")

    with monkeypatch.context() as patched:
        patched.setattr(identity, "add_member", broken)
        defect = actor.post("/v1/members", json=MEMBER, headers={"Idempotency-Key": "k"})
    body = defect.json()
    assert (defect.status_code, body["code"]) == (500, "internal_error")
    assert defect.headers["content-type"] == "application/problem+json"
    assert body["request_id"] == defect.headers["request-id"]
    assert "hunter2" not in defect.text
    assert "Traceback" not in defect.text
    assert session.exec(select(func.count()).select_from(Member)).one() == 0
    # What failed by a defect is not remembered.
    again = actor.post("/v1/members", json=MEMBER, headers={"Idempotency-Key": "k"})
    assert (again.status_code, "idempotent-replayed" in again.headers) == (201, False)


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", None])
def test_api_15_a_body_of_another_media_type_is_a_415_and_nothing_is_kept(
    as_org: AsOrg, session: Session, media_type: str | None
) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    answer = as_org(["buyer"]).post(
        "/v1/members", content=json.dumps(MEMBER).encode(), headers=headers
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.headers["content-type"] == "application/problem+json"
    assert session.exec(select(func.count()).select_from(Member)).one() == 0


def test_a_form_that_comes_as_json_is_a_415(client: Any) -> None:
    answer = client.post("/oauth/token", json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_missing_body_is_told_by_its_fields(as_org: AsOrg) -> None:
    answer = as_org(["buyer"]).post("/v1/members", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_every_route_with_a_body_documents_the_415(client: Any) -> None:
    document = json.loads(client.get("/openapi.json").text)
    with_body = [o for p in document["paths"].values() for o in p.values() if "requestBody" in o]
    assert len(with_body) > 10
    assert all("415" in operation["responses"] for operation in with_body)


def test_api_15_a_body_beyond_the_limit_is_refused_and_nothing_is_kept(
    as_org: AsOrg, session: Session
) -> None:
    large = {**MEMBER, "name": "x" * (settings.get().max_body_bytes + 1)}
    answer = as_org(["buyer"]).post("/v1/members", json=large)

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert session.exec(select(func.count()).select_from(Member)).one() == 0


def test_api_02_request_ids_differ_and_the_clients_own_is_not_taken_over(client: Any) -> None:
    first = client.get("/livez", headers={"X-Request-Id": "mine"})
    second = client.get("/livez")
    assert first.headers["request-id"] != second.headers["request-id"]
    assert first.headers["request-id"].startswith("req_")


def test_api_01_every_problem_code_can_be_looked_up(client: Any) -> None:
    listed = client.get("/problems").json()
    assert listed.keys() == Problem.catalogue.keys()
    for code in listed:
        found = client.get(f"/problems/{code}").json()
        assert found["description"]
        assert found["title"]


def test_api_17_ready_means_migrated_and_metrics_show_the_outbox(client: Any) -> None:
    assert client.get("/readyz").json() == {"status": "ok"}
    figures = client.get("/metrics").text
    assert re.search(r"^kerben_outbox_pending 0\.0$", figures, re.MULTILINE)
    assert re.search(r"^kerben_outbox_lag_seconds 0\.0$", figures, re.MULTILINE)
    assert client.get("/livez").json() == {"status": "ok"}


def test_api_17_without_its_database_the_process_lives_and_is_not_ready(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERBEN_DATABASE_URL", "postgresql://kerben_app@127.0.0.1:1/kerben")
    settings.get.cache_clear()
    db.dispose()
    try:
        answers = [client.get(path) for path in ("/readyz", "/livez")]
    finally:
        monkeypatch.undo()
        settings.get.cache_clear()
        db.dispose()
    assert [each.status_code for each in answers] == [503, 200]
    assert answers[0].json()["code"] == "unavailable"


@pytest.mark.parametrize(("revision", "status"), [("9999", 200), ("0001", 503)])
def test_api_17_the_release_before_stays_ready_while_the_database_is_newer(
    client: Any, superuser: Any, revision: str, status: int
) -> None:
    (head,) = superuser.execute("SELECT version_num FROM alembic_version").fetchone()
    superuser.execute("UPDATE alembic_version SET version_num = %s", [revision])
    try:
        assert client.get("/readyz").status_code == status
    finally:
        superuser.execute("UPDATE alembic_version SET version_num = %s", [head])


def test_a_database_that_goes_away_midway_gives_503_and_keeps_nothing(
    as_org: AsOrg, session: Session, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = as_org(["buyer"])
    begin = Session.flush

    def cut(self: Session, *args: Any) -> None:
        begin(self, *args)
        if self.get_bind() is db.engine("app"):
            superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'kerben_app' AND state LIKE 'idle in transaction%'"
            )

    monkeypatch.setattr(Session, "flush", cut)
    answer = actor.post("/v1/members", json=MEMBER, headers={"Idempotency-Key": "k"})
    monkeypatch.undo()

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert session.exec(select(func.count()).select_from(Member)).one() == 0
    retried = actor.post("/v1/members", json=MEMBER, headers={"Idempotency-Key": "k"})
    assert retried.status_code == 201
    assert session.exec(select(func.count()).select_from(Member)).one() == 1


def test_the_documentation_needs_no_other_host(client: Any) -> None:
    for path in ("/docs", "/redoc"):
        page = client.get(path).text
        assert "cdn" not in page.lower()
        assert "https://" not in page
    document = json.loads(client.get("/openapi.json").text)
    assert document["info"]["title"] == "Kerben"
