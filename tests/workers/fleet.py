"""Processes of one installation, started and stopped by a test that waits on conditions."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from api.core import jobs
from api.core.audit import AuditEntry
from api.core.jobs import Job

SCRIPT = Path(__file__).parent / "killable.py"
ROOT = SCRIPT.parents[2]
PATIENCE_SECONDS = 120.0
LEASE_SECONDS = 3


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Return as soon as `condition` holds; fail when it never does."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up_at, f"waited in vain until {what}"
        threading.Event().wait(0.02)


@dataclass
class Member:
    """A process, the leader of a group of its own, and what it has logged."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def said(self, event: str) -> bool:
        """True when one of its log lines is about `event`."""
        return any(line.get("event") == event for line in self.lines())

    def lines(self) -> list[dict[str, Any]]:
        """Its log lines, so far as they are whole."""
        whole = self.log.read_text().rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in whole if line.startswith("{")]

    def kill(self) -> None:
        """kill -9 the process and all that it has forked."""
        os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(PATIENCE_SECONDS)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(PATIENCE_SECONDS)


@dataclass
class Fleet:
    """Starts members with one environment, and watches the database that they share."""

    environment: dict[str, str]
    engine: Engine
    folder: Path
    members: list[Member] = field(default_factory=list)

    def start(self, role: str, *arguments: str, name: str = "", **changed: str) -> Member:
        """A role of killable.py, or `kerben` with arguments."""
        name = name or f"{role}-{len(self.members)}"
        command = ["-m", "api"] if role == "kerben" else [str(SCRIPT), role]
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [sys.executable, *command, *arguments],
                env={**os.environ, **self.environment, "WORKER": name, **changed},
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
            )
        self.members.append(Member(name, popen, log))
        return self.members[-1]

    @contextmanager
    def running(self) -> Iterator["Fleet"]:
        """Kill, in the end, whatever the test has not stopped."""
        try:
            yield self
        finally:
            for member in self.members:
                if member.popen.poll() is None:
                    member.kill()

    def enqueue(self, numbers: Sequence[int]) -> None:
        """Ask for one counting job per number."""
        with Session(self.engine) as session, session.begin():
            for number in numbers:
                jobs.enqueue(session, "test.append", {"number": number})

    def left(self) -> int:
        """Jobs that are not done."""
        with Session(self.engine) as session:
            query = select(func.count()).select_from(Job).where(col(Job.done_at).is_(None))
            return session.exec(query).one()

    def effects(self) -> Counter[str]:
        """How often each number has been counted."""
        return Counter(entry.stream for entry in self._entries())

    def actors(self) -> set[str]:
        """Who has counted."""
        return {entry.actor for entry in self._entries()}

    def _entries(self) -> Sequence[AuditEntry]:
        with Session(self.engine) as session:
            return session.exec(select(AuditEntry).where(AuditEntry.action == "append")).all()


def once(numbers: Sequence[int]) -> Counter[str]:
    """The effects of each number's job, if each has had its effect once."""
    return Counter(f"test:{number}" for number in numbers)
