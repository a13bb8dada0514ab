"""People who log in, through the API."""

import time
from dataclasses import dataclass, field
from typing import Any

import pyotp
from fastapi.testclient import TestClient

from api.core import ids

PASSWORD = "karagach-84-bulak-tash"


@dataclass
class Somebody:
    """A person with a session, sent as a bearer token."""

    client: TestClient
    token: str
    totp: pyotp.TOTP | None = None
    recovery_codes: list[str] = field(default_factory=list)

    def request(self, method: str, url: str, **kwargs: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **(kwargs.pop("headers", None) or {})}
        return self.client.request(method, url, headers=headers, **kwargs)

    def get(self, url: str, **kwargs: Any) -> Any:
        return self.request("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> Any:
        return self.request("POST", url, **kwargs)


def add(owner: Any, email: str, role: str = "procurement_officer") -> str:
    """A member of the owner's organisation who has not joined yet; its shown id."""
    body = {"name": "Айгүл Асанова", "email": email, "role": role}
    answer = owner.post("/v1/members", json=body)
    assert answer.status_code == 201, answer.text
    shown: str = answer.json()["id"]
    return shown


def invited(owner: Any, email: str, role: str = "procurement_officer") -> tuple[str, str]:
    """A member's shown id, and the token of its invitation."""
    member = add(owner, email, role)
    return member, owner.post(f"/v1/members/{member}/invite").json()["token"]


def joined(owner: Any, email: str, role: str = "procurement_officer") -> Somebody:
    """Somebody who has made an account by an invitation, and is logged in."""
    _, token = invited(owner, email, role)
    answer = owner.client.post("/auth/join", json={"token": token, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    owner.client.cookies.clear()
    return Somebody(owner.client, answer.json()["token"])


def with_app(person: Somebody) -> Somebody:
    """The same person, with an authenticator app whose first code was just shown."""
    made = person.post("/v1/account/totp")
    assert made.status_code == 201, made.text
    person.totp = pyotp.TOTP(made.json()["secret"])
    code = person.totp.at(time.time() - 30)
    confirmed = person.post("/v1/account/totp/confirm", json={"code": code})
    assert confirmed.status_code == 200, confirmed.text
    person.recovery_codes = confirmed.json()["recovery_codes"]
    return person


def org_of(actor: Any) -> str:
    """The shown id of an actor's organisation."""
    return ids.show("organisation", actor.org_id)
