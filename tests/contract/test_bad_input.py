"""Input that no honest client sends: each is refused by a problem, and nothing is kept."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session, func, select

from api.identity.models import ApiClient, Member

type AsOrg = Callable[..., Any]
JSON = {"Content-Type": "application/json"}
MEMBER = {"name": "Айгүл", "email": "aigul@example.kg", "role": "owner"}
RATE = {"day": "2026-11-24", "base": "CNY", "quote": "KGS", "rate": "12.3", "source": "NBKR"}


@pytest.fixture
def actor(as_org: AsOrg) -> Any:
    return as_org(["operator", "buyer", "supplier", "manufacturer"])


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def members(session: Session) -> int:
    session.rollback()
    return session.exec(select(func.count()).select_from(Member)).one()


@pytest.mark.parametrize("day", [0, 20261124, "20261124", "0", 1e9, True, "24.11.2026", None])
def test_a_number_is_not_taken_for_a_day(actor: Any, day: Any) -> None:
    refused(actor.post("/v1/fx-rates", json={**RATE, "day": day}), 422, "invalid")
    assert actor.get("/v1/fx-rates").json()["items"] == []


@pytest.mark.parametrize("on", ["0", "20261124", "1764000000"])
def test_a_number_in_the_query_is_not_taken_for_a_day(actor: Any, on: str) -> None:
    answer = actor.get("/v1/fx-rates/effective", params={"base": "CNY", "on": on})
    refused(answer, 422, "invalid")


@pytest.mark.parametrize(
    "instant",
    ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", 1e400, 4102444800, "4102444800"],
)
def test_an_instant_that_the_database_could_not_give_back_is_refused(
    actor: Any, session: Session, instant: Any
) -> None:
    before = session.exec(select(func.count()).select_from(ApiClient)).one()
    body = {"name": "x", "scopes": ["offers:read"], "expires_at": instant}
    answer = actor.post("/v1/clients", content=as_json(body), headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    session.rollback()
    assert session.exec(select(func.count()).select_from(ApiClient)).one() == before


@pytest.mark.parametrize("name", ["a\0b", "\0", "\ud800", "a\udfffb"])
def test_a_text_that_cannot_be_stored_is_named_and_refused(
    actor: Any, session: Session, name: str
) -> None:
    answer = actor.post("/v1/members", content=as_json({**MEMBER, "name": name}), headers=JSON)
    refused(answer, 422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == "#/name"
    assert members(session) == 0


@pytest.mark.parametrize("field", ["\ud800", "\0", "é" * 2000, "a/b~c"])
def test_the_name_of_an_unknown_field_is_given_back_whatever_it_is(
    actor: Any, session: Session, field: str
) -> None:
    answer = actor.post("/v1/members", content=as_json({**MEMBER, field: 1}), headers=JSON)
    refused(answer, 422, "invalid")
    assert members(session) == 0


@pytest.mark.parametrize("rate", ["1e999999", "1e-999999", "NaN", "-Infinity", "9" * 5000, ""])
def test_a_number_beyond_measure_is_refused(actor: Any, rate: str) -> None:
    refused(actor.post("/v1/fx-rates", json={**RATE, "rate": rate}), 422, "invalid")


@pytest.mark.parametrize("rate", ["1e999999", "9" * 5000, "-1e400", "NaN", "Infinity"])
def test_a_bare_number_beyond_measure_is_refused(actor: Any, rate: str) -> None:
    body = as_json({**RATE, "rate": 0}).replace(b'"rate": 0', b'"rate": ' + rate.encode())
    answer = actor.post("/v1/fx-rates", content=body, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    assert actor.get("/v1/fx-rates").json()["items"] == []


@pytest.mark.parametrize("number", [2**31, 2**63, -(2**63) - 1, 10**400])
@pytest.mark.parametrize("path", ["/v1/offers?limit={}", "/v1/classifications?scheme=CPV&limit={}"])
def test_an_integer_beyond_the_databases_is_refused(actor: Any, path: str, number: int) -> None:
    refused(actor.get(path.format(number)), 422, "invalid")


@pytest.mark.parametrize(
    "query",
    [
        "%ff%fe",
        "q=%ff",
        "q=%00",
        "q=a%00b",
        "cursor=%00",
        "cursor=%ff",
        "cursor=a%00",
        "status=%00",
    ],
)
@pytest.mark.parametrize("path", ["/v1/tenders", "/v1/offers", "/v1/classifications", "/v1/units"])
def test_a_query_in_no_encoding_or_with_nul_is_never_a_failure_of_ours(
    actor: Any, path: str, query: str
) -> None:
    answer = actor.get(f"{path}?scheme=CPV&{query}")
    assert answer.status_code in (200, 400, 422), answer.text


@pytest.mark.parametrize("country", ["%00", "K%00", "KGZ", "kg"])
def test_a_country_is_two_letters(actor: Any, country: str) -> None:
    refused(actor.get(f"/v1/organisations?country={country}"), 422, "invalid")


def test_a_parameter_given_twice_counts_once(actor: Any) -> None:
    assert actor.get("/v1/units?limit=1&limit=2").status_code == 200
    refused(actor.get("/v1/units?limit=1&limit=x"), 422, "invalid")


@pytest.mark.parametrize("value", [b"\xff\xfe", "ключ".encode(), b"k" * 255, b"\t k"])
def test_a_header_in_no_encoding_is_a_key_like_others_or_refused(
    actor: Any, session: Session, value: bytes
) -> None:
    headers = [(b"authorization", f"Bearer {actor.key}".encode()), (b"idempotency-key", value)]
    answers = [actor.client.post("/v1/members", json=MEMBER, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert members(session) == 1


@pytest.mark.parametrize(
    "token", [b"\xff", b"kgp_test_\xe9", b"a.b.c", b"", b"kgp_live_" + b"x" * 36]
)
def test_a_token_that_is_none_is_401(actor: Any, token: bytes) -> None:
    headers = [(b"authorization", b"Bearer " + token)]
    refused(actor.client.get("/v1/members", headers=headers), 401, "unauthorized")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/tenders", "GET, POST"),
        ("/v1/members", "GET, POST"),
        ("/livez", "GET"),
        ("/public/tenders/ocds-kerben0-000001", "GET"),
        ("/v1/tenders/tender_019abf2e8c1d7c3fa9b04b4c6f0d2e11", "GET, PATCH"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_is_not_there_is_405_and_names_those_that_are(
    actor: Any, method: str, path: str, allowed: str
) -> None:
    answer = actor.request(method, path)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/v1/tenders/", "/livez/", "/problems/", "/v1/", "/", "//v1/units"]
)
def test_a_path_has_one_spelling(actor: Any, path: str) -> None:
    refused(actor.get(path, follow_redirects=False), 404, "not_found")


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data", "x", ""])
def test_a_body_of_another_media_type_is_refused(actor: Any, session: Session, media: str) -> None:
    answer = actor.post("/v1/members", content=as_json(MEMBER), headers={"Content-Type": media})
    assert answer.status_code in (400, 415, 422), answer.text
    assert members(session) == 0


@pytest.mark.parametrize("depth", [500, 20_000])
def test_deep_nesting_is_refused(actor: Any, session: Session, depth: int) -> None:
    deep = b'{"name":' * depth + b"1" + b"}" * depth
    answer = actor.post("/v1/members", content=deep, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    assert members(session) == 0


def as_json(value: Any) -> bytes:
    """JSON in ASCII, with lone surrogates as the escapes that a client can send."""
    return json.dumps(value).encode()


def test_without_credentials_nothing_is_said_about_the_input(client: Any) -> None:
    for path in ("/v1/fx-rates?base=xxx", "/v1/tenders?limit=x", "/v1/tenders/nothing"):
        answer = client.get(path)
        refused(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    refused(client.post("/v1/members", json={"name": 1}), 401, "unauthorized")
