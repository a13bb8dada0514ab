"""Officers log in by OpenID providers: real ones, from packages."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import Session, select

from api.core import settings
from api.identity import oidc
from api.identity.models import FederatedIdentity, LoginSession, Person
from tests.identity import issuers, people

type AsOrg = Callable[..., Any]
EMAIL = "aigul@example.kg"


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    with issuers.plain() as url:
        yield url


@pytest.fixture(autouse=True)
def _reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Providers on this machine, without TLS; not by the name of the service itself."""
    networks = ip_network("127.0.0.0/8"), ip_network("::1/128")
    here = {"outbound_insecure": True, "outbound_networks": networks}
    changed = settings.get().model_copy(update=here)
    monkeypatch.setattr(settings, "get", lambda: changed)


@pytest.fixture(autouse=True)
def _no_cookies(client: Any) -> Iterator[None]:
    yield
    client.cookies.clear()


def trust(owner: Any, issuer: str, **changes: Any) -> Any:
    body = {
        "name": "Вход",
        "issuer": issuer,
        "client_id": "kerben",
        "client_secret": "a-secret-between-the-two-of-them",
        **changes,
    }
    return owner.post("/v1/identity-providers", json=body)


def go(client: Any, provider: str, return_to: str = "/portal") -> str:
    """Begin a login; the address at the provider."""
    answer = client.get(
        f"/auth/oidc/{provider}/log-in",
        params={"return_to": return_to},
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    where: str = answer.headers["location"]
    return where


def back(client: Any, url: str) -> Any:
    parts = urlsplit(url)
    return client.get(f"{parts.path}?{parts.query}", follow_redirects=False)


def test_api_14_an_officer_logs_in_by_the_organisations_provider(
    as_org: AsOrg, client: Any, session: Session, issuer: str
) -> None:
    owner, other = as_org(["buyer"]), as_org(["buyer"])
    people.add(owner, EMAIL)
    made = trust(owner, issuer, second_factor_amr=["otp"])
    assert made.status_code == 201, made.text
    assert "a-secret" not in made.text
    provider = made.json()["id"]
    offered = client.get("/auth/providers", params={"organisation_id": people.org_of(owner)})
    assert [each["id"] for each in offered.json()["items"]] == [provider]
    assert client.get("/auth/providers").json()["items"] == []

    url = go(client, provider)
    asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len(asked["state"]) >= 43
    assert asked["nonce"] != asked["state"]
    done = back(client, issuers.signed_in(url, "aigul"))

    assert (done.status_code, done.headers["location"]) == (303, "/portal"), done.text
    shown = client.get("/v1/session").json()
    assert (shown["email"], shown["org_id"]) == (EMAIL, people.org_of(owner))
    assert shown["second_factor_at"] is not None
    assert session.exec(select(LoginSession.confined)).one() is True
    assert session.exec(select(Person.password_hash)).one() is None

    # Again: the same person, known by the provider's name for them.
    client.cookies.clear()
    assert back(client, issuers.signed_in(go(client, provider), "aigul")).status_code == 303
    assert len(session.exec(select(FederatedIdentity)).all()) == 1

    # Another person with that address at the provider does not get the account.
    client.cookies.clear()
    taken = back(client, issuers.signed_in(go(client, provider), "other"))
    assert (taken.status_code, taken.json()["code"]) == (409, "account_exists")

    # Nobody has entered this one; and this address was not verified.
    people.add(owner, "doubtful@example.kg")
    for who in ("bakyt", "doubtful"):
        unknown = back(client, issuers.signed_in(go(client, provider), who))
        assert (unknown.status_code, unknown.json()["code"]) == (403, "account_unknown")

    # The provider of one organisation opens no door of another.
    theirs = trust(other, issuer).json()["id"]
    stranger = back(client, issuers.signed_in(go(client, theirs), "aigul"))
    assert (stranger.status_code, stranger.json()["code"]) == (403, "no_membership")
    assert len(session.exec(select(Person)).all()) == 1


def test_api_14_an_answer_that_was_not_asked_for_is_refused(
    as_org: AsOrg, client: Any, session: Session, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = as_org(["buyer"])
    people.add(owner, EMAIL)
    provider = trust(owner, issuer).json()["id"]
    answer = issuers.signed_in(go(client, provider), "aigul")

    cookie = client.cookies.get("kerben_oidc")
    client.cookies.clear()
    assert back(client, answer).status_code == 401  # another browser
    go(client, provider)
    assert back(client, answer).status_code == 401  # another login of this browser
    client.cookies.clear()
    client.cookies.set("kerben_oidc", cookie[:-4] + "AAAA", path="/auth/oidc")
    assert back(client, answer).status_code == 401  # an altered one
    client.cookies.clear()
    client.cookies.set("kerben_oidc", cookie, path="/auth/oidc")
    denied = client.get("/auth/oidc/callback", params={"state": "x", "error": "access_denied"})
    assert denied.status_code == 401

    for name, value in (("nonce", "another"), ("client_id", "somebody")):
        url = go(client, provider)
        told = issuers.signed_in(url.replace(f"{name}=", f"{name}={value}&old="), "aigul")
        assert back(client, told).status_code == 401, name
    with monkeypatch.context() as patch:
        patch.setattr(oidc, "ALGORITHMS", ["ES256"])
        assert back(client, issuers.signed_in(go(client, provider), "aigul")).status_code == 401
    assert session.exec(select(LoginSession)).all() == []

    for bad in ("//evil.example", "https://evil.example/", "/\\evil.example", "javascript:x"):
        refused = client.get(f"/auth/oidc/{provider}/log-in", params={"return_to": bad})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "not_a_portal")
    assert owner.post(f"/v1/identity-providers/{provider}/disable").status_code == 200
    gone = client.get(f"/auth/oidc/{provider}/log-in", follow_redirects=False)
    assert gone.status_code == 404


def test_only_the_operator_trusts_a_provider_for_everybody(
    as_org: AsOrg, client: Any, issuer: str
) -> None:
    buyer, operator = as_org(["buyer"]), as_org(["operator"])
    assert trust(buyer, issuer, installation=True).status_code == 403
    assert trust(buyer, "ftp://login.example.kg").status_code == 422
    silent = trust(buyer, "http://127.0.0.1:9").json()["id"]
    away = client.get(f"/auth/oidc/{silent}/log-in", follow_redirects=False)
    assert (away.status_code, away.json()["code"]) == (502, "provider_unavailable")
    provider = trust(operator, issuer, installation=True).json()["id"]
    assert buyer.post(f"/v1/identity-providers/{provider}/disable").status_code == 404
    people.add(buyer, "bakyt@example.kg")

    assert back(client, issuers.signed_in(go(client, provider), "bakyt")).status_code == 303

    assert client.get("/v1/session").json()["org_id"] == people.org_of(buyer)


def test_api_14_the_certified_provider_takes_our_pkce_and_refuses_another_verifier(
    as_org: AsOrg, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = as_org(["buyer"])
    people.add(owner, EMAIL)
    with issuers.certified() as url:
        provider = trust(owner, url).json()["id"]
        with monkeypatch.context() as patch:
            patch.setattr(oidc, "_challenge", lambda verifier: "x" * 43)
            wrong = back(client, issuers.signed_in(go(client, provider), "aigul"))
        assert wrong.status_code == 401
        answer = issuers.signed_in(go(client, provider), "aigul")
        assert "iss=" in answer
        mixed = back(client, answer.replace("iss=http", "iss=https"))
        assert mixed.status_code == 401

        assert back(client, answer).status_code == 303
        assert back(client, answer).status_code == 401
    assert client.get("/v1/session").json()["email"] == EMAIL
