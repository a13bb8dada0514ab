import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, func, select

from api.core import db, idempotency
from api.identity.access import UnitRoute
from api.identity.models import Member
from api.main import create_app
from api.procurement.models import Bid
from api.rules.clock import utcnow
from tests.procurement import bidding, samples

type AsOrg = Callable[..., Any]

KILLED = """
import json, os, sys
from fastapi.testclient import TestClient
from api.core import db
from api.main import create_app

body, headers = json.loads(sys.argv[1])
db._committed = lambda session: os._exit(9)
with TestClient(create_app()) as client:
    client.post("/v1/members", json=body, headers=headers)
"""
"""A service that dies when its transaction is committed and its answer not yet sent."""
MEMBER = {"name": "Айгүл", "email": "aigul@example.kg", "role": "owner"}


def members(session: Session) -> int:
    session.rollback()
    return session.exec(select(func.count()).select_from(Member)).one()


def test_api_03_a_repeat_gets_the_stored_answer_and_changes_nothing(
    as_org: AsOrg, session: Session
) -> None:
    actor, key = as_org(["buyer"]), {"Idempotency-Key": "k1"}

    first = actor.post("/v1/members", json=MEMBER, headers=key)
    again = actor.post("/v1/members", json=MEMBER, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert members(session) == 1
    # The headers that belong to the answer are kept with it; another path is another act.
    body = samples.tender()
    draft = actor.post("/v1/tenders", json=body, headers=key)
    same = actor.post("/v1/tenders", json=body, headers=key)
    assert draft.status_code == 201, draft.text
    kept = {name: draft.headers[name] for name in ("etag", "location")}
    assert kept.items() <= dict(same.headers).items()
    assert same.json()["id"] == draft.json()["id"]


def test_api_03_the_same_key_with_another_body_is_refused(as_org: AsOrg, session: Session) -> None:
    actor, key = as_org(["buyer"]), {"Idempotency-Key": "k1"}
    actor.post("/v1/members", json=MEMBER, headers=key)

    other = actor.post("/v1/members", json={**MEMBER, "email": "b@example.kg"}, headers=key)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert members(session) == 1


def test_api_03_keys_of_different_organisations_do_not_meet(
    as_org: AsOrg, session: Session
) -> None:
    for actor in (as_org(["buyer"]), as_org(["buyer"])):
        key = {"Idempotency-Key": "k1"}
        assert actor.post("/v1/members", json=MEMBER, headers=key).status_code == 201
    assert members(session) == 2


def test_api_03_a_refused_request_is_not_remembered(as_org: AsOrg, session: Session) -> None:
    actor, key = as_org(["buyer"]), {"Idempotency-Key": "k1"}
    actor.post("/v1/members", json=MEMBER)
    assert actor.post("/v1/members", json=MEMBER, headers=key).status_code == 409

    fixed = {**MEMBER, "email": "b@example.kg"}
    assert actor.post("/v1/members", json=fixed, headers=key).status_code == 201
    assert members(session) == 2


def test_api_03_twenty_requests_at_once_with_one_key_have_one_effect(
    as_org: AsOrg, session: Session
) -> None:
    actor, key = as_org(["buyer"]), {"Idempotency-Key": "storm"}

    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda _: actor.post("/v1/members", json=MEMBER, headers=key), range(20))
        )

    assert {a.status_code for a in answers} <= {201, 409}
    assert all(a.json()["code"] == "idempotency_in_flight" for a in answers if a.status_code == 409)
    assert len({a.content for a in answers if a.status_code == 201}) == 1
    assert members(session) == 1


def test_api_03_while_one_request_works_another_with_its_key_is_told_to_wait(as_org: AsOrg) -> None:
    actor = as_org(["buyer"])
    principal = f"client:{actor.org_id.hex}"
    subject = idempotency.Subject(actor.org_id, principal, "POST /x", "k", b"")
    with db.unit_of_work(actor.org_id) as first:
        assert idempotency.begin(first, subject) is None
        with (
            pytest.raises(idempotency.IdempotencyInFlight) as refused,
            db.unit_of_work(actor.org_id) as second,
        ):
            idempotency.begin(second, subject)
    assert refused.value.headers == {"Retry-After": "1"}


def test_api_03_a_process_killed_between_effect_and_answer_answers_when_asked_again(
    as_org: AsOrg, session: Session
) -> None:
    actor, key = as_org(["buyer"]), {"Idempotency-Key": "k1"}
    headers = {"Authorization": f"Bearer {actor.key}", **key}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, json.dumps([MEMBER, headers])], check=False
    )
    assert killed.returncode == 9
    assert members(session) == 1

    again = actor.post("/v1/members", json=MEMBER, headers=key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json()["email"] == MEMBER["email"]
    assert members(session) == 1


def test_api_03_bids_and_awards_need_a_key_which_is_kept_for_30_days(
    as_org: AsOrg, session: Session
) -> None:
    taking = bidding.published(as_org, as_org(["buyer"]), holders=(), server=True)
    supplier = as_org(["supplier"])
    url = f"/v1/tenders/{taking.tender['id']}/bids"
    bearer = {"Authorization": f"Bearer {supplier.key}"}
    refused = supplier.client.post(url, json={}, headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_required")
    assert session.exec(select(func.count()).select_from(Bid)).one() == 0

    bidding.submit(taking, supplier)
    session.rollback()
    (kept,) = session.exec(
        select(idempotency.IdempotencyRecord).where(
            idempotency.IdempotencyRecord.org_id == supplier.org_id
        )
    ).all()
    assert timedelta(days=29, hours=23) < kept.expires_at - utcnow() <= timedelta(days=30)

    needing = {
        r.unique_id
        for r in create_app().routes
        if isinstance(r, UnitRoute) and r.needs and r.needs.key
    }
    assert needing >= {
        "bidding_submit",
        "bids_replace",
        "bids_withdraw",
        "auctions_place",
        "awards_propose_lot",
        "awards_approve",
        "awards_reject",
        "penalties_agree",
    }
