"""Bids are opened and an award is decided by people who log in; machines are refused."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pyotp
import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from api.core import settings
from api.core.audit import AuditEntry
from api.identity.models import Member
from tests.identity import people
from tests.identity.authenticator import Authenticator
from tests.identity.people import PASSWORD
from tests.procurement import bidding, samples
from tests.procurement.bidding import Opener

type AsOrg = Callable[..., Any]
AIGUL, BAKYT = "aigul@example.kg", "bakyt@example.kg"


@pytest.fixture(autouse=True)
def _no_cookies(client: Any) -> Iterator[None]:
    yield
    client.cookies.clear()


@dataclass
class Officer(people.Somebody):
    """A person whose program sends a key with each act and takes any version."""

    def request(self, method: str, url: str, **kwargs: Any) -> Any:
        sent = {"Idempotency-Key": uuid4().hex, "If-Match": "*", **(kwargs.pop("headers", {}))}
        return super().request(method, url, headers=sent, **kwargs)


def logged_in(buyer: Any, email: str) -> Officer:
    """A new session of somebody who has joined, begun by the password alone."""
    body = {"email": email, "password": PASSWORD}
    answer = buyer.client.post("/auth/login", json=body)
    buyer.client.cookies.clear()
    assert answer.status_code == 200, answer.text
    return Officer(buyer.client, answer.json()["token"])


def with_passkey(person: people.Somebody) -> Authenticator:
    key = Authenticator()
    options = person.post("/v1/account/passkeys/begin").json()
    body = {"name": "Ключ", "credential": key.create(options)}
    assert person.post("/v1/account/passkeys", json=body).status_code == 201
    return key


def show_passkey(person: Officer, key: Authenticator) -> None:
    options = person.post("/v1/session/passkey/begin").json()
    answer = person.post("/v1/session/verify-passkey", json={"credential": key.get(options)})
    assert answer.status_code == 200, answer.text


def forget_second_factors(session: Session) -> None:
    """Sixteen minutes pass for every session."""
    past = "now() - interval '16 minutes'"
    session.connection().execute(text(f"UPDATE login_session SET second_factor_at = {past}"))
    session.commit()


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


STALE, MACHINE = (401, "second_factor_required"), (403, "person_required")


def test_bid_03_people_open_bids_and_decide_the_award_with_a_code_and_a_passkey(
    as_org: AsOrg, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    auditor = bidding.openers(as_org, buyer, 0)[0]
    monkeypatch.setattr(settings.get(), "machine_decisions", False)
    joined = people.with_app(people.joined(buyer, AIGUL))
    key = with_passkey(people.joined(buyer, BAKYT))
    aigul, bakyt = logged_in(buyer, AIGUL), logged_in(buyer, BAKYT)
    assert joined.totp is not None
    aigul.post("/v1/session/verify-code", json={"code": joined.totp.now()})
    show_passkey(bakyt, key)

    holders = []
    for name, who in (("Aigul", aigul), ("Bakyt", bakyt)):
        opener = Opener(who, "opener", name)  # type: ignore[arg-type]
        body = {"name": name, "role": "opener", "recipient": opener.identity.recipient}
        assert refused(buyer.post("/v1/opener-keys", json=body)) == MACHINE
        assert who.post("/v1/opener-keys", json=body).status_code == 201
        holders.append(opener)
    made = bidding.published(as_org, buyer, holders=[*holders, auditor])
    bidding.submit(made, supplier)
    bidding.pass_deadline(made)
    forget_second_factors(session)

    url, body = f"/v1/tenders/{made.id}/openings", {"envelope": "price"}
    assert refused(buyer.post(url, json=body)) == MACHINE
    asked = aigul.post(url, json=body)
    assert refused(asked) == STALE
    assert 'max_age="900"' in asked.headers["www-authenticate"]
    assert session.connection().scalar(text("SELECT count(*) FROM bid_opening")) == 0
    session.rollback()
    code = pyotp.TOTP(joined.totp.secret).at(time.time() + 30)
    shown = aigul.post("/v1/session/verify-code", json={"code": code})
    assert shown.status_code == 200, shown.text
    begun = aigul.post(url, json=body)
    assert begun.status_code == 201, begun.text
    at = f"/v1/openings/{begun.json()['id']}/shares"
    first, second = (bidding.share(made, begun.json(), each) for each in holders)
    assert aigul.post(at, json=first).status_code == 201
    assert refused(bakyt.post(at, json=second)) == STALE
    show_passkey(bakyt, key)
    assert bakyt.post(at, json=second).status_code == 201
    bidding.open_ready(begun.json())

    lot = made.tender["lots"][0]["id"]
    draft = aigul.post(f"/v1/tenders/{made.id}/lots/{lot}/evaluations")
    assert draft.status_code == 201, draft.text
    done = bakyt.post(f"/v1/evaluations/{draft.json()['id']}/complete")
    assert done.status_code == 200, done.text
    forget_second_factors(session)
    proposal = {"lot_id": lot, "reason": "Наименьшая цена"}
    awards, decision = f"/v1/tenders/{made.id}/awards", {"reason": "Решение комиссии"}
    assert refused(aigul.post(awards, json=proposal)) == STALE
    assert refused(buyer.post(awards, json=proposal)) == MACHINE
    used = aigul.post("/v1/session/verify-code", json={"code": joined.recovery_codes[0]})
    assert used.status_code == 200, used.text
    award = aigul.post(awards, json=proposal)
    assert award.status_code == 201, award.text
    approve = f"/v1/awards/{award.json()['id']}/approve"
    assert refused(bakyt.post(approve, json=decision)) == STALE
    assert refused(buyer.post(approve, json=decision)) == MACHINE
    show_passkey(bakyt, key)
    decided = bakyt.post(approve, json=decision)
    assert decided.status_code == 200, decided.text

    members = session.exec(select(Member.email, Member.person_id)).all()
    actor = {email: f"person:{person.hex}" for email, person in members if person}
    entries = session.exec(select(AuditEntry)).all()
    did = {(e.stream.partition(":")[0], e.action, e.actor): e.org_id for e in entries}
    named = {(kind, who): org for (kind, _, who), org in did.items()}
    for email in (AIGUL, BAKYT):
        assert named["award", actor[email]] == buyer.org_id
    assert {who for kind, who in named if kind == "award"} == {actor[AIGUL], actor[BAKYT]}


def test_one_person_in_two_organisations_holds_one_share_of_a_key(as_org: AsOrg) -> None:
    buyer, auditors = as_org(["buyer"]), as_org(["auditor"])
    aigul = people.with_app(people.joined(buyer, AIGUL))
    _, token = people.invited(auditors, AIGUL, "auditor")
    there = aigul.post("/v1/account/join", json={"token": token})
    assert there.status_code == 200, there.text
    holders = [*bidding.openers(as_org, buyer, 2)[:2]]
    for role, org, code in zip(
        ("opener", "auditor"), (buyer, auditors), aigul.recovery_codes, strict=False
    ):
        given = {"email": AIGUL, "password": PASSWORD, "organisation_id": people.org_of(org)}
        answer = buyer.client.post("/auth/login", json=given)
        buyer.client.cookies.clear()
        assert answer.status_code == 200, answer.text
        officer = Officer(buyer.client, answer.json()["token"])
        shown = officer.post("/v1/session/verify-code", json={"code": code})
        assert shown.status_code == 200, shown.text
        opener = Opener(officer, role, role)  # type: ignore[arg-type]
        key = {"name": role, "role": role, "recipient": opener.identity.recipient}
        registered = opener.actor.post("/v1/opener-keys", json=key)
        assert registered.status_code == 201, registered.text
        holders.append(opener)
    draft = samples.drafted(buyer)
    key = bidding.ceremony_of(draft, holders).model_dump(mode="json")
    answer = buyer.post(f"/v1/tenders/{draft['id']}/keys", json=key)
    assert refused(answer) == (409, "sealing_key_unfit")
    assert [each["code"] for each in answer.json()["errors"]] == ["holder_twice"]
