"""What Prometheus may ask for: figures of this process, and those that the database holds."""

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import structlog
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.core import db, settings
from api.rules.jobs import DEFAULT_QUEUE, QUEUES, queue_of

disable_created_metrics()  # type: ignore[no-untyped-call]
log = structlog.get_logger(__name__)

REQUESTS = Counter("kerben_http_requests_total", "Requests answered", ["method", "route", "status"])
LATENCY = Histogram(
    "kerben_http_request_duration_seconds", "From a request to its answer", ["method", "route"]
)
JOB_DURATION = Histogram(
    "kerben_job_duration_seconds",
    "One attempt at a job; outcome: done, retried, failed or interrupted",
    ["task", "outcome"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
MATCH_TENDER_DURATION = Histogram(
    "kerben_match_tender_duration_seconds",
    "Matching all items of a tender",
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
MATCH_ITEM_DURATION = Histogram(
    "kerben_match_item_duration_seconds",
    "Matching one item: its share of the time of its tender",
    buckets=(0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10),
)
IMPORT_ROWS = Counter(
    "kerben_import_rows_total",
    "Rows of files, dry runs included; outcome: created, updated, unchanged or rejected",
    ["outcome"],
)
DEADLINE_LATENESS = Histogram(
    "kerben_deadline_lateness_seconds",
    "From the moment of a deadline until the clock noticed",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600),
)
PRUNED_ROWS = Counter("kerben_pruned_rows_total", "Rows deleted because they were old", ["table"])
REPLICA_READS = Counter(
    "kerben_replica_reads_total",
    "Reads meant for the replica; outcome: served, or lagging or unavailable and so left to the"
    " primary",
    ["outcome"],
)

MAX_AGE_SECONDS = 1.0
_TIMEOUT_SECONDS = 4
"""To connect, and to ask: both fit into the ten seconds that Prometheus waits for an answer."""
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_FIGURES = """
    SELECT
      (SELECT jsonb_build_object(
          'pending', count(*),
          'lag', greatest(0, extract(epoch FROM now() - min(created_at))))
        FROM outbox_event WHERE dispatched_at IS NULL),
      (SELECT extract(epoch FROM now() - min(due_at))::float8
        FROM deadline WHERE fired_at IS NULL AND due_at <= now()),
      (SELECT jsonb_object_agg(feature, figures) FROM (
        SELECT split_part(name, '.', 1) AS feature, jsonb_build_object(
            'open', count(*),
            'running', count(*) FILTER (WHERE lease_until > now()),
            'oldest', extract(epoch FROM now() - min(run_at) FILTER (
              WHERE run_at <= now() AND (lease_until IS NULL OR lease_until <= now())))) AS figures
        FROM job WHERE done_at IS NULL AND failed_at IS NULL GROUP BY 1) AS unfinished),
      (SELECT jsonb_object_agg(feature, failed) FROM (
        SELECT split_part(name, '.', 1) AS feature, count(*) AS failed
        FROM job WHERE failed_at IS NOT NULL GROUP BY 1) AS given_up)
"""


class Figure(NamedTuple):
    """A number that a feature keeps in the database: `query` gives it in one row, or null for 0."""

    name: str
    meaning: str
    query: str


_of_features: list[Figure] = []


def show(*figures: Figure) -> None:
    """Ask for figures of a feature, too, whenever Prometheus asks."""
    _of_features.extend(figures)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """A request was answered; `method` and `route` are of a known set, not what clients invent."""
    count, latency = _of_requests(method, route, status)
    count.inc()
    latency.observe(seconds)


@cache
def _of_requests(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, status), LATENCY.labels(method, route)


def observe_match(seconds: float, items: int) -> None:
    """A tender of so many items was matched in so many seconds."""
    MATCH_TENDER_DURATION.observe(seconds)
    for _ in range(items):
        MATCH_ITEM_DURATION.observe(seconds / items)


class DatabaseCollector(Collector):
    """Asks the database when Prometheus asks: one query over small partial indexes.

    On a connection of its own, so that it answers when the pool is exhausted, and at most once
    in `MAX_AGE_SECONDS`, so that whoever reaches the port cannot make the database work.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._figures: tuple[Any, ...] | None = None

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: to be registered, it need not ask the database."""
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The pools of this process, then the database's figures, if it answers."""
        pool = GaugeMetricFamily(
            "kerben_database_connections",
            "Pooled connections of this process; state: in_use or idle",
            labels=["role", "state"],
        )
        for role, (in_use, idle) in db.connections().items():
            pool.add_metric([role, "in_use"], in_use)
            pool.add_metric([role, "idle"], idle)
        yield pool
        most = settings.get().threads
        yield _gauge("kerben_database_connections_max", "What each pool may open", most)
        figures = self._recent()
        yield _gauge("kerben_database_up", "1 when the database answers", figures is not None)
        if figures is not None:
            yield from _families(*figures)

    def _recent(self) -> tuple[Any, ...] | None:
        with self._lock:
            if time.monotonic() - self._read_at > MAX_AGE_SECONDS:
                self._figures = _ask()
                self._read_at = time.monotonic()
            return self._figures


REGISTRY.register(DatabaseCollector())


@contextmanager
def exposed(registry: CollectorRegistry = REGISTRY) -> Iterator[None]:
    """Answer at KERBEN_METRICS_PORT while the block lasts, unless it is 0."""
    config = settings.get()
    if not config.metrics_port:
        yield
        return
    server, thread = start_http_server(config.metrics_port, config.metrics_host, registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def exposed_with_children() -> Iterator[None]:
    """`exposed`, for a process whose forked children do the work: all of them count together.

    They count in files of a folder that prometheus_client is told of by the environment, and only
    while it is imported: therefore the command starts itself anew, under the same process id.
    """
    if not settings.get().metrics_port:
        yield
        return
    folder = Path(tempfile.gettempdir()) / f"kerben-metrics-{os.getpid()}"
    if os.environ.get(_FOLDER) != str(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        again = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, again, {**os.environ, _FOLDER: str(folder)})
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    try:
        with exposed(registry):
            yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ask() -> tuple[Any, ...] | None:
    try:
        with psycopg.connect(
            db.url("worker"),
            connect_timeout=_TIMEOUT_SECONDS,
            options=f"-c statement_timeout={_TIMEOUT_SECONDS}s",
            application_name="kerben metrics",
        ) as connection:
            found = connection.execute(_FIGURES).fetchone() or ()
            return (*found, [_one(connection, each.query) for each in _of_features])
    except (psycopg.Error, OSError) as error:
        log.warning("no figures from the database", error=str(error))
        return None


def _one(connection: psycopg.Connection[Any], query: str) -> float | None:
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]


def _families(
    outbox: dict[str, float | None],
    overdue: float | None,
    unfinished: dict[str, dict[str, float | None]] | None,
    given_up: dict[str, int] | None,
    of_features: list[float | None],
) -> Iterator[GaugeMetricFamily]:
    yield _gauge("kerben_outbox_pending", "Events not yet dispatched", outbox["pending"])
    yield _gauge("kerben_outbox_lag_seconds", "Age of the oldest such event", outbox["lag"])
    yield _gauge("kerben_deadline_overdue_seconds", "Age of the oldest deadline unfired", overdue)
    queues = {DEFAULT_QUEUE: {"open": 0.0, "running": 0.0, "failed": 0.0, "oldest": 0.0}}
    queues |= {queue: dict(queues[DEFAULT_QUEUE]) for queue in QUEUES.values()}
    for feature, figures in (unfinished or {}).items():
        own = queues[queue_of(feature)]
        own["open"] += figures["open"] or 0
        own["running"] += figures["running"] or 0
        own["oldest"] = max(own["oldest"], figures["oldest"] or 0)
    for feature, failed in (given_up or {}).items():
        queues[queue_of(feature)]["failed"] += failed
    for figure, name, meaning in (
        ("open", "kerben_jobs_open", "Jobs neither done nor given up"),
        ("running", "kerben_jobs_running", "Jobs that a worker holds"),
        ("failed", "kerben_jobs_failed", "Jobs given up"),
        ("oldest", "kerben_jobs_oldest_due_seconds", "Since when the oldest due job waits"),
    ):
        family = GaugeMetricFamily(name, meaning, labels=["queue"])
        for queue, values in sorted(queues.items()):
            family.add_metric([queue], values[figure])
        yield family
    for each, number in zip(_of_features, of_features, strict=True):
        yield _gauge(each.name, each.meaning, number)


def _gauge(name: str, meaning: str, value: float | None) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=float(value or 0))
