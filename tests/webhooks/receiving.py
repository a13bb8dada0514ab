"""A receiver on the loopback interface that keeps what it gets and answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, select

from api.core import db, sandbox
from api.core.outbox import emit
from api.webhooks import catalogue
from api.webhooks.models import WebhookDelivery
from workers import dispatcher, relay

TYPE = "tender.published"


@dataclass
class Received:
    """One request: headers with the names as they came, and the bytes of the body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers (status, headers, body) in turn, the last one for ever."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(
        default_factory=lambda: [(200, {}, b"")]
    )
    received: list[Received] = field(default_factory=list)
    before: Callable[[], Any] = lambda: None
    url: str = ""


@contextmanager
def receiver(*answers: Any) -> Iterator[Receiver]:
    """Run a receiver that answers these: a status, or a status with headers and body."""
    here = Receiver()
    if answers:
        here.answers = [each if isinstance(each, tuple) else (each, {}, b"") for each in answers]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            body = self.rfile.read(length)
            here.received.append(Received(self.path, dict(self.headers.items()), body))
            here.before()
            status, headers, text = here.answers[0]
            if len(here.answers) > 1:
                here.answers.pop(0)
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        here.url = f"http://127.0.0.1:{server.server_port}/hook"
        try:
            yield here
        finally:
            server.shutdown()
            thread.join()


def happen(org_id: UUID, *, type: str = TYPE, resource_id: UUID | None = None) -> UUID:
    """An event of the organisation is committed, with what the catalogue shows as an example."""
    resource_id = resource_id or uuid4()
    with db.worker_unit_of_work() as session:
        emit(session, type, resource_id, org_id=org_id, **catalogue.TYPES[type].example)
    return resource_id


def relayed() -> None:
    """Take every event off the outbox."""
    while True:
        with db.worker_unit_of_work() as session:
            if not relay.make_jobs(session):
                return


def deliver() -> None:
    """Take every event off the outbox, and attempt whatever is due."""
    relayed()
    dispatcher.deliver_due()


def endpoint(actor: Any, url: str, **fields: Any) -> Any:
    """Make an endpoint of an organisation for the events that tests let happen."""
    body = {"url": url, "event_types": [TYPE], **fields}
    answer = actor.post("/v1/webhook-endpoints", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def stored(session: Session) -> list[WebhookDelivery]:
    """Every delivery, in the order of their making."""
    session.rollback()
    session.expire_all()
    return [*session.exec(select(WebhookDelivery).order_by(WebhookDelivery.id))]  # type: ignore[arg-type]


def advance(hours: float) -> None:
    """Move the clock of the installation ahead."""
    with db.worker_unit_of_work() as session:
        sandbox.advance(session, actor="test", seconds=int(hours * 3600))
