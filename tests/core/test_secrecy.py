"""A process at work is told secrets of every kind; its log knows none of them, and every request."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from sqlmodel import Session, select

from api.core import db
from api.core.audit import AuditEntry
from api.core.outbox import OutboxEvent
from api.identity.models import ApiClient
from tests.identity.people import PASSWORD
from tests.intake import signing
from tests.workers.fleet import Fleet, wait_until
from tests.workers.test_load import answers, free_port

EMAIL = "aigul@example.kg"


def told(client: Any, key: str) -> dict[str, str]:
    """Every kind of secret that the service is told or tells, and where each passed."""
    mine = {"Authorization": f"Bearer {key}"}

    def post(url: str, body: Any) -> Any:
        answer = client.post(url, json=body, headers=mine)
        assert answer.is_success, answer.text
        return answer.json()

    scopes = {"scopes": ["organisation:read"]}
    oauth = post("/v1/clients", {"name": "oauth", "kind": "oauth", **scopes})
    form = {"grant_type": "client_credentials", "client_id": oauth["id"]}
    bought = client.post("/oauth/token", data={**form, "client_secret": oauth["secret"]})
    url = "https://hooks.example.kg/a?token=in-the-query"
    hook = post("/v1/webhook-endpoints", {"url": url, "event_types": ["tender.published"]})
    post("/v1/intake-sources", {"name": "x", "provider": "partner", "secret": signing.WHSEC})
    feed = post("/v1/feeds", {"format": "csv", "market": "CN", "language": "zh"})
    assert client.get(urlsplit(feed["url"]).path).status_code == 404
    member = post("/v1/members", {"name": "А", "email": EMAIL, "role": "owner"})["id"]
    invitation = post(f"/v1/members/{member}/invite", None)["token"]
    joined = client.post("/auth/join", json={"token": invitation, "password": PASSWORD})
    wrong = client.post("/auth/login", json={"email": EMAIL, "password": "guessed-by-a-thief"})
    assert (joined.status_code, wrong.status_code) == (201, 401)
    client.cookies.clear()
    person = {"Authorization": f"Bearer {joined.json()['token']}"}
    totp = client.post("/v1/account/totp", headers=person)
    assert totp.status_code == 201, totp.text
    assert client.get("/v1/tenders?cursor=" + key, headers=mine).status_code == 400
    return {
        "key of the caller": key,
        "client secret": oauth["secret"],
        "access token": bought.json()["access_token"],
        "key of an endpoint": hook["secret"],
        "secret in a URL": urlsplit(hook["url"]).query.partition("=")[2],
        "address of a feed": feed["url"].rpartition("/")[2],
        "secret of a source": signing.WHSEC,
        "invitation": invitation,
        "password": PASSWORD,
        "wrong password": "guessed-by-a-thief",
        "session": joined.json()["token"],
        "csrf token": joined.json()["csrf_token"],
        "secret of codes": totp.json()["secret"],
        "address of a person": EMAIL,
    }


def test_sec_13_sec_22_wh_05_api_02_a_process_logs_every_request_and_no_secret(
    as_org: Callable[..., Any], session: Session, tmp_path: Path
) -> None:
    buyer = as_org(["buyer", "supplier", "partner"])
    environment = {
        "KERBEN_DATABASE_URL": db.url("app"),
        "KERBEN_WORKER_DATABASE_URL": db.url("worker"),
        "KERBEN_OWNER_DATABASE_URL": db.url("owner"),
        "KERBEN_BROKER_URL": "memory://",
        "KERBEN_LOG_LEVEL": "DEBUG",
        "KERBEN_THREADS": "8",
    }
    port = free_port()
    with (
        Fleet(environment, db.engine("worker"), tmp_path).running() as fleet,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        server = fleet.start("kerben", "serve", "--port", str(port))
        wait_until(lambda: answers(client), "the API is ready")
        secrets = told(client, buyer.key)
        mine = {"Authorization": f"Bearer {buyer.key}", "X-Request-Id": "theirs-17"}
        made = client.post("/v1/members", json={"name": "Б", "email": "b@example.kg",
                                                "role": "auditor"}, headers=mine)  # fmt: skip
        refused = client.post("/v1/members", json={}, headers=mine)
        assert fleet.stop() == [0]
        log, lines = server.log.read_text(), server.lines()

    assert len(lines) > 15
    assert [name for name, secret in secrets.items() if secret in log] == []
    for answer, status in ((made, 201), (refused, 422)):
        ours = answer.headers["request-id"]
        (line,) = [x for x in lines if x["event"] == "request" and x["request_id"] == ours]
        assert (line["status"], line["client_request_id"]) == (status, "theirs-17")
    assert refused.json()["request_id"] == refused.headers["request-id"]
    # The audit trail names the act's request and who did it, by id, and no secret.
    (own,) = session.exec(select(ApiClient).where(ApiClient.name == "test")).all()
    entries = session.exec(select(AuditEntry)).all()
    (entry,) = [each for each in entries if each.request_id == made.headers["request-id"]]
    assert entry.actor == f"client:{own.id.hex}"
    assert [n for n, secret in secrets.items() if secret in str([e.change for e in entries])] == []
    events = session.exec(select(OutboxEvent.request_id)).all()
    assert {each.request_id for each in entries if each.request_id} >= {x for x in events if x}
