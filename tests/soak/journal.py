"""What each client was answered, and a client that asks until it is."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2

UNANSWERED = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Line:
    """One act: what was asked with which mark, and the last answer. `status` 0: there was none."""

    kind: str
    mark: str
    status: int
    id: str = ""
    request_id: str = ""
    about: str = ""


@dataclass
class Journal:
    """The lines of all clients, the faults of the service that they saw, and how often they asked."""

    lines: list[Line] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, line: Line) -> None:
        with self.lock:
            self.lines.append(line)

    def count(self, what: str) -> None:
        with self.lock:
            self.asked[what] += 1

    def complain(self, what: str) -> None:
        """Note an answer that breaks a promise."""
        with self.lock:
            self.wrong.append(what)

    def told(self, kind: str) -> list[Line]:
        """The acts of a kind that were answered by success."""
        return [each for each in self.lines if each.kind == kind and 200 <= each.status < 300]

    def refused(self, kind: str) -> list[Line]:
        """The acts of a kind that were answered by a refusal."""
        return [each for each in self.lines if each.kind == kind and each.status >= 400]

    def unknown(self, kind: str) -> list[Line]:
        """The acts of a kind that were never answered."""
        return [each for each in self.lines if each.kind == kind and each.status == 0]


@dataclass
class Caller:
    """An organisation's program. It repeats what was not answered with the same key."""

    name: str
    org_id: Any
    key: str
    url: str
    journal: Journal
    give_up: threading.Event

    def __post_init__(self) -> None:
        self.client = httpx2.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=20
        )

    def get(self, url: str, **kwargs: Any) -> Any:
        """The answer to a question, asked until there is one; None after `give_up`."""
        return self._insist("GET", url, **kwargs)

    def act(
        self,
        kind: str,
        url: str,
        *,
        mark: str,
        twice: bool = False,
        about: str = "",
        headers: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """POST once in effect, write what was answered into the journal, and give it back.

        `twice` asks again with the same key: the answer must be the same one.
        """
        sent = {"Idempotency-Key": uuid4().hex, "If-Match": "*", **(headers or {})}
        answer = self._insist("POST", url, headers=sent, **kwargs)
        if answer is None:
            self.journal.write(Line(kind, mark, 0, about=about))
            return None
        body = answer.json() if answer.content else {}
        request_id = answer.headers.get("request-id", "")
        shown = body.get("id", "") or body.get("code", "")
        self.journal.write(Line(kind, mark, answer.status_code, shown, request_id, about))
        if answer.status_code >= 500:
            self.journal.complain(f"{kind} {answer.status_code} {answer.text[:200]}")
        if twice and answer.is_success:
            again = self._insist("POST", url, headers=sent, **kwargs)
            if again is not None and again.json().get("id") != body.get("id"):
                self.journal.complain(f"{kind} {mark}: {body.get('id')}, again {again.text[:200]}")
        return answer

    def _insist(self, method: str, url: str, **kwargs: Any) -> Any:
        while not self.give_up.is_set():
            self.journal.count("requests")
            try:
                answer = self.client.request(method, url, **kwargs)
            except httpx2.TransportError:
                self.journal.count("connections lost")
                time.sleep(random.uniform(0.1, 0.6))
                continue
            if answer.status_code in UNANSWERED:
                self.journal.count(f"answers {answer.status_code}")
                if answer.status_code == 500:
                    self.journal.complain(f"{method} {url}: 500 {answer.text[:200]}")
            elif answer.status_code == 409 and answer.json()["code"] == "idempotency_in_flight":
                self.journal.count("key in flight")
            else:
                return answer
            time.sleep(random.uniform(0.1, 0.6))
        return None
