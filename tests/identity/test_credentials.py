from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from api.identity import credentials

type AsOrg = Callable[..., Any]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def make(actor: Any, **changes: Any) -> Any:
    body = {"name": "portal", "scopes": ["organisation:read"], **changes}
    return actor.post("/v1/clients", json=body)


@given(st.text(max_size=80))
def test_no_text_passes_for_a_key_by_accident(text: str) -> None:
    assert credentials.prefix_of(text) is None


def test_api_13_a_mistyped_key_is_told_by_its_checksum() -> None:
    key = credentials.new_secret().text
    assert credentials.prefix_of(key) is not None
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    assert credentials.prefix_of(wrong) is None


@pytest.mark.parametrize("token", ["", "x", "kgp_test_" + "a" * 36, "eyJhbGciOiJub25lIn0.e30."])
def test_wrong_credentials_get_401_with_a_problem(client: Any, token: str) -> None:
    refused = client.get("/v1/organisations/me", headers=bearer(token) if token else {})
    assert refused.status_code == 401
    assert refused.json()["code"] == "unauthorized"
    assert refused.json()["request_id"] == refused.headers["request-id"]


def test_api_13_the_secret_is_shown_once_and_kept_nowhere(as_org: AsOrg, session: Session) -> None:
    actor = as_org(["supplier"])
    made = make(actor, name="portal")
    secret = made.json()["secret"]

    assert made.headers["cache-control"] == "no-store"
    assert secret not in actor.get("/v1/clients").text
    tables = session.connection().scalars(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    )
    for table in list(tables):
        rows = session.connection().scalars(text(f'SELECT t::text FROM "{table}" t'))
        assert not any(secret in row for row in rows), table
    (prefix, stored) = (
        session.connection()
        .execute(text("SELECT prefix, secret_hash FROM api_client WHERE name = 'portal'"))
        .one()
    )
    assert prefix == credentials.prefix_of(secret)
    assert stored == credentials.hashed(secret), "an HMAC under the installation's key"


def test_a_repeated_creation_makes_one_key_and_does_not_repeat_the_secret(as_org: AsOrg) -> None:
    actor = as_org(["supplier"])
    key = {"Idempotency-Key": "first"}
    body = {"name": "portal", "scopes": ["organisation:read"]}

    assert actor.post("/v1/clients", json=body, headers=key).status_code == 201
    again = actor.post("/v1/clients", json=body, headers=key)

    assert (again.status_code, again.json()["code"]) == (409, "secret_shown_once")
    assert len(actor.get("/v1/clients").json()["items"]) == 2


def test_a_key_acts_only_within_its_scopes(as_org: AsOrg, client: Any) -> None:
    key = make(as_org(["supplier"])).json()["secret"]

    assert client.get("/v1/organisations/me", headers=bearer(key)).status_code == 200
    refused = client.post("/v1/members", headers=bearer(key), json={})
    assert refused.status_code in (403, 422)
    assert client.get("/v1/clients", headers=bearer(key)).json()["code"] == "forbidden"


def test_api_13_nobody_grants_scopes_beyond_their_own(as_org: AsOrg) -> None:
    actor = as_org(["supplier"])
    refused = make(actor, scopes=["organisations:admin"])

    assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_yours")
    assert len(actor.get("/v1/clients").json()["items"]) == 1


def test_api_13_rotation_keeps_the_old_key_for_the_overlap_and_no_longer(
    as_org: AsOrg, client: Any
) -> None:
    actor = as_org(["supplier"])
    old = make(actor).json()

    new = actor.post(f"/v1/clients/{old['id']}/rotate", json={"overlap_hours": 24}).json()
    for secret in (old["secret"], new["secret"]):
        assert client.get("/v1/organisations/me", headers=bearer(secret)).status_code == 200
    newest = actor.post(f"/v1/clients/{new['id']}/rotate", json={"overlap_hours": 0}).json()

    statuses = [
        client.get("/v1/organisations/me", headers=bearer(made["secret"])).status_code
        for made in (old, new, newest)
    ]
    assert statuses == [200, 401, 200]


def test_sec_25_a_revoked_key_is_dead_in_the_next_request(as_org: AsOrg, client: Any) -> None:
    actor = as_org(["supplier"])
    made = make(actor).json()
    assert actor.post(f"/v1/clients/{made['id']}/revoke").status_code == 200

    assert client.get("/v1/organisations/me", headers=bearer(made["secret"])).status_code == 401


def test_a_stranger_cannot_see_rotate_or_revoke_a_key(as_org: AsOrg, client: Any) -> None:
    owner, stranger = as_org(["supplier"]), as_org(["supplier"])
    made = make(owner).json()

    assert made["id"] not in stranger.get("/v1/clients").text
    assert stranger.post(f"/v1/clients/{made['id']}/revoke").status_code == 404
    assert stranger.post(f"/v1/clients/{made['id']}/rotate", json={}).status_code == 404
    assert client.get("/v1/organisations/me", headers=bearer(made["secret"])).status_code == 200


def test_api_13_an_oauth_client_buys_a_short_token_with_fewer_scopes(
    as_org: AsOrg, client: Any
) -> None:
    actor = as_org(["supplier"])
    made = make(actor, kind="oauth", scopes=["organisation:read", "clients:read"]).json()
    form = {
        "grant_type": "client_credentials",
        "client_id": made["id"],
        "client_secret": made["secret"],
        "scope": "organisation:read",
    }

    bought = client.post("/oauth/token", data=form)

    assert bought.status_code == 200, bought.text
    token = bought.json()["access_token"]
    assert (bought.json()["scope"], bought.json()["expires_in"]) == ("organisation:read", 600)
    assert client.get("/v1/organisations/me", headers=bearer(token)).status_code == 200
    assert client.get("/v1/clients", headers=bearer(token)).status_code == 403
    assert client.get("/v1/organisations/me", headers=bearer(token[:-4])).status_code == 401
    assert client.get("/v1/organisations/me", headers=bearer(made["secret"])).status_code == 401
    wrong = client.post("/oauth/token", data={**form, "client_secret": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "unauthorized")


def test_sec_25_a_token_dies_with_its_client(as_org: AsOrg, client: Any) -> None:
    actor = as_org(["supplier"])
    made = make(actor, kind="oauth").json()
    form = {
        "grant_type": "client_credentials",
        "client_id": made["id"],
        "client_secret": made["secret"],
    }
    token = client.post("/oauth/token", data=form).json()["access_token"]
    actor.post(f"/v1/clients/{made['id']}/revoke")

    assert client.get("/v1/organisations/me", headers=bearer(token)).status_code == 401
