"""What browsers are told besides the answer."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.core import settings
from api.main import create_app

PORTAL = "https://portal.example.kg"


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Callable[..., TestClient]:
    """The service under other settings than those of the tests."""

    def serve(**changed: Any) -> TestClient:
        told = settings.get().model_copy(update=changed)
        monkeypatch.setattr(settings, "get", lambda: told)
        return TestClient(create_app(), raise_server_exceptions=False)

    return serve


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/livez", 200),
        ("/nowhere", 404),
        ("/v1/tenders", 401),
        ("/v1/tenders/tender_x", 401),
        ("/public/debarments", 200),
        ("/static-offline-docs/swagger-ui.css", 200),
        ("/docs", 200),
    ],
)
def test_sec_27_every_answer_has_the_security_headers(client: Any, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    headers = answer.headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers
    assert "cache-control" in headers


def test_sec_27_a_defect_is_answered_with_them_too(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr("api.core.health.generate_latest", fail)
    answer = client.get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["request-id"] == answer.json()["request_id"]


def test_sec_27_private_answers_are_kept_by_nobody_but_their_reader(
    as_org: Callable[..., Any], client: Any
) -> None:
    actor = as_org(["buyer"])
    assert actor.get("/v1/members").headers["cache-control"] == "no-store"
    own = actor.get("/v1/organisations/me")
    assert "etag" in own.headers
    assert own.headers["cache-control"] == "private, no-cache"
    published = client.get("/public/ocds/bulk").headers
    assert "public" in published["cache-control"]


def test_sec_27_over_tls_browsers_are_told_to_stay_there(serving: Callable[..., Any]) -> None:
    with serving(base_url="https://kerben.example") as client:
        for path in ("/livez", "/nowhere"):
            told = client.get(path).headers["strict-transport-security"]
            assert int(re.fullmatch(r"max-age=(\d+)", told)[1]) >= 31_536_000


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_sec_27_a_page_runs_its_own_scripts_and_no_others(client: Any, path: str) -> None:
    answer = client.get(path)
    policy = dict(
        directive.strip().partition(" ")[::2]
        for directive in answer.headers["content-security-policy"].split(";")
    )
    allowed = policy["script-src"].split()
    assert "'unsafe-inline'" not in allowed
    assert "'unsafe-eval'" not in allowed
    inline = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digests = [base64.b64encode(sha256(text.encode()).digest()).decode() for text in inline]
    assert allowed == ["'self'", *(f"'sha256-{digest}'" for digest in digests)]
    assert re.search(r"\son[a-z]+=", answer.text) is None
    assert policy["connect-src"] == "'self'"
    assert policy["default-src"] == "'none'"


def test_sec_27_pages_about_the_api_are_shown_where_the_settings_say(
    serving: Callable[..., Any],
) -> None:
    pages = ("/docs", "/redoc", "/openapi.json", "/static-offline-docs/swagger-ui.css")
    for changed, status in (
        ({"environment": "production"}, 404),
        ({"environment": "production", "documentation": True}, 200),
        ({"environment": "test", "documentation": False}, 404),
    ):
        with serving(**changed) as client:
            assert {client.get(page).status_code for page in pages} == {status}, changed


def test_sec_27_security_txt_names_the_contact_and_is_never_expired(
    client: Any, serving: Callable[..., Any]
) -> None:
    path = "/.well-known/security.txt"
    assert client.get(path).status_code == 404
    with serving(
        security_contact="mailto:security@kerben.example", base_url="https://kerben.example/"
    ) as told:
        answer = told.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@kerben.example"
    assert fields["Canonical"] == "https://kerben.example" + path
    ahead = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=90) < ahead < timedelta(days=365)


def test_sec_27_only_the_portals_of_the_settings_may_read_answers(
    serving: Callable[..., Any],
) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "if-match"}
    with serving(portal_origins=[PORTAL]) as client:
        known = client.options("/v1/tenders", headers={"Origin": PORTAL, **asked})
        assert known.status_code == 200
        assert known.headers["access-control-allow-origin"] == PORTAL
        assert known.headers["access-control-allow-credentials"] == "true"
        assert known.headers["x-content-type-options"] == "nosniff"
        read = client.get("/nowhere", headers={"Origin": PORTAL})
        assert read.headers["access-control-allow-origin"] == PORTAL
        assert "ETag" in read.headers["access-control-expose-headers"]
        for stranger in ("https://evil.example", PORTAL + ".evil.example", "null"):
            for answer in (
                client.options("/v1/tenders", headers={"Origin": stranger, **asked}),
                client.get("/livez", headers={"Origin": stranger}),
            ):
                assert "access-control-allow-origin" not in answer.headers


def test_sec_27_without_portals_no_page_of_another_origin_reads_answers(client: Any) -> None:
    answer = client.get("/livez", headers={"Origin": PORTAL})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("origin", ["*", "https://portal.example/", "portal.example", "null"])
def test_sec_27_an_origin_is_scheme_and_host(origin: str) -> None:
    with pytest.raises(ValueError, match="scheme://host"):
        settings.Settings(portal_origins=[origin])
