"""Receivers of webhooks that answer well, badly, slowly, or not at all, and keep what they got."""

import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import standardwebhooks


class Mood(StrEnum):
    HEALTHY = "healthy"
    FAILING = "answers 500"
    SILENT = "does not answer"
    SLOW = "slow"
    REFUSING = "refuses connections"


SILENT_SECONDS = 20.0
SLOW_SECONDS = 1.5


@dataclass
class Received:
    """All that came under one webhook-id: hashes of the bodies, and whether it was taken."""

    bodies: set[str] = field(default_factory=set)
    envelope: dict[str, Any] = field(default_factory=dict)
    times: int = 0
    taken: int = 0


@dataclass
class Receiver:
    """One endpoint on the loopback interface. It checks each signature with its own library."""

    name: str
    secret: str = ""
    mood: Mood = Mood.HEALTHY
    received: dict[str, Received] = field(default_factory=lambda: defaultdict(Received))
    order: list[str] = field(default_factory=list)
    forged: int = 0
    port: int = 0
    hurry: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def turn(self, mood: Mood) -> None:
        """Behave otherwise from now on."""
        if mood is Mood.REFUSING:
            self.close()
        elif self._server is None:
            self.open()
        self.mood = mood

    def open(self) -> None:
        """Listen, on the same port as before."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                status = receiver.answer(dict(self.headers.items()), body)
                try:
                    self.send_response(status)
                    self.send_header("content-length", "0")
                    self.end_headers()
                except OSError:
                    """The sender has gone; it will count this as a failure."""

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        """Take note of a request; the status to answer with."""
        mood = self.mood
        if mood in (Mood.SILENT, Mood.SLOW):
            self.hurry.wait(SILENT_SECONDS if mood is Mood.SILENT else SLOW_SECONDS)
        try:
            envelope = standardwebhooks.Webhook(self.secret).verify(body, headers)
        except standardwebhooks.WebhookVerificationError:
            self.forged += 1
            return 400
        good = mood in (Mood.HEALTHY, Mood.SLOW)
        with self._lock:
            found = self.received[headers["webhook-id"]]
            found.times += 1
            found.bodies.add(hashlib.sha256(body).hexdigest())
            found.envelope = envelope if isinstance(envelope, dict) else json.loads(body)
            if good:
                if not found.taken:
                    self.order.append(headers["webhook-id"])
                found.taken += 1
        return 200 if good else 500


@contextmanager
def listening(*names: str) -> Iterator[list[Receiver]]:
    """Receivers by these names."""
    with ExitStack() as stack:
        found = [Receiver(name) for name in names]
        for each in found:
            each.open()
            stack.callback(each.close)
        yield found
