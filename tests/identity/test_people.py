"""People log in: invitations, passwords, sessions, second factors by code."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session, select

from api.core import settings
from api.core.audit import AuditEntry
from api.identity import passwords
from api.identity.models import LoginThrottle, Passkey, Person
from api.rules.logins import FREE_OF_BOTH, LONGEST_WAIT, wait_after
from tests.identity import people
from tests.identity.people import PASSWORD

type AsOrg = Callable[..., Any]
EMAIL = "aigul@example.kg"


@pytest.fixture(autouse=True)
def _no_cookies(client: Any) -> Iterator[None]:
    yield
    client.cookies.clear()


def log_in(client: Any, email: str = EMAIL, password: str = PASSWORD, **body: Any) -> Any:
    answer = client.post("/auth/login", json={"email": email, "password": password, **body})
    client.cookies.clear()
    return answer


@given(st.integers(0, 300), st.integers(1, 100))
def test_each_failure_makes_the_wait_longer_and_never_endless(failures: int, free: int) -> None:
    wait = wait_after(failures, free)
    assert (wait.total_seconds() == 0) is (failures < free)
    assert wait <= wait_after(failures + 1, free) <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("short-8x!", False),
        ("password1234", False),
        ("qwertyuiop12", False),
        ("aigul@example.kg", False),
        ("aaaaaaaaaaaaaaaa", False),
        ("x" * 129, False),
        (PASSWORD, True),
        ("жашыл-тоолордун-ыры", True),
    ],
)
def test_sec_23_what_is_guessed_first_is_no_password(password: str, good: bool) -> None:
    assert (passwords.weakness(password, EMAIL) is None) is good


def test_sec_23_a_password_is_kept_as_argon2id_and_nobody_is_told_who_has_an_account(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    people.joined(as_org(["buyer"]), EMAIL)
    stored = session.exec(select(Person.password_hash)).one()
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,")

    wrong, unknown = log_in(client, password="другой пароль"), log_in(client, "nobody@example.kg")

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert {k: v for k, v in wrong.json().items() if k != "request_id"} == {
        k: v for k, v in unknown.json().items() if k != "request_id"
    }
    assert wrong.json()["code"] == "attempt_failed"


def test_sec_23_failures_of_an_account_from_an_address_make_it_wait(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    people.joined(as_org(["buyer"]), EMAIL)
    statuses = [log_in(client, password="wrong").status_code for _ in range(FREE_OF_BOTH + 1)]
    assert statuses == [401] * FREE_OF_BOTH + [429]

    refused = log_in(client)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["retry-after"]) <= 31
    assert log_in(client, "nobody@example.kg").status_code == 401

    session.connection().execute(
        text("UPDATE login_throttle SET last_failed_at = last_failed_at - interval '31 seconds'")
    )
    session.commit()
    assert log_in(client).status_code == 200
    counts = session.exec(select(LoginThrottle.failures)).all()
    assert sorted(counts) == [1, 1, FREE_OF_BOTH + 1]  # of the other account, and of the address


def test_an_invitation_is_good_once_and_only_with_a_good_password(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    owner = as_org(["buyer"])
    member, token = people.invited(owner, EMAIL)
    void, token = token, owner.post(f"/v1/members/{member}/invite").json()["token"]

    weak = client.post("/auth/join", json={"token": token, "password": "password1234"})
    assert (weak.status_code, weak.json()["errors"][0]["code"]) == (422, "weak_password")
    assert session.exec(select(Person)).all() == []
    body = {"token": token, "password": PASSWORD}
    assert client.post("/auth/join", json={**body, "token": void}).status_code == 401
    assert client.post("/auth/reset-password", json=body).status_code == 401

    first, second = client.post("/auth/join", json=body), client.post("/auth/join", json=body)

    assert (first.status_code, second.status_code) == (201, 401)
    (shown,) = owner.get("/v1/members").json()["items"]
    assert shown["person_id"] is not None
    assert owner.post(f"/v1/members/{member}/invite").status_code == 409


def test_who_has_an_account_joins_with_it_and_acts_for_one_organisation_at_a_time(
    as_org: AsOrg, client: Any
) -> None:
    first, second, third = as_org(["buyer"]), as_org(["supplier"]), as_org(["buyer"])
    person = people.joined(first, EMAIL)
    member, token = people.invited(second, EMAIL, "owner")
    taken = client.post("/auth/join", json={"token": token, "password": PASSWORD})
    assert (taken.status_code, taken.json()["code"]) == (409, "account_exists")

    once = {"Idempotency-Key": "join-and-switch"}
    joined = person.post("/v1/account/join", json={"token": token}, headers=once)
    again = person.post("/v1/account/join", json={"token": token}, headers=once)
    assert (joined.status_code, again.json()) == (200, joined.json())

    assert "tenders:write" in person.get("/v1/session").json()["scopes"]
    switched = person.post(
        "/v1/session/switch", json={"organisation_id": people.org_of(second)}, headers=once
    )
    assert switched.status_code == 200, switched.text
    shown = person.get("/v1/session").json()
    assert (shown["org_id"], shown["role"]) == (people.org_of(second), "owner")
    assert [each["org_id"] for each in shown["memberships"]] == [
        people.org_of(first),
        people.org_of(second),
    ]
    assert "tenders:write" not in shown["scopes"]
    stranger = person.post("/v1/session/switch", json={"organisation_id": people.org_of(third)})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "no_membership")
    there = log_in(client, organisation_id=people.org_of(second))
    assert there.status_code == 200
    refused = second.post(f"/v1/members/{member}/reset-password", json={}).json()["token"]
    answer = client.post("/auth/reset-password", json={"token": refused, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (409, "acts_elsewhere")


def test_a_reset_ends_every_session_and_second_factors_only_when_asked(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    owner = as_org(["buyer"])
    member, token = people.invited(owner, EMAIL)
    joined = client.post("/auth/join", json={"token": token, "password": PASSWORD}).json()
    client.cookies.clear()
    person = people.with_app(people.Somebody(client, joined["token"]))
    url = f"/v1/members/{member}/reset-password"
    new = "зымырык-кушун-издейм-7"

    for clears in (False, True):
        leave = owner.post(url, json={"clears_second_factors": clears}).json()["token"]
        body = {"token": leave, "password": new}
        assert client.post("/auth/reset-password", json=body).status_code == 204
        assert client.post("/auth/reset-password", json=body).status_code == 401
        assert person.get("/v1/session").status_code == 401
        assert log_in(client).status_code == 401
        again = log_in(client, password=new)
        assert again.json()["has_second_factor"] is not clears
    stranger = as_org(["buyer"])
    assert stranger.post(url, json={}).status_code == 404
    assert session.exec(select(Passkey)).all() == []


def test_sec_25_a_browser_needs_the_csrf_token_and_scripts_never_see_the_session(
    as_org: AsOrg, client: Any
) -> None:
    people.joined(as_org(["buyer"]), EMAIL)
    answer = client.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
    flags = answer.headers["set-cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=lax" in flags
    assert answer.headers["cache-control"] == "no-store"

    shown = client.get("/v1/session").json()
    assert shown["csrf_token"] == answer.json()["csrf_token"]
    bare = client.post("/v1/sessions/revoke-others")
    other = client.post("/v1/sessions/revoke-others", headers={"X-CSRF-Token": "x" * 43})
    assert {bare.json()["code"], other.json()["code"]} == {"csrf_token_wrong"}
    headers = {"X-CSRF-Token": shown["csrf_token"]}
    assert client.post("/v1/sessions/revoke-others", headers=headers).json() == {"ended": 1}
    assert client.post("/v1/session/log-out", headers=headers).status_code == 204
    client.cookies.set("kerben_session", answer.json()["token"])
    assert client.get("/v1/session").status_code == 401


def test_sec_25_a_session_ends_at_the_next_request_whoever_ends_it(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    owner, stranger = as_org(["buyer"]), as_org(["buyer"])
    boss = people.joined(owner, "boss@example.kg", "owner")
    person = people.joined(owner, EMAIL)
    member = owner.get("/v1/members").json()["items"][1]["id"]

    def fresh() -> people.Somebody:
        return people.Somebody(client, log_in(client).json()["token"])

    one, two = fresh(), fresh()
    listed = one.get("/v1/sessions").json()["items"]
    assert len(listed) == 3
    own = two.post(f"/v1/sessions/{listed[1]['id']}/revoke")
    foreign = boss.post(f"/v1/sessions/{listed[0]['id']}/revoke")
    assert (own.status_code, foreign.status_code) == (200, 404)
    assert [each.get("/v1/session").status_code for each in (person, one, two)] == [200, 401, 200]

    assert stranger.post(f"/v1/members/{member}/end-sessions").status_code == 404
    assert two.get("/v1/session").status_code == 200
    assert owner.post(f"/v1/members/{member}/end-sessions").json() == {"ended": 2}
    assert {each.get("/v1/session").status_code for each in (person, one, two)} == {401}

    role = {"role": "auditor"}
    now = fresh()
    assert now.post("/v1/tenders", json={}).status_code == 422
    assert boss.post(f"/v1/members/{member}/change-role", json=role).json()["role"] == "auditor"
    assert now.post("/v1/tenders", json={}).status_code in (403, 422)
    assert "tenders:write" not in now.get("/v1/session").json()["scopes"]
    assert boss.post(f"/v1/members/{member}/remove").status_code == 200
    assert now.get("/v1/session").status_code == 401
    assert log_in(client).json()["code"] == "no_membership"
    last = owner.get("/v1/members").json()["items"][0]["id"]
    assert owner.post(f"/v1/members/{last}/remove").status_code == 409
    for column in ("expires_at", "last_used_at"):
        session.connection().execute(
            text(f"UPDATE login_session SET {column} = {column} - interval '13 hours'")
        )
        session.commit()
        assert boss.get("/v1/session").status_code == 401
        session.connection().execute(
            text(f"UPDATE login_session SET {column} = {column} + interval '13 hours'")
        )
        session.commit()
        assert boss.get("/v1/session").status_code == 200


def test_a_code_is_good_once_and_a_recovery_code_stands_in_for_it(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    person = people.joined(as_org(["buyer"]), EMAIL)
    thief = people.Somebody(client, log_in(client).json()["token"])
    assert person.post("/v1/account/totp/confirm", json={"code": "0"}).status_code == 409
    people.with_app(person)
    assert person.totp is not None
    assert person.totp.secret not in str(session.exec(select(Person.totp_secret)).one())
    assert person.get("/v1/session").json()["second_factor_at"] is not None

    def shows(who: people.Somebody, code: str) -> int:
        status: int = who.post("/v1/session/verify-code", json={"code": code}).status_code
        return status

    code = person.totp.now()
    assert [shows(thief, "000000x"), shows(thief, code), shows(thief, code)] == [401, 200, 401]
    backup = person.recovery_codes
    assert len(set(backup)) == 10
    assert [shows(thief, backup[0]), shows(thief, backup[0]), shows(thief, backup[1].upper())] == [
        200,
        401,
        200,
    ]
    assert [shows(person, "wrong") for _ in range(FREE_OF_BOTH + 1)][-1] == 429
    entries = session.exec(
        select(AuditEntry.action).where(AuditEntry.stream.like("person:%"))
    ).all()  # type: ignore[attr-defined]
    assert entries.count("use_recovery_code") == 2
    assert "add_second_factor" in entries

    session.connection().execute(text("UPDATE login_session SET second_factor_at = NULL"))
    session.connection().execute(text("DELETE FROM login_throttle"))
    session.commit()
    for act in ("totp/remove", "recovery-codes"):
        stale = person.post(f"/v1/account/{act}")
        assert (stale.status_code, stale.json()["code"]) == (401, "second_factor_required")
    assert shows(person, backup[2]) == 200
    assert person.post("/v1/account/totp/remove").status_code == 204
    assert person.get("/v1/session").json()["has_second_factor"] is False


def test_a_program_has_no_account(as_org: AsOrg) -> None:
    refused = as_org(["buyer"]).get("/v1/session")
    assert (refused.status_code, refused.json()["code"]) == (403, "person_required")


def once() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex, "If-Match": "*"}


def test_api_14_bid_03_who_opens_or_awards_is_a_person_with_a_fresh_second_factor(
    as_org: AsOrg, client: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = as_org(["buyer"])
    person = people.joined(owner, EMAIL)
    award = "/v1/awards/award_019abf2e8c1d7c3fa9b04b4c6f0d2e11/approve"
    key = {"name": "Асанова", "role": "opener", "recipient": "x"}
    reason = {"reason": "лучшая цена"}

    for who in (award, "/v1/opener-keys"):
        stale = person.post(who, json=reason if who == award else key, headers=once())
        assert (stale.status_code, stale.json()["code"]) in (
            (401, "second_factor_required"),
            (422, "invalid"),
        )
    refused = person.post(award, json=reason, headers=once())
    assert refused.json()["code"] == "second_factor_required"
    assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
    assert person.get("/v1/opener-keys").status_code == 200

    people.with_app(person)
    assert person.post(award, json=reason, headers=once()).status_code == 404
    session.connection().execute(
        text("UPDATE login_session SET second_factor_at = now() - interval '16 minutes'")
    )
    session.commit()
    assert (
        person.post(award, json=reason, headers=once()).json()["code"] == "second_factor_required"
    )

    assert owner.post(award, json=reason, headers=once()).status_code == 404
    monkeypatch.setattr(settings.get(), "machine_decisions", False)
    machine = owner.post(award, json=reason, headers=once())
    assert (machine.status_code, machine.json()["code"]) == (403, "person_required")
    assert owner.get("/v1/opener-keys").status_code == 200


def test_machines_decide_in_production_only_where_the_installation_says_so() -> None:
    known = {"environment": "production"}
    config = settings.get().model_copy(update=known)
    assert config.machines_decide is False
    assert config.model_copy(update={"machine_decisions": True}).machines_decide is True
    assert settings.get().machines_decide is True
