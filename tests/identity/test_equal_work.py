"""SEC-04: who guesses learns nothing from how much work the answer was."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import argon2
import pytest
from sqlmodel import Session, select

from api.core import ids
from api.identity import credentials, passwords
from api.identity.models import Person
from tests.identity import people
from tests.tenancy import walls

type AsOrg = Callable[..., Any]
EMAIL, FEDERATED = "aigul@example.kg", "bakyt@example.kg"


def costs(client: Any, monkeypatch: pytest.MonkeyPatch, *requests: Any) -> list[tuple[Any, ...]]:
    """What answers each request, and the work done for it: statements, and hashes of each kind."""
    found = []
    for request in requests:
        work = Counter[str]()

        def counted(name: str, inner: Callable[..., Any], work: Counter[str] = work) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                work[name] += 1
                return inner(*args, **kwargs)

            return call

        with monkeypatch.context() as patch, walls.asked() as statements:
            passwords._nobody.cache_clear()  # a process that has yet to see its first login
            for name in ("hash_secret", "verify_secret"):
                inner = getattr(argon2._password_hasher, name)
                patch.setattr(argon2._password_hasher, name, counted(name, inner))
            patch.setattr(credentials, "hashed", counted("hmac", credentials.hashed))
            answer = request()
        body = {k: v for k, v in answer.json().items() if k != "request_id"}
        found.append((answer.status_code, body, work, [*statements]))
        client.cookies.clear()
    return found


def test_sec_04_an_unknown_account_or_key_is_told_in_the_same_words_and_by_as_much_work(
    as_org: AsOrg, client: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what is computed and asked of the database, which no clock of another load blurs."""
    owner, other = as_org(["buyer"]), as_org(["buyer"])
    people.joined(owner, EMAIL)
    without = people.joined(other, FEDERATED)
    person = session.exec(select(Person).where(Person.email == FEDERATED)).one()
    person.password_hash = None  # of a provider alone
    session.add(person)
    session.commit()
    emails = (EMAIL, "nobody@example.kg", FEDERATED)

    def log_in(email: str) -> Any:
        return client.post("/auth/login", json={"email": email, "password": "другой пароль"})

    logins = costs(
        client,
        monkeypatch,
        *(lambda email=email: log_in(email) for email in emails),
    )

    def asked(token: str) -> Any:
        return client.get("/v1/clients", headers={"Authorization": f"Bearer {token}"})

    scopes = {"name": "m", "kind": "oauth", "scopes": ["organisation:read"]}
    made = owner.post("/v1/clients", json=scopes).json()

    def bought(client_id: str, secret: str) -> Any:
        data = {"grant_type": "client_credentials", "client_id": client_id}
        return client.post("/oauth/token", data={**data, "client_secret": secret})

    fresh = credentials.new_secret().text
    key, secret = (_beside(each) for each in (owner.key, made["secret"]))
    nobody = ids.show("client", uuid4())
    for answers in (
        logins,
        costs(client, monkeypatch, *(lambda token=token: asked(token) for token in (fresh, key))),
        costs(
            client,
            monkeypatch,
            lambda: bought(nobody, fresh),
            lambda: bought(nobody, secret),
            lambda: bought(made["id"], fresh),
            lambda: bought(made["id"], secret),
        ),
        costs(
            client,
            monkeypatch,
            *(
                lambda t=t: asked(t)
                for t in (credentials.new_secret("kgs").text, _beside(without.token))
            ),
        ),
    ):
        first, *others = answers
        assert first[0] == 401, first
        assert [each for each in others if each != first] == []
    assert logins[0][2]["verify_secret"] == 1
    assert all(work["hmac"] for _, _, work, _ in logins)


def _beside(secret: str) -> str:
    """Another well-formed secret, found by the same prefix."""
    head, _, body = secret.rpartition("_")
    random = body[: credentials.PREFIX_LENGTH] + "a" * credentials.SECRET_LENGTH
    return f"{head}_{random}{credentials._check(random)}"
