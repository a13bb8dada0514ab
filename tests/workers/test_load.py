"""Two API processes, three workers and two relays on one database and one RabbitMQ."""

import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlmodel import Session, col, select

from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from api.matching.models import DemandItem
from api.procurement.models import Tender
from tests.procurement import samples
from tests.workers.brokers import NAMES, Broker
from tests.workers.fleet import PATIENCE_SECONDS, Fleet, once, wait_until

pytestmark = pytest.mark.brokers
TENDERS, DRAFTS, JOBS = 12, 12, range(60)
BODY = samples.tender()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(client: httpx2.Client) -> bool:
    try:
        return bool(client.get("/readyz").status_code == 200)
    except httpx2.TransportError:
        return False


def insisted(client: httpx2.Client, url: str, key: str, body: Any = None) -> Any:
    """POST until the other process no longer works on the same key; the answer's body."""
    answer = None

    def taken() -> bool:
        nonlocal answer
        answer = client.post(url, json=body, headers={"Idempotency-Key": key, "If-Match": "*"})
        return answer.status_code != 409 or answer.json()["code"] != "idempotency_in_flight"

    wait_until(taken, "the key is free")
    assert answer is not None
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


@pytest.mark.parametrize("broker", ["amqp"], indirect=True)
def test_two_apis_three_workers_and_two_relays_share_the_load_without_double_effects(
    broker: Broker, fleet: Fleet, session: Session, as_org: Callable[..., Any]
) -> None:
    ports = [free_port(), free_port()]
    for port in ports:
        fleet.start("kerben", "serve", "--port", str(port))
    for _ in range(2):
        fleet.start("relay")
    workers = [fleet.start("worker", "1") for _ in range(3)]
    buyer = as_org(["buyer"])
    headers = {"Authorization": f"Bearer {buyer.key}"}
    clients = [
        httpx2.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE_SECONDS
        )
        for port in ports
    ]
    wait_until(lambda: all(map(answers, clients)), "both APIs are ready")
    for name in NAMES:
        wait_until(lambda name=name: broker.consumers(name) == 3, f"3 workers take from {name}")

    with ThreadPoolExecutor(8) as pool:

        def twice(url: str, key: str, body: Any = None) -> set[str]:
            """The ids that both APIs answer to one key, asked at the same time."""
            asked = [pool.submit(insisted, client, url, key, body) for client in clients]
            return {made.result(PATIENCE_SECONDS)["id"] for made in asked}

        def plain(number: int) -> int:
            """Create a draft without a key, by way of one API."""
            answer = clients[number % 2].post("/v1/tenders", json=samples.tender())
            return int(answer.status_code)

        with ThreadPoolExecutor(4) as callers:
            fleet.enqueue(JOBS)
            statuses = callers.map(plain, range(DRAFTS))
            ids = [*callers.map(lambda n: twice("/v1/tenders", f"c{n}", BODY), range(TENDERS))]
            one_each = [tender for (tender,) in ids]
            published = [*callers.map(lambda t: twice(f"/v1/tenders/{t}/publish", t), one_each)]
    for client in clients:
        client.close()
    expected = {UUID(hex=tender.removeprefix("tender_")) for tender in one_each}

    def all_matched() -> bool:
        session.rollback()
        told = session.exec(select(OutboxEvent).where(OutboxEvent.type == "matching.completed"))
        matched = set(session.exec(select(DemandItem.tender_id))) == expected
        return matched and len(told.all()) >= TENDERS and fleet.left() == 0

    wait_until(all_matched, "every published tender is matched and no job is left")

    assert published == ids
    assert [*statuses] == [201] * DRAFTS
    assert len(session.exec(select(Tender.id)).all()) == TENDERS + DRAFTS
    events = Counter(session.exec(select(OutboxEvent.type)))
    assert events["tender.created"] == TENDERS + DRAFTS
    assert events["tender.published"] == events["matching.completed"] == TENDERS
    query = select(Job.name).where(Job.name == "matching.match_tender", col(Job.attempts) >= 1)
    assert len(session.exec(query).all()) == TENDERS
    assert len(session.exec(select(DemandItem.item_id)).all()) == TENDERS
    assert fleet.effects() == once(JOBS)
    assert fleet.actors() == {worker.name for worker in workers}
    assert [name for name in NAMES if not broker.is_quorum(name)] == []
    assert fleet.stop() == [0] * 7
