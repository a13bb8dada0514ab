"""Limits of requests, on PostgreSQL's counters and on Redis's; each test serves an app of its own."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.core import rate_limits, settings
from api.main import create_app
from tests.workers.brokers import URLS

type AsOrg = Callable[..., Any]
LEFT = re.compile(r'"(\w+)";r=(\d+);t=(\d+)')
PLANS = {
    "anonymous": {"default": "3/60", "login": "2/60"},
    "standard": {"default": "4/60", "search": "2/60", "organisation": "7/60"},
    "partner": {"default": "50/60"},
}


@contextmanager
def limited(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> Iterator[TestClient]:
    """The API under limits of its own."""
    values = {"RATE_LIMITS": json.dumps(PLANS), **changed}
    for name, value in values.items():
        monkeypatch.setenv(f"KERBEN_{name}", value)
    settings.get.cache_clear()
    try:
        address = (f"198.51.{uuid4().int % 250}.{uuid4().int % 250}", 50000)
        with TestClient(create_app(), client=address, raise_server_exceptions=False) as client:
            yield client
    finally:
        monkeypatch.undo()
        settings.get.cache_clear()


def left(answer: Any) -> dict[str, int]:
    return {name: int(rest) for name, rest, _ in LEFT.findall(answer.headers.get("ratelimit", ""))}


STORES = [
    pytest.param({}, id="postgresql"),
    pytest.param({"REDIS_URL": URLS["redis"]}, id="redis", marks=pytest.mark.brokers),
]


@pytest.mark.parametrize("store", STORES)
def test_api_08_a_used_up_bucket_is_a_429_with_the_headers_of_the_draft(
    as_org: AsOrg, monkeypatch: pytest.MonkeyPatch, store: dict[str, str]
) -> None:
    key = {"Authorization": f"Bearer {as_org(['buyer']).key}"}
    with limited(monkeypatch, **store) as client:
        first = client.get("/v1/organisations/me", headers=key)
        assert (
            first.headers["ratelimit-policy"] == '"default";q=3;w=60'
        )  # not known yet: by address
        answers = [client.get("/v1/organisations/me", headers=key) for _ in range(5)]
        search = client.get("/v1/tenders?q=x", headers=key)
        restarted = TestClient(create_app(), client=("203.0.113.9", 1))
        with restarted:
            restarted.get("/v1/organisations/me", headers=key)
            after = restarted.get("/v1/organisations/me", headers=key)

    assert [a.status_code for a in answers] == [200, 200, 200, 200, 429]
    assert [left(a)["default"] for a in answers] == [3, 2, 1, 0, 0]
    assert answers[0].headers["ratelimit-policy"] == '"default";q=4;w=60, "organisation";q=7;w=60'
    refused = answers[-1]
    assert (refused.json()["code"], refused.headers["content-type"]) == (
        "too_many_requests",
        "application/problem+json",
    )
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"default";q=4;w=60'
    assert search.status_code == 200  # searching has a bucket of its own
    assert left(search)["search"] == 1
    assert after.status_code == 429  # the counters outlive the process


def test_api_08_keys_share_their_organisation_and_a_plan_gives_more(
    as_org: AsOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, operator = as_org(["buyer"]), as_org(["operator"])
    body = {"name": "second", "scopes": ["organisation:read"]}
    second = actor.post("/v1/clients", json=body).json()["secret"]
    bearer = [{"Authorization": f"Bearer {key}"} for key in (actor.key, second)]
    with limited(monkeypatch) as client:
        for headers in bearer:
            client.get("/v1/organisations/me", headers=headers)
        by_key = [client.get("/v1/organisations/me", headers=bearer[n % 2]) for n in range(8)]
        url = f"/v1/organisations/organisation_{actor.org_id.hex}/set-rate-plan"
        staff = {"Authorization": f"Bearer {operator.key}"}
        unknown = client.post(url, json={"rate_plan": "gold"}, headers=staff)
        granted = client.post(url, json={"rate_plan": "partner"}, headers=staff)
        assert (unknown.status_code, granted.status_code) == (409, 200), granted.text
    with limited(monkeypatch) as client:
        client.get("/v1/organisations/me", headers=bearer[0])
        partner = client.get("/v1/organisations/me", headers=bearer[0])

    assert [a.status_code for a in by_key] == [200] * 7 + [429]
    assert left(by_key[-1]) == {"default": 0, "organisation": 0}
    assert left(partner) == {"default": 49}


def test_api_08_who_is_not_known_counts_by_address_and_logins_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form = {"grant_type": "client_credentials", "client_id": "client_x", "client_secret": "y"}
    with limited(monkeypatch) as client:
        public = [client.get("/public/tenders/ocds-kerben0-000001") for _ in range(4)]
        guessing = client.get("/v1/units", headers={"Authorization": "Bearer kgp_live_guess"})
        logins = [client.post("/oauth/token", data=form) for _ in range(3)]
        alive = [client.get("/livez") for _ in range(5)]

    assert [a.status_code for a in public] == [404, 404, 404, 429]
    assert guessing.status_code == 429
    assert [a.status_code for a in logins] == [401, 401, 429]
    assert {a.status_code for a in alive} == {200}
    assert "ratelimit" not in alive[0].headers


def test_api_08_searches_files_and_logins_have_buckets_of_their_own() -> None:
    application = create_app()
    routes = [route for route in application.routes if hasattr(route, "bucket")]
    of = {(method, r.path): r.bucket for r in routes for method in r.methods or ()}
    searching = {
        path
        for path, methods in application.openapi()["paths"].items()
        if any(each["name"] == "q" for each in methods.get("get", {}).get("parameters", ()))
    }
    assert len(searching) >= 3
    assert {of["GET", path] for path in searching} == {"search"}
    by_hand = {
        (method, path)
        for method, path in of
        if path.startswith("/auth/") and path != "/auth/providers"
    }
    assert {of[each] for each in by_hand | {("POST", "/oauth/token")}} == {"login"}
    assert {path for (_, path), bucket in of.items() if bucket == "export"} >= {
        "/v1/audit/streams/{stream}/export",
        "/v1/imports/{job_id}/errors.csv",
        "/v1/ledger/trial-balance/file",
        "/v1/payment-batches/{payment_batch_id}/file",
    }


def test_api_08_a_store_that_is_away_refuses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with limited(monkeypatch, REDIS_URL="redis://127.0.0.1:1/0") as client:
        answers = [client.get("/public/policy-sets") for _ in range(5)]
    assert {a.status_code for a in answers} == {200}


def test_api_08_the_window_slides_and_many_at_once_are_counted_once_each(
    superuser: psycopg.Connection[Any],
) -> None:
    def take(amount: int = 1) -> tuple[Any, ...]:
        row = superuser.execute("SELECT * FROM kerben_take_rate('t', 10, 60, %s)", (amount,))
        return row.fetchone() or ()

    assert [take()[0] for _ in range(11)] == [True] * 10 + [False]
    superuser.execute("UPDATE rate_bucket SET slot = slot - 1 WHERE key = 't'")
    taken, previous, rest, hits, _ = take(0)
    assert (taken, previous, hits) == (True, 10, 0)
    fits = 10 - int(10 * rest / 60)
    assert sum(take()[0] for _ in range(12)) in (fits, fits + 1)
    superuser.execute("UPDATE rate_bucket SET slot = slot - 2 WHERE key = 't'")
    assert take(0)[1:4:2] == (0, 0)


@pytest.mark.parametrize(
    ("host", "counted"),
    [("2001:db8:1:2:3::9", "2001:db8:1:2::"), ("192.0.2.7", "192.0.2.7"), ("unix", "unix")],
)
def test_api_08_a_subscriber_of_ipv6_is_one_address(host: str, counted: str) -> None:
    assert rate_limits.address({"client": (host, 1)}) == counted
