"""Processes of one installation, started and stopped by a test that waits on conditions."""

import importlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from api.core import jobs
from api.core.audit import AuditEntry
from api.core.jobs import Job

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.workers.preload"])
PATIENCE_SECONDS = 120.0
LEASE_SECONDS = 4


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Return as soon as `condition` holds; fail when it never does."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < give_up_at, f"waited in vain until {what}"
        threading.Event().wait(0.02)


def play(environment: dict[str, str], log: Path, role: str, arguments: Sequence[str]) -> None:
    """What a forked process does: its settings are read here for the first time."""
    os.setsid()
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ.update(environment)
    roles = importlib.import_module("tests.workers.killable")
    if role == "kerben":
        importlib.import_module("api.__main__").main(arguments)
    sys.exit(roles.main(role, *arguments))


@dataclass
class Member:
    """A process, the leader of a group of its own, and what it has logged."""

    name: str
    process: ForkServerProcess
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
        assert self.process.pid is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join(PATIENCE_SECONDS)


@dataclass
class Fleet:
    """Starts members with one environment, and watches the database that they share."""

    environment: dict[str, str]
    engine: Engine
    folder: Path
    members: list[Member] = field(default_factory=list)

    def start(self, role: str, *arguments: str) -> Member:
        """A role of killable.py, or "kerben" with the arguments of the command line."""
        name = f"{role}-{len(self.members)}"
        log = self.folder / f"{name}.log"
        log.touch()
        told = {**self.environment, "WORKER": name}
        process = FORKS.Process(target=play, args=(told, log, role, arguments), name=name)
        process.start()
        self.members.append(Member(name, process, log))
        return self.members[-1]

    @contextmanager
    def running(self) -> Iterator["Fleet"]:
        """Kill, in the end, whatever the test has not stopped."""
        try:
            yield self
        finally:
            for member in self.members:
                if member.process.is_alive():
                    member.kill()
                member.process.close()

    def stop(self) -> list[int | None]:
        """SIGTERM to all that still run, at once; their exit codes."""
        alive = [member for member in self.members if member.process.is_alive()]
        for member in alive:
            member.process.terminate()
        for member in alive:
            member.process.join(PATIENCE_SECONDS)
        return [member.process.exitcode for member in alive]

    def enqueue(self, numbers: Sequence[int], seconds: float = 0.005) -> None:
        """Ask for one counting job per number, each of so many seconds."""
        with Session(self.engine) as session, session.begin():
            for number in numbers:
                jobs.enqueue(session, "test.append", {"number": number, "seconds": seconds})

    def begun(self) -> int:
        """Jobs that a worker has claimed."""
        with Session(self.engine) as session:
            query = select(func.count()).select_from(Job).where(col(Job.attempts) > 0)
            return session.exec(query).one()

    def left(self) -> int:
        """Jobs of tests that are not done; the clock has some of its own, for other queues."""
        with Session(self.engine) as session:
            query = select(func.count()).select_from(Job).where(col(Job.done_at).is_(None))
            return session.exec(query.where(col(Job.name).startswith("test."))).one()

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
