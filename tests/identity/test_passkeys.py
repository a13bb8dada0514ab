"""Second factors by key, with an authenticator in software."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from api.identity.models import LoginSession, Passkey
from tests.identity import people
from tests.identity.authenticator import Authenticator

type AsOrg = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_cookies(client: Any) -> Iterator[None]:
    yield
    client.cookies.clear()


def register(person: Any, key: Authenticator, name: str = "Ключ") -> Any:
    options = person.post("/v1/account/passkeys/begin")
    assert options.status_code == 200, options.text
    body = {"name": name, "credential": key.create(options.json())}
    return person.post("/v1/account/passkeys", json=body)


def show(person: Any, key: Authenticator) -> Any:
    options = person.post("/v1/session/passkey/begin").json()
    return person.post("/v1/session/verify-passkey", json={"credential": key.get(options)})


def test_sec_23_a_passkey_is_a_second_factor_that_answers_each_challenge_once(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    person, key = people.joined(as_org(["buyer"]), "aigul@example.kg"), Authenticator()
    for wrong in (
        Authenticator(origin="https://evil.example"),
        Authenticator(rp_id="evil.example"),
    ):
        refused = register(person, wrong)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (
            422,
            "passkey_refused",
        )
    assert session.exec(select(Passkey)).all() == []
    session.rollback()

    assert register(person, key).status_code == 201

    def forget() -> None:
        session.connection().execute(text("UPDATE login_session SET second_factor_at = NULL"))
        session.connection().execute(text("DELETE FROM login_throttle"))
        session.commit()

    forget()
    another = person.post("/v1/account/passkeys/begin")
    assert (another.status_code, another.json()["code"]) == (401, "second_factor_required")
    options = person.post("/v1/session/passkey/begin").json()
    answer = {"credential": key.get(options)}
    assert person.post("/v1/session/verify-passkey", json=answer).status_code == 200
    assert person.post("/v1/session/verify-passkey", json=answer).status_code == 401
    key.count -= 2
    assert show(person, key).status_code == 401  # a copy: its counter is behind
    assert show(person, Authenticator()).status_code == 401
    assert show(person, Authenticator(origin="https://evil.example")).status_code == 401
    key.count += 2
    forget()
    options = person.post("/v1/session/passkey/begin").json()
    session.connection().execute(
        text("UPDATE login_session SET challenge_expires_at = now() - interval '1 second'")
    )
    session.commit()
    late = person.post("/v1/session/verify-passkey", json={"credential": key.get(options)})
    assert (late.status_code, late.json()["code"]) == (401, "attempt_failed")
    assert session.exec(select(LoginSession.second_factor_at)).one() is None
    session.rollback()

    stranger = people.joined(as_org(["buyer"]), "bakyt@example.kg")
    assert stranger.post("/v1/session/passkey/begin").status_code == 409
    (row,) = person.get("/v1/account/passkeys").json()["items"]
    assert show(person, key).status_code == 200
    assert stranger.post(f"/v1/account/passkeys/{row['id']}/remove").status_code == 404
    assert person.post(f"/v1/account/passkeys/{row['id']}/remove").status_code == 204
    assert person.get("/v1/session").json()["has_second_factor"] is False
