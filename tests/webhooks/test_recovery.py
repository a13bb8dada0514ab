from datetime import timedelta
from typing import Any

from sqlmodel import Session, select

from api.core import db
from api.rules.webhooks import DeliveryStatus
from api.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookMessage
from api.webhooks.service import retention
from tests.webhooks.receiving import (
    Receiver,
    advance,
    deliver,
    endpoint,
    happen,
    stored,
)

URL = "/v1/webhook-endpoints"
LONG_AGO = "2026-01-01T00:00:00Z"


def ran(actor: Any, answer: Any, drain: Any) -> Any:
    """The job that a route has begun, once it has ended."""
    assert answer.status_code == 202, answer.text
    drain()
    return actor.get(f"/v1/jobs/{answer.json()['id']}").json()


def test_wh_13_recover_sends_what_failed_or_was_missed_and_replay_all_of_it(
    buyer: Any, receiver: Receiver, session: Session, drain: Any
) -> None:
    receiver.answers = [(200, {}, b""), (500, {"webhook-delivery": "abort-message"}, b"")]
    made = endpoint(buyer, receiver.url, event_types=["offer.*"])
    url = f"{URL}/{made['id']}"
    happen(buyer.org_id, type="offer.suspended")
    deliver()
    happen(buyer.org_id, type="offer.suspended")
    deliver()
    assert buyer.post(f"{url}/disable").json()["status"] == "disabled"
    happen(buyer.org_id, type="offer.suspended")  # missed
    deliver()
    assert buyer.post(f"{url}/recover", json={"since": LONG_AGO}).status_code == 409
    assert buyer.post(f"{url}/enable").json()["status"] == "enabled"
    receiver.answers = [(200, {}, b"")]
    assert len(receiver.received) == 2

    answer = buyer.post(f"{url}/recover", json={"since": LONG_AGO})
    second = buyer.post(f"{url}/recover", json={"since": LONG_AGO})
    assert (second.status_code, second.json()["code"]) == (409, "replay_running")
    job = ran(buyer, answer, drain)
    assert (job["status"], job["result"], job["progress"]) == (
        "succeeded",
        {"planned": 2},
        {"done": 3, "total": 3},
    )
    advance(1)
    deliver()
    ids = [each.headers["webhook-id"] for each in receiver.received]
    assert len(ids) == 4
    assert ids[1] in ids[2:]
    assert {row.status for row in stored(session)} == {DeliveryStatus.SUCCEEDED}
    nothing = ran(buyer, buyer.post(f"{url}/recover", json={"since": LONG_AGO}), drain)
    assert nothing["result"] == {"planned": 0}

    replay = buyer.post(f"{url}/replay", json={"since": LONG_AGO, "event_types": ["offer.*"]})
    assert ran(buyer, replay, drain)["result"] == {"planned": 3}
    waits = sorted(row.next_attempt_at for row in stored(session))
    assert waits[2] - waits[0] >= timedelta(seconds=0.09)  # paced
    advance(1)
    deliver()
    again = [each.headers["webhook-id"] for each in receiver.received[4:]]
    assert sorted(again) == sorted(set(ids))


def test_wh_13_what_is_expunged_is_gone_for_good_and_not_sent_again(
    buyer: Any, receiver: Receiver, session: Session, drain: Any
) -> None:
    receiver.answers = [(500, {}, b"answered")]
    made = endpoint(buyer, receiver.url)
    happen(buyer.org_id)
    deliver()
    (item,) = buyer.get("/v1/webhook-deliveries?with_content=true").json()["items"]
    assert item["content"]["type"] == "tender.published"
    assert buyer.get("/v1/webhook-deliveries").json()["items"][0]["content"] is None
    answer = buyer.post(f"/v1/webhook-deliveries/{item['id']}/expunge")
    assert answer.json()["status"] == "cancelled"
    url = f"/v1/webhook-deliveries/{item['id']}"
    assert buyer.get(f"{url}?with_content=true").json()["content"] is None
    assert buyer.post(f"{url}/resend").json()["code"] == "content_gone"
    session.rollback()
    assert [row.response for row in session.exec(select(WebhookAttempt)).all()] == [None]
    job = buyer.post(f"{URL}/{made['id']}/replay", json={"since": LONG_AGO})
    assert job.status_code == 202
    for row in stored(session):
        assert row.status is DeliveryStatus.CANCELLED
    advance(5)
    deliver()
    assert len(receiver.received) == 1


def test_wh_13_content_is_kept_for_thirty_days_and_the_log_for_ninety(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    receiver.answers = [(200, {}, b"answered")]
    endpoint(buyer, receiver.url)
    happen(buyer.org_id)
    deliver()

    def kept(days: float) -> tuple[int, int, int]:
        advance(24 * days)
        with db.worker_unit_of_work() as unit:
            retention.keep(unit)
        session.rollback()
        session.expire_all()
        messages = session.exec(select(WebhookMessage)).all()
        attempts = session.exec(select(WebhookAttempt)).all()
        assert len([m for m in messages if m.body]) == len([a for a in attempts if a.response])
        deliveries = session.exec(select(WebhookDelivery)).all()
        return len(deliveries), len(attempts), len([m for m in messages if m.body])

    assert kept(29) == (1, 1, 1)
    assert kept(2) == (1, 1, 0)
    assert kept(58) == (1, 1, 0)
    assert kept(2) == (0, 0, 0)
    assert session.exec(select(WebhookMessage)).all() == []


def test_wh_13_a_delivery_is_resent_once_and_cancelled_once(
    buyer: Any, receiver: Receiver, session: Session
) -> None:
    receiver.answers = [(500, {"webhook-delivery": "abort-message"}, b"")]
    endpoint(buyer, receiver.url)
    happen(buyer.org_id)
    deliver()
    (item,) = buyer.get("/v1/webhook-deliveries?status=failed").json()["items"]
    url = f"/v1/webhook-deliveries/{item['id']}"
    receiver.answers = [(500, {}, b"")]
    assert buyer.post(f"{url}/resend").json()["status"] == "pending"
    deliver()
    advance(1)
    deliver()
    assert len(receiver.received) == 2  # not tried again by itself
    assert buyer.post(f"{url}/cancel").json()["status"] == "cancelled"
    again = buyer.post(f"{url}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "delivery_state")
