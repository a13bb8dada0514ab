"""Programs prove themselves: from where, by which keys, and how often with one assertion."""

import base64
import json
import time
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey
from pydantic import SecretStr
from sqlmodel import Session, select

from api.core import settings
from api.identity import credentials
from api.identity.models import ApiClient, ClientAssertion

type AsOrg = Callable[..., Any]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = OKPKey.generate_key("Ed25519", {"kid": "2027-01"})
OTHER = ECKey.generate_key("P-256", {"kid": "2027-02"})


def public(*keys: Any) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def made(actor: Any, **changes: Any) -> Any:
    body = {"name": "ERP", "scopes": ["organisation:read"], **changes}
    return actor.post("/v1/clients", json=body)


def claims(client_id: str, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {"iss": client_id, "sub": client_id, "aud": settings.get().base_url}
    return {**base, "iat": now, "exp": now + 60, "jti": f"jti-{time.monotonic_ns()}", **changes}


def signed(said: dict[str, Any], key: Any = KEY, alg: str = "EdDSA", **header: Any) -> str:
    return jwt.encode({"alg": alg, "kid": key.kid, **header}, said, key, algorithms=[alg])


def unsigned(said: dict[str, Any]) -> str:
    parts = [json.dumps(each).encode() for each in ({"alg": "none", "kid": KEY.kid}, said)]
    return ".".join([*(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts), ""])


def buy(client: Any, assertion: str, **form: Any) -> Any:
    data = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion,
        **form,
    }
    return client.post("/oauth/token", data=data)


def me(client: Any, token: str) -> Any:
    return client.get("/v1/organisations/me", headers={"Authorization": f"Bearer {token}"})


def test_api_13_a_client_with_keys_buys_tokens_by_assertions_each_good_once(
    as_org: AsOrg, client: Any, session: Session
) -> None:
    actor = as_org(["supplier"])
    answer = made(actor, kind="oauth", jwks=public(KEY))
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert shown["secret"] is None
    assert shown["token_endpoint_auth_method"] == "private_key_jwt"
    name = shown["id"]
    assertion = signed(claims(name))

    bought = buy(client, assertion)
    assert bought.status_code == 200, bought.text
    assert me(client, bought.json()["access_token"]).status_code == 200
    assert buy(client, assertion).status_code == 401
    assert buy(
        client, signed(claims(name, aud=[f"{settings.get().base_url}/oauth/token"]))
    ).is_success

    now = int(time.time())
    refused = {
        "audience": claims(name, aud="https://other.example"),
        "expired": claims(name, exp=now - 60),
        "endless": claims(name, exp=now + 3600),
        "issuer": claims(name, iss="client_019abf2e8c1d7c3fa9b04b4c6f0d2e11"),
        "subject": claims("client_019abf2e8c1d7c3fa9b04b4c6f0d2e11"),
        "no jti": {k: v for k, v in claims(name).items() if k != "jti"},
        "no exp": {k: v for k, v in claims(name).items() if k != "exp"},
    }
    for why, said in refused.items():
        assert buy(client, signed(said)).status_code == 401, why
    assert buy(client, signed(claims(name), OTHER, "ES256")).status_code == 401
    assert buy(client, signed(claims(name), alg="Ed25519")).status_code == 200
    assert buy(client, signed(claims(name)), client_id=f"client_{'0' * 32}").status_code == 401
    secret = OctKey.import_key(KEY.as_dict(private=False)["x"], {"kid": KEY.kid})
    for forged in (
        signed(claims(name), secret, "HS256"),
        unsigned(claims(name)),
        "x",
        "a.b.c",
    ):
        assert buy(client, forged).status_code == 401
    assert len(session.exec(select(ClientAssertion)).all()) == 3

    # Both keys while the new one is being rolled out; then the new one alone.
    url = f"/v1/clients/{name}/set-keys"
    assert actor.post(url, json={"jwks": public(KEY, OTHER)}).status_code == 200
    for key, alg in ((KEY, "EdDSA"), (OTHER, "ES256")):
        assert buy(client, signed(claims(name), key, alg)).status_code == 200
    assert actor.post(url, json={"jwks": public(OTHER)}).status_code == 200
    assert buy(client, signed(claims(name))).status_code == 401
    assert as_org(["supplier"]).post(url, json={"jwks": public(KEY)}).status_code == 404
    assert actor.post(f"/v1/clients/{name}/revoke").status_code == 200
    assert buy(client, signed(claims(name), OTHER, "ES256")).status_code == 401
    assert me(client, bought.json()["access_token"]).status_code == 401


def test_api_13_of_two_at_once_with_one_assertion_one_gets_a_token(
    as_org: AsOrg, client: Any
) -> None:
    name = made(as_org(["supplier"]), kind="oauth", jwks=public(KEY)).json()["id"]
    assertion, start, statuses = signed(claims(name)), Barrier(2), list[int]()

    def ask() -> None:
        start.wait()
        statuses.append(buy(client, assertion).status_code)

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, 401]


@pytest.mark.parametrize(
    "changes",
    [
        {"jwks": public(KEY)},
        {"kind": "oauth", "jwks": {"keys": []}},
        {"kind": "oauth", "jwks": {"keys": [KEY.as_dict(private=True)]}},
        {"kind": "oauth", "jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "1"}]}},
        {"kind": "oauth", "jwks": {"x": 1}},
        {"kind": "oauth", "jwks": {"keys": [{**public(KEY)["keys"][0], "kid": ""}]}},
        {"allowed_cidrs": ["203.0.113.5/24"]},
        {"allowed_cidrs": ["x"]},
    ],
)
def test_api_13_keys_that_prove_nothing_and_networks_that_are_none_are_refused(
    as_org: AsOrg, session: Session, changes: dict[str, Any]
) -> None:
    refused = made(as_org(["supplier"]), **changes)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert len(session.exec(select(ApiClient)).all()) == 1


def test_api_13_credentials_are_good_only_from_their_networks_and_so_is_their_successor(
    as_org: AsOrg, application: TestClient, client: Any
) -> None:
    actor = as_org(["supplier"])
    cidrs = ["203.0.113.0/24", "2001:db8::/32"]
    key = made(actor, allowed_cidrs=cidrs).json()
    oauth = made(actor, kind="oauth", allowed_cidrs=cidrs).json()
    assert key["allowed_cidrs"] == cidrs
    form = {
        "grant_type": "client_credentials",
        "client_id": oauth["id"],
        "client_secret": oauth["secret"],
    }
    places = {
        "203.0.113.9": 200,
        "::ffff:203.0.113.9": 200,
        "2001:db8::1": 200,
        "198.51.100.9": 403,
        "testclient": 403,
    }
    clients = {ip: TestClient(application.app, client=(ip, 5000)) for ip in places}
    for ip, status in places.items():
        answer = me(clients[ip], key["secret"])
        assert answer.status_code == status, ip
        if status == 403:
            assert answer.json()["code"] == "address_not_allowed"
        assert clients[ip].post("/oauth/token", data=form).status_code == status, ip
    token = clients["203.0.113.9"].post("/oauth/token", data=form).json()["access_token"]
    assert me(clients["203.0.113.9"], token).status_code == 200
    assert me(clients["198.51.100.9"], token).status_code == 403
    new = actor.post(f"/v1/clients/{key['id']}/rotate", json={}).json()
    assert me(clients["198.51.100.9"], new["secret"]).status_code == 403
    assert me(clients["203.0.113.9"], new["secret"]).status_code == 200


def test_api_13_the_last_use_is_noted_once_a_minute(as_org: AsOrg, session: Session) -> None:
    actor = as_org(["supplier"])
    uses = set()
    for _ in range(3):
        assert actor.get("/v1/organisations/me").status_code == 200
        session.rollback()
        uses.add(session.exec(select(ApiClient.last_used_at)).one())
    assert len(uses) == 1
    assert None not in uses


def test_api_14_access_tokens_name_their_key_and_outlive_its_successor(
    as_org: AsOrg, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = made(as_org(["supplier"]), kind="oauth").json()
    form = {
        "grant_type": "client_credentials",
        "client_id": shown["id"],
        "client_secret": shown["secret"],
    }
    first, second = SecretStr("a" * 40), SecretStr("b" * 40)

    def token() -> str:
        text: str = client.post("/oauth/token", data=form).json()["access_token"]
        return text

    monkeypatch.setattr(settings.get(), "token_keys", [first])
    old = token()
    monkeypatch.setattr(settings.get(), "token_keys", [second, first])
    new = token()
    assert [me(client, each).status_code for each in (old, new)] == [200, 200]
    monkeypatch.setattr(settings.get(), "token_keys", [second])
    assert [me(client, each).status_code for each in (old, new)] == [401, 200]

    key = credentials._token_keys()[0]
    said = jwt.decode(new, KeySet([key]), algorithms=["HS256"])
    assert said.header["kid"] == key.kid
    assert 300 <= said.claims["exp"] - said.claims["iat"] <= 900
    assert me(client, unsigned(said.claims)).status_code == 401
    longer = jwt.encode({"alg": "HS512"}, said.claims, key, algorithms=["HS512"])
    assert me(client, longer).status_code == 401
