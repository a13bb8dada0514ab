"""Deliveries by the real dispatcher to real receivers on the loopback interface."""

import asyncio
import base64
import json
import socket
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import standardwebhooks
import svix.webhooks
from nacl.signing import VerifyKey
from sqlmodel import Session, select

from api.core import db, settings
from api.core.outbox import OutboxEvent, emit
from api.identity.models import Organisation
from api.rules import webhooks as rules
from api.rules.organisations import OrganisationStatus
from api.rules.webhooks import DeliveryStatus
from api.webhooks import catalogue
from api.webhooks.models import WebhookAttempt, WebhookDelivery
from api.webhooks.service import fan_out, sending
from tests.procurement import samples
from tests.webhooks.receiving import (
    TYPE,
    Receiver,
    advance,
    deliver,
    endpoint,
    happen,
    relayed,
    stored,
)
from tests.webhooks.receiving import (
    receiver as receiving,
)
from workers import dispatcher, relay


def rows(session: Session, model: Any) -> list[Any]:
    session.rollback()
    session.expire_all()
    return [*session.exec(select(model).order_by(model.id))]


def test_wh_01_deliveries_are_there_with_the_event_or_not_at_all(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    endpoint(buyer, receiver.url)
    with Session(db.engine("worker")) as unit:
        emit(unit, TYPE, uuid4(), org_id=buyer.org_id, **catalogue.TYPES[TYPE].example)
        unit.rollback()
    deliver()
    assert (stored(session), receiver.received) == ([], [])

    happen(buyer.org_id)
    # A relay that dies before its commit leaves the event on the outbox and no delivery.
    with Session(db.engine("worker")) as unit:
        assert relay.make_jobs(unit) > 0
        unit.rollback()
    assert stored(session) == []
    deliver()
    (delivery,) = stored(session)
    assert delivery.status is DeliveryStatus.SUCCEEDED
    assert len(receiver.received) == 1
    # Taken off the outbox a second time, the event has no second delivery.
    (event,) = [e for e in rows(session, OutboxEvent) if e.type == TYPE]
    with db.worker_unit_of_work() as unit:
        assert fan_out.fan_out(unit, [event.id]) == 0


def test_wh_01_a_dispatcher_that_died_in_an_attempt_is_followed_by_another(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    endpoint(buyer, receiver.url)
    happen(buyer.org_id)
    relayed()
    with db.worker_unit_of_work() as unit:
        assert len(sending.claim(unit, 10)) == 1  # and nothing comes of it
    deliver()
    assert receiver.received == []
    advance(sending.LEASE / timedelta(hours=1) + 0.01)
    deliver()
    assert len(receiver.received) == 1
    assert stored(session)[0].status is DeliveryStatus.SUCCEEDED


@pytest.mark.parametrize("scheme", ["v1", "v1a"])
def test_wh_02_independent_receivers_verify_the_very_bytes_that_were_sent(
    buyer: Any, receiver: Receiver, scheme: str
) -> None:
    made = endpoint(buyer, receiver.url, scheme=scheme, event_types=["invoice.received"])
    number = "Эсеп-фактура № 17 采购"
    said = {**catalogue.TYPES["invoice.received"].example, "number": number}
    with db.worker_unit_of_work() as unit:
        emit(unit, "invoice.received", uuid4(), org_id=buyer.org_id, **said)
    deliver()
    (got,) = receiver.received
    assert number.encode() in got.body
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    assert got.headers.keys() >= set(names)
    if scheme == "v1":
        standardwebhooks.Webhook(made["secret"]).verify(got.body, got.headers)
        svix.webhooks.Webhook(made["secret"]).verify(got.body, got.headers)
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(made["secret"]).verify(got.body + b" ", got.headers)
        return
    public = VerifyKey(base64.b64decode(made["public_key"].removeprefix("whpk_")))
    version, _, signature = got.headers["webhook-signature"].partition(",")
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    assert version == "v1a"
    public.verify(signed, base64.b64decode(signature))


def test_wh_03_webhook_id_is_the_same_over_all_attempts_and_resends(
    buyer: Any, reachable: settings.Settings, session: Session
) -> None:
    with receiving(500, 200) as here:
        endpoint(buyer, here.url)
        happen(buyer.org_id)
        deliver()
        advance(0.01)
        time.sleep(max(0, 1.01 - time.time() % 1))  # the next attempt is in another second
        deliver()
        (delivery,) = stored(session)
        assert delivery.attempts == 2
        answer = buyer.post(f"/v1/webhook-deliveries/delivery_{delivery.id.hex}/resend")
        assert answer.status_code == 202
        deliver()
        first, second, third = here.received
    ids = {each.headers["webhook-id"] for each in (first, second, third)}
    assert ids == {json.loads(first.body)["id"]}
    assert "." not in "".join(ids)
    names = {"webhook-id", "webhook-timestamp", "webhook-signature"}
    for each in (first, second, third):
        assert {name for name in each.headers if name.lower().startswith("webhook")} == names
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.body == second.body == third.body


def test_api_02_a_delivery_names_the_request_that_made_the_event_or_else_itself(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    endpoint(buyer, receiver.url)
    made = buyer.post("/v1/tenders", json=samples.tender())
    published = buyer.post(f"/v1/tenders/{made.json()['id']}/publish")
    happen(buyer.org_id)  # by no request
    deliver()
    both = stored(session)
    assert [each.status for each in both] == [DeliveryStatus.SUCCEEDED] * 2
    named = {each.headers["request-id"] for each in receiver.received}
    (itself,) = named - {published.headers["request-id"]}
    assert len(named) == 2
    assert itself in {f"delivery_{each.id.hex}" for each in both}
    assert published.headers["request-id"] != made.headers["request-id"]


def test_wh_06_wh_07_wh_12_failures_are_retried_on_schedule_and_each_attempt_is_in_the_log(
    buyer: Any, reachable: settings.Settings, session: Session
) -> None:
    answers = [
        (503, {}, "жок ".encode() * 10_000),
        (429, {"retry-after": "400"}, b""),
        (302, {"location": "https://elsewhere.example/x?token=secret"}, b""),
        (204, {}, b""),
    ]
    with receiving(*answers) as here:
        made = endpoint(buyer, here.url)
        happen(buyer.org_id)
        deliver()
        for _ in range(3):
            advance(1)
            deliver()
    items = buyer.get("/v1/webhook-attempts?with_content=true").json()["items"][::-1]
    assert [(each["number"], each["status_code"], each["error"]) for each in items] == [
        (1, 503, "http"),
        (2, 429, "http"),
        (3, 302, "http"),
        (4, 204, None),
    ]
    assert len(items[0]["response"].encode()) <= 20_000
    assert items[2]["detail"] == "redirect to https://elsewhere.example/x, not followed"
    plain = buyer.get("/v1/webhook-attempts?succeeded=false&status_code=503").json()["items"]
    assert [(each["number"], each["response"]) for each in plain] == [(1, None)]
    log = rows(session, WebhookAttempt)
    # The clock was moved by an hour before each attempt but the first.
    waits = [
        (row.next_attempt_at - row.started_at).total_seconds() - 3600 * n
        for n, row in enumerate(log[:3])
    ]
    assert log[3].next_attempt_at is None
    assert 4 <= waits[0] <= 16, "five seconds, give or take a fifth, and the attempt itself"
    assert 400 <= waits[1] <= 410, "as Retry-After said, between five minutes and ten"
    assert 1440 <= waits[2] <= 2170, "half an hour, give or take a fifth"
    assert all(each["duration_ms"] >= 0 and each["started_at"] for each in items)
    assert [each["next_attempt_at"] is None for each in items] == [False, False, False, True]
    assert stored(session)[0].status is DeliveryStatus.SUCCEEDED
    query = f"endpoint_id={made['id']}&event_type={TYPE}&error=http"
    assert len(buyer.get(f"/v1/webhook-attempts?{query}").json()["items"]) == 3
    assert buyer.get("/v1/webhook-attempts?event_type=offer.changed").json()["items"] == []
    begun = {"since": items[1]["started_at"], "until": items[3]["started_at"]}
    between = buyer.get("/v1/webhook-attempts", params=begun).json()["items"]
    assert [each["number"] for each in between] == [3, 2]


@pytest.mark.parametrize(
    ("answer", "status"),
    [((410, {}, b""), "disabled"), ((500, {"webhook-delivery": "abort-message"}, b""), "enabled")],
)
def test_wh_07_gone_disables_and_abort_message_stops(
    buyer: Any, reachable: settings.Settings, session: Session, answer: Any, status: str
) -> None:
    with receiving(answer) as here:
        made = endpoint(buyer, here.url)
        happen(buyer.org_id)
        deliver()
        advance(1)
        deliver()
        assert len(here.received) == 1
    assert stored(session)[0].status is DeliveryStatus.FAILED
    found = buyer.get(f"/v1/webhook-endpoints/{made['id']}").json()
    assert found["status"] == status
    assert found["disabled_reason"] == ("gone" if status == "disabled" else None)


def test_wh_08_an_endpoint_that_only_fails_is_disabled_with_notice_and_cools_down(
    buyer: Any, reachable: settings.Settings, session: Session
) -> None:
    with receiving(500) as here, receiving() as told:
        made = endpoint(buyer, here.url)
        endpoint(buyer, told.url, event_types=["endpoint.*"])
        url = f"/v1/webhook-endpoints/{made['id']}"
        for _ in range(2):  # two failures, 119 hours apart: not yet
            happen(buyer.org_id)
            deliver()
            advance(59.5)
        happen(buyer.org_id)
        deliver()
        assert buyer.get(url).json()["status"] == "enabled"
        advance(1.2)
        happen(buyer.org_id)
        deliver()
        found = buyer.get(url).json()
        assert (found["status"], found["disabled_reason"]) == ("disabled", "failing")
        assert found["recover_since"] == found["failing_since"]
        assert {row.status for row in stored(session)} <= {
            DeliveryStatus.CANCELLED,
            DeliveryStatus.FAILED,
        }
        deliver()
        (notice,) = [json.loads(each.body) for each in told.received]
        assert notice["type"] == "endpoint.disabled"
        assert notice["data"] == {"reason": "failing"}
        assert notice["resource"]["id"] == made["id"]

        early = buyer.post(f"{url}/enable")
        assert (early.status_code, early.json()["code"]) == (409, "endpoint_cooling_down")
        assert 0 < int(early.headers["retry-after"]) <= 601
        assert buyer.get(url).json()["status"] == "disabled"
        advance(0.2)
        assert buyer.post(f"{url}/enable").json()["status"] == "enabled"


def test_wh_08_one_success_begins_the_count_anew(
    buyer: Any, reachable: settings.Settings, session: Session
) -> None:
    with receiving(500, 200, 500) as here:
        made = endpoint(buyer, here.url, max_in_flight=1)
        for hours in (60, 61, 1):
            happen(buyer.org_id)
            deliver()
            advance(hours)
    found = buyer.get(f"/v1/webhook-endpoints/{made['id']}").json()
    assert (found["status"], found["failures"] > 0) == ("enabled", True)
    assert found["last_success_at"] < found["failing_since"]


def test_wh_09_wh_18_a_black_hole_holds_its_own_few_attempts_and_no_others(
    buyer: Any, reachable: settings.Settings, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = 6
    with ExitStack() as stack:
        hole = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
        dead = endpoint(buyer, f"http://127.0.0.1:{hole.getsockname()[1]}/", max_in_flight=3)
        healthy = [stack.enter_context(receiving()) for _ in range(20)]
        for each in healthy:
            endpoint(buyer, each.url)
        for _ in range(events):
            happen(buyer.org_id)
        relayed()
        stop = threading.Event()
        running = threading.Thread(target=dispatcher.run, args=(stop,))
        running.start()
        # All the others have all of theirs while the first attempts at the dead one still last.
        while any(len(each.received) < events for each in healthy):
            assert running.is_alive()
            time.sleep(0.01)
        with db.worker_unit_of_work() as unit:
            under_way = [
                row
                for row in unit.exec(select(WebhookDelivery))
                if row.lease_until is not None and row.status is DeliveryStatus.PENDING
            ]
            attempted = [*unit.exec(select(WebhookAttempt.endpoint_id))]
        dead_id = dead["id"].removeprefix("endpoint_")
        assert [each.endpoint_id.hex for each in under_way].count(dead_id) == 3
        assert dead_id not in {each.hex for each in attempted}
        # Deleted, its attempts are dropped although the receiver has not answered.
        assert buyer.delete(f"/v1/webhook-endpoints/{dead['id']}").status_code == 204
        stop.set()
        running.join(timeout=10)
        assert not running.is_alive()
    counts = Counter(row.status for row in stored(session))
    assert counts == {DeliveryStatus.SUCCEEDED: 20 * events, DeliveryStatus.CANCELLED: events}


def test_wh_09_an_open_circuit_lets_one_probe_through_and_success_closes_it(
    buyer: Any, reachable: settings.Settings, session: Session
) -> None:
    with receiving(*[500] * 5, 200) as here:
        made = endpoint(buyer, here.url, max_in_flight=1)
        for _ in range(8):
            happen(buyer.org_id)
        deliver()
        assert len(here.received) == rules.CIRCUIT_FAILURES
        found = buyer.get(f"/v1/webhook-endpoints/{made['id']}").json()
        assert found["failures"] == 5
        assert found["open_until"] is not None
        happen(buyer.org_id)
        deliver()
        assert len(here.received) == 5  # left alone
        advance(0.02)
        relayed()
        wide = buyer.patch(f"/v1/webhook-endpoints/{made['id']}", json={"max_in_flight": 9})
        assert wide.status_code == 200
        with db.worker_unit_of_work() as unit:
            (probe,) = sending.claim(unit, 100)
            outcome = asyncio.run(dispatcher.attempt(probe))
            sending.record(unit, [outcome])
        deliver()
        advance(1)
        deliver()
    assert {row.status for row in stored(session)} == {DeliveryStatus.SUCCEEDED}
    assert buyer.get(f"/v1/webhook-endpoints/{made['id']}").json()["failures"] == 0


def test_wh_09_an_endpoint_gets_no_more_attempts_a_second_than_it_wants(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    endpoint(buyer, receiver.url, rate_per_second=2, max_in_flight=10)
    for _ in range(5):
        happen(buyer.org_id)
    relayed()
    with db.worker_unit_of_work() as unit:
        assert len(sending.claim(unit, 100)) == 2
    with db.worker_unit_of_work() as unit:
        assert sending.claim(unit, 100) == []
    advance(1 / 3600 + 0.0001)
    with db.worker_unit_of_work() as unit:
        assert len(sending.claim(unit, 100)) == 2


def test_wh_09_two_dispatchers_never_exceed_what_an_endpoint_may_have_at_once(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    endpoint(buyer, receiver.url, max_in_flight=3)
    for _ in range(8):
        happen(buyer.org_id)
    relayed()
    with db.worker_unit_of_work() as one:
        first = sending.claim(one, 100)
        with db.worker_unit_of_work() as two:
            assert sending.claim(two, 100) == []
    with db.worker_unit_of_work() as two:
        assert sending.claim(two, 100) == []
    assert len(first) == 3


def test_wh_16_fifo_keeps_the_order_of_a_resource_and_blocks_on_failure(
    buyer: Any, reachable: settings.Settings, session: Session
) -> None:
    with receiving(500, 200) as here:
        endpoint(buyer, here.url, ordering="fifo")
        blocked = happen(buyer.org_id)
        deliver()
        for _ in range(3):
            happen(buyer.org_id, resource_id=blocked)
        other = happen(buyer.org_id)
        deliver()
        seen = [json.loads(each.body)["resource"] for each in here.received]
        assert [each["id"][-32:] for each in seen] == [blocked.hex, other.hex]
        advance(0.01)
        deliver()
        seen = [json.loads(each.body)["resource"] for each in here.received]
        assert [each["sequence"] for each in seen if each["id"].endswith(blocked.hex)] == [
            1,
            1,
            2,
            3,
            4,
        ]


def test_wh_18_what_waits_for_an_endpoint_that_is_disabled_is_cancelled(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    made = endpoint(buyer, receiver.url)
    happen(buyer.org_id)
    relayed()
    assert buyer.post(f"/v1/webhook-endpoints/{made['id']}/disable").status_code == 200
    deliver()
    assert ([row.status for row in stored(session)], receiver.received) == (
        [DeliveryStatus.CANCELLED],
        [],
    )


def test_wh_18_nothing_is_sent_for_an_organisation_that_is_gone(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    endpoint(buyer, receiver.url)
    happen(buyer.org_id)
    relayed()
    (delivery,) = stored(session)
    with db.worker_unit_of_work() as unit:
        organisation = unit.get(Organisation, buyer.org_id)
        assert organisation is not None
        organisation.status = OrganisationStatus.TERMINATED
        unit.add(organisation)
    with db.worker_unit_of_work() as unit:
        assert sending.unwanted(unit, [delivery.id]) == {delivery.id}
    assert dispatcher.POLL_SECONDS < 1, "so often attempts under way are held against this"
    dispatcher.deliver_due()
    happen(buyer.org_id)
    deliver()
    assert receiver.received == []
    assert len(stored(session)) == 1


def test_ssrf_11_an_endpoint_that_resolves_to_us_is_blocked_at_each_attempt_and_told_so(
    buyer: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = endpoint(buyer, "https://localhost/")
    happen(buyer.org_id)
    deliver()
    advance(0.01)
    deliver()
    items = buyer.get("/v1/webhook-attempts").json()["items"]
    assert [(each["error"], each["detail"]) for each in items] == [
        ("blocked", "blocked address")
    ] * 2
    assert "127.0.0.1" not in json.dumps(items)
    assert made["status"] == "enabled"
