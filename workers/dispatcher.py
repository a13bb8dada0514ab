"""Deliveries of webhooks: one event loop, many requests at once, one thread for the database.

What is due is claimed in batches, each attempt is a coroutine, and what came of those that have
ended is written together with the next claim. An endpoint that does not answer holds its own few
coroutines and nothing else. Several dispatchers may run; a lease that expires is taken over.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from api.core import db, outbound, standard_webhooks
from api.core.outbound import OutboundFailed
from api.rules.clock import utcnow
from api.rules.outbound import AttemptError
from api.webhooks.service import sending
from api.webhooks.service.sending import Outcome, Outgoing

log = structlog.get_logger(__name__)
MAX_IN_FLIGHT = 200
POLL_SECONDS = 0.5
GATHER_SECONDS = 0.005
"""How long the first outcome waits for others, to be written together with them: attempts begin
together, so that without waiting every second transaction would be about a single outcome."""
RESOLVERS = 64
"""Names that are looked up at once: name servers that do not answer each hold a thread for long."""
GRACE_SECONDS = 2.0
"""How long attempts under way may still take when the dispatcher is told to stop."""


async def attempt(outgoing: Outgoing, connections: outbound.Connections | None = None) -> Outcome:
    """Sign and send one message. It names the request that made the event, or else itself."""
    asked_by = outgoing.request_id or f"delivery_{outgoing.delivery_id.hex}"
    structlog.contextvars.bind_contextvars(request_id=asked_by)
    started_at, started = utcnow(), time.perf_counter()
    timestamp = int(started_at.timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": outgoing.webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": standard_webhooks.header(
            outgoing.keys, outgoing.webhook_id, timestamp, outgoing.body
        ),
    }
    if outgoing.cursor is not None:
        headers["kerben-cursor"] = outgoing.cursor
    try:
        answer: outbound.Answer | OutboundFailed = await outbound.send(
            "POST", outgoing.url, headers=headers, body=outgoing.body, connections=connections
        )
    except OutboundFailed as error:
        answer = error
    except Exception:  # one odd URL or answer must not end the deliveries of all others
        log.exception("attempt failed unexpectedly", delivery=outgoing.delivery_id.hex)
        answer = OutboundFailed(AttemptError.HTTP, "the request could not be made")
    return Outcome(outgoing, started_at, time.perf_counter() - started, answer)


class Dispatcher:
    """Attempts under way, and the one thread that speaks to the database."""

    def __init__(self, until_idle: bool = False) -> None:
        self._until_idle = until_idle
        self._tasks: dict[asyncio.Task[Outcome], UUID] = {}
        self._database = ThreadPoolExecutor(1, "webhooks-database")
        self._connections = outbound.Connections()
        self._checked_at = 0.0

    async def run(self, stop: threading.Event) -> None:
        """Deliver until `stop`, or, if told so, until nothing is due and nothing under way."""
        loop, done = asyncio.get_running_loop(), set[asyncio.Task[Outcome]]()
        loop.set_default_executor(ThreadPoolExecutor(RESOLVERS, "webhooks-resolver"))
        try:
            while not stop.is_set():
                outcomes = [task.result() for task in done if not task.cancelled()]
                claimed = await loop.run_in_executor(self._database, self._round, outcomes)
                for outgoing in claimed:
                    self._tasks[asyncio.create_task(attempt(outgoing, self._connections))] = (
                        outgoing.delivery_id
                    )
                if self._until_idle and not self._tasks:
                    return
                await self._connections.close(old_only=True)
                done = await self._some_ended()
            await self._end(done)
        finally:
            for task in self._tasks:
                task.cancel()
            await self._connections.close()
            self._database.shutdown()

    async def _end(self, done: set[asyncio.Task[Outcome]]) -> None:
        """Write what came of attempts that have ended, so that none of them is made again."""
        if self._tasks:
            ended, _ = await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
            done = done | ended
        outcomes = [task.result() for task in done if not task.cancelled()]
        await asyncio.get_running_loop().run_in_executor(
            self._database, _transaction, lambda session: sending.record(session, outcomes)
        )

    async def _some_ended(self) -> set[asyncio.Task[Outcome]]:
        if self._tasks:
            done, _ = await asyncio.wait(
                self._tasks, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if done and len(done) < len(self._tasks):
                await asyncio.sleep(GATHER_SECONDS)
                done = {task for task in self._tasks if task.done()}
        else:
            await asyncio.sleep(POLL_SECONDS)
            done = set()
        for task in done:
            del self._tasks[task]
        return done

    def _round(self, outcomes: list[Outcome]) -> list[Outgoing]:
        """In one transaction each: what came of attempts, and what to attempt next."""
        _transaction(lambda session: sending.record(session, outcomes))
        self._drop_unwanted()
        room = MAX_IN_FLIGHT - len(self._tasks)
        if room <= 0:
            return []
        return _transaction(lambda session: sending.claim(session, room))

    def _drop_unwanted(self) -> None:
        under_way = dict(self._tasks)
        if not under_way or time.monotonic() - self._checked_at < POLL_SECONDS:
            return
        self._checked_at = time.monotonic()
        gone = _transaction(lambda session: sending.unwanted(session, under_way.values()))
        for task, delivery_id in under_way.items():
            if delivery_id in gone:
                task.get_loop().call_soon_threadsafe(task.cancel)


def _transaction[T](work: Callable[[Session], T]) -> T:
    with db.worker_unit_of_work() as session:
        return work(session)


def deliver_due() -> None:
    """Attempt whatever is due, until nothing is."""
    asyncio.run(Dispatcher(until_idle=True).run(threading.Event()))


def run(stop: threading.Event) -> None:
    """Deliver until `stop`; while the database is away, go on trying."""
    while not stop.is_set():
        try:
            asyncio.run(Dispatcher().run(stop))
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            log.warning("dispatcher interrupted", error=str(error))
            stop.wait(1.0)
