"""API-15: bodies that are too deep, too long, too slow or compressed; requests that take too long."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, func, select

from api.core import bodies, db, errors
from api.identity import service as identity
from api.identity.models import Member

type AsOrg = Callable[..., Any]
JSON = {"Content-Type": "application/json"}
MEMBER = {"name": "Айгүл", "email": "aigul@example.kg", "role": "owner"}


def members(session: Session) -> int:
    session.rollback()
    return session.exec(select(func.count()).select_from(Member)).one()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"name":' * 33 + b"1" + b"}" * 33, "32 levels"),
        (json.dumps({**MEMBER, "name": list(range(10_001))}).encode(), "10000 elements"),
        (json.dumps({f"k{n}": 0 for n in range(10_001)}).encode(), "10000 elements"),
    ],
)
def test_api_15_json_beyond_its_depth_or_length_is_refused(
    as_org: AsOrg, session: Session, body: bytes, told: str
) -> None:
    answer = as_org(["buyer"]).post("/v1/members", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert told in answer.json()["detail"]
    assert members(session) == 0


def test_api_15_a_compressed_body_is_refused_before_it_is_read(
    as_org: AsOrg, session: Session
) -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    assert len(bomb) < 30_000
    headers = {**JSON, "Content-Encoding": "gzip"}
    answer = as_org(["buyer"]).post("/v1/members", content=bomb, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.headers["accept-encoding"] == "identity"
    assert members(session) == 0


def test_api_15_unknown_fields_are_refused_and_named(as_org: AsOrg, session: Session) -> None:
    answer = as_org(["buyer"]).post("/v1/members", json={**MEMBER, "org_id": "x"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/org_id"
    assert members(session) == 0


def test_api_15_a_body_that_does_not_arrive_in_time_is_a_408(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent() -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(bodies, "_SLOWEST_BYTES_A_SECOND", 10**12)
    monkeypatch.setattr(bodies.settings.get(), "body_timeout_seconds", 0)
    receive = bodies.limited({"type": "http", "path": "/v1/members", "headers": []}, silent)
    with pytest.raises(bodies.BodyRefused) as refused:
        asyncio.run(receive())
    assert isinstance(refused.value.problem, errors.RequestTimeout)
    assert refused.value.status_code == 408


@pytest.mark.parametrize("bound", ["statement_timeout", "transaction_timeout"])
def test_api_15_a_request_that_takes_too_long_is_a_504_and_keeps_nothing(
    as_org: AsOrg, session: Session, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    actor, add = as_org(["buyer"]), identity.add_member

    def slow(session: Session, **values: Any) -> Member:
        member = add(session, **values)
        session.flush()
        for milliseconds in (0, 30):  # the clock that runs already cannot be shortened
            session.connection().execute(text(f"SET LOCAL {bound} = {milliseconds}"))
        session.connection().execute(text("SELECT pg_sleep(5)"))
        return member

    monkeypatch.setattr(identity, "add_member", slow)
    answer = actor.post("/v1/members", json=MEMBER)
    assert (answer.status_code, answer.json().get("code")) == (504, "deadline_exceeded"), (
        answer.text
    )
    assert members(session) == 0
    monkeypatch.undo()
    assert actor.post("/v1/members", json=MEMBER).status_code == 201


def test_api_15_every_request_of_the_api_has_a_bound() -> None:
    with db.engine("app").connect() as connection:
        assert connection.scalar(text("SHOW transaction_timeout")) == "30s"
        assert connection.scalar(text("SHOW statement_timeout")) == "30s"
