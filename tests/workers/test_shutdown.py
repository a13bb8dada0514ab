"""SIGTERM while commands come in: what was begun is answered, and no event is lost."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
from sqlmodel import Session, col, func, select

from api.core import db, ids
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from api.procurement.models import Tender
from tests.procurement import samples
from tests.workers.fleet import Fleet, wait_until
from tests.workers.test_load import answers, free_port

CLIENTS, BEFORE = 6, 12
BODY = samples.tender()


def test_a_server_told_to_stop_under_load_answers_what_it_began_and_loses_no_event(
    session: Session,
    as_org: Callable[..., Any],
    drain: Callable[[], int],
    tmp_path: Path,
) -> None:
    buyer = as_org(["buyer"])
    environment = {
        "KERBEN_DATABASE_URL": db.url("app"),
        "KERBEN_WORKER_DATABASE_URL": db.url("worker"),
        "KERBEN_OWNER_DATABASE_URL": db.url("owner"),
        "KERBEN_BROKER_URL": "memory://",
        "KERBEN_LOG_LEVEL": "WARNING",
        "KERBEN_THREADS": "8",
    }
    port, told, stopping = free_port(), list[str](), threading.Event()
    url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {buyer.key}"}

    def publish_until_refused(_: int) -> None:
        with httpx2.Client(base_url=url, headers=headers, timeout=60) as client:
            while True:
                try:
                    made = client.post("/v1/tenders", json=BODY)
                except (httpx2.ConnectError, httpx2.RemoteProtocolError, httpx2.ReadError):
                    assert stopping.is_set(), "refused while nobody had told it to stop"
                    return
                assert made.status_code == 201, made.text
                told.append(made.json()["id"])

    with Fleet(environment, db.engine("worker"), tmp_path).running() as fleet:
        server = fleet.start("kerben", "serve", "--port", str(port))
        with httpx2.Client(base_url=url) as probe:
            wait_until(lambda: answers(probe), "the API is ready")
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(publish_until_refused, n) for n in range(CLIENTS)]
            wait_until(lambda: len(told) >= BEFORE or any(c.done() for c in clients), "load")
            stopping.set()
            assert fleet.stop() == [0]
            for each in clients:
                each.result()
        assert not [line for line in server.lines() if line.get("level") == "error"]

    there = session.exec(select(Tender.id)).all()
    assert sorted(ids.show("tender", each) for each in there) == sorted(told)
    assert events(session) == Counter({"tender.created": len(told)})
    drain()
    session.rollback()
    waiting = select(func.count()).select_from(OutboxEvent)
    assert session.exec(waiting.where(col(OutboxEvent.dispatched_at).is_(None))).one() == 0
    left = select(func.count()).select_from(Job).where(col(Job.done_at).is_(None))
    assert session.exec(left).one() == 0


def events(session: Session) -> Counter[str]:
    about = select(OutboxEvent.type).where(col(OutboxEvent.type).startswith("tender."))
    return Counter(session.exec(about).all())
