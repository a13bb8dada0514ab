"""What is measured of requests, jobs, matches, imports and deadlines."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlmodel import Session

from api.core import db, deadlines, jobs, metrics, settings
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from tests.catalog import samples as catalog
from tests.matching import samples
from workers import clock
from workers.app import app as celery
from workers.app import task

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]
type Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]

KIND = "tender.period_ended"


@task("test.fail")
def fail(session: Session) -> None:
    raise ValueError("a secret of the caller")


def scraped(client: Any) -> Figures:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture(autouse=True)
def _counts_nothing_yet() -> None:
    """What other tests asked for makes a scrape of megabytes."""
    metrics.REQUESTS.clear()
    metrics.LATENCY.clear()
    metrics._of_requests.cache_clear()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scrape asks the database, however long a busy machine takes to answer."""
    monkeypatch.setattr(metrics, "MAX_AGE_SECONDS", -1.0)
    monkeypatch.setattr(metrics, "_TIMEOUT_SECONDS", 60)


# What the database holds


@pytest.mark.usefixtures("fresh")
def test_every_queue_shows_its_jobs_and_how_long_the_oldest_waits(client: Any) -> None:
    with db.worker_unit_of_work() as unit:
        now = db.now(unit)
        for name, ago, fields in (
            ("matching.match_tender", 100, {}),
            ("matching.index_seller", 300, {}),
            ("matching.index_offers", 900, {"lease_until": now + timedelta(minutes=5)}),
            ("matching.index_offers", -600, {}),
            ("catalog.import_offers", 50, {"lease_until": now - timedelta(seconds=1)}),
            ("procurement.close_tender", 700, {"failed_at": now}),
            ("procurement.close_tender", 700, {"done_at": now}),
            ("another.task", -60, {}),
        ):
            run_at = now - timedelta(seconds=ago)
            unit.add(Job(name=name, args={}, run_at=run_at, **fields))
    figures = scraped(client)

    def by_queue(figure: str) -> dict[str, float]:
        return {
            labels[0][1]: number
            for (name, labels), number in figures.items()
            if name == f"kerben_jobs_{figure}"
        }

    assert by_queue("open") == {
        "default": 1,
        "deadlines": 0,
        "imports": 1,
        "mail": 0,
        "matching": 4,
    }
    assert by_queue("running") == {
        "default": 0,
        "deadlines": 0,
        "imports": 0,
        "mail": 0,
        "matching": 1,
    }
    assert by_queue("failed") == {
        "default": 0,
        "deadlines": 1,
        "imports": 0,
        "mail": 0,
        "matching": 0,
    }
    oldest = by_queue("oldest_due_seconds")
    assert (oldest["default"], oldest["deadlines"]) == (0, 0)
    assert 300 <= oldest["matching"] < 400
    assert 50 <= oldest["imports"] < 150


@pytest.mark.usefixtures("fresh")
def test_job_04_the_outbox_and_the_deadlines_show_how_far_they_are_behind(client: Any) -> None:
    figures = scraped(client)
    assert figures["kerben_database_up", ()] == 1
    assert figures["kerben_outbox_pending", ()] == figures["kerben_outbox_lag_seconds", ()] == 0
    assert figures["kerben_deadline_overdue_seconds", ()] == 0
    with db.worker_unit_of_work() as unit:
        now = db.now(unit)
        old = now - timedelta(seconds=120)
        for made in (old, now):
            unit.add(OutboxEvent(type="test.x", resource_id=uuid4(), payload={}, created_at=made))
        deadlines.arm(unit, KIND, uuid4(), now - timedelta(seconds=60), org_id=None)
        deadlines.arm(unit, KIND, uuid4(), now + timedelta(hours=1), org_id=None)
    figures = scraped(client)
    assert figures["kerben_outbox_pending", ()] == 2
    assert 120 <= figures["kerben_outbox_lag_seconds", ()] < 220
    assert 60 <= figures["kerben_deadline_overdue_seconds", ()] < 160


@pytest.mark.usefixtures("fresh")
def test_without_the_database_the_process_still_tells_of_itself(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/livez")
    away = SecretStr("postgresql://kerben_worker@127.0.0.1:1/kerben")
    config = settings.get().model_copy(update={"worker_database_url": away})
    monkeypatch.setattr(settings, "get", lambda: config)
    figures = scraped(client)
    names = {name for name, _ in figures}
    assert figures["kerben_database_up", ()] == 0
    assert {"kerben_http_requests_total", "process_cpu_seconds_total"} <= names
    assert not names & {"kerben_jobs_open", "kerben_outbox_pending"}


def test_scrapes_in_a_row_ask_the_database_once(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MAX_AGE_SECONDS", -1.0)
    before = scraped(client)
    monkeypatch.setattr(metrics, "MAX_AGE_SECONDS", 3600.0)
    with db.worker_unit_of_work() as unit:
        jobs.enqueue(unit, "matching.match_tender", {})
    key = ("kerben_jobs_open", (("queue", "matching"),))
    assert scraped(client)[key] == before[key] == 0
    monkeypatch.setattr(metrics, "MAX_AGE_SECONDS", -1.0)
    assert scraped(client)[key] == 1


def test_pools_show_the_connections_in_use(client: Any) -> None:
    key = ("kerben_database_connections", (("role", "worker"), ("state", "in_use")))
    before = scraped(client)[key]
    with db.worker_unit_of_work() as unit:
        db.now(unit)
        during = scraped(client)
    assert during[key] == before + 1
    assert during["kerben_database_connections_max", ()] == settings.get().threads


# What the process counts


def test_methods_that_clients_invent_share_one_label(client: Any) -> None:
    before = value("kerben_http_requests_total", method="other", route="unmatched", status="404")
    for method in ("KERBEN1", "KERBEN2"):
        assert client.request(method, "/nowhere").status_code == 404
    figures = scraped(client)
    methods = {dict(labels).get("method") for name, labels in figures if "http_requests" in name}
    assert not {"KERBEN1", "KERBEN2"} & methods
    key = (("method", "other"), ("route", "unmatched"), ("status", "404"))
    assert figures["kerben_http_requests_total", key] == before + 2


def test_an_attempt_at_a_job_is_timed_by_its_outcome(session: Session) -> None:
    def attempts(outcome: str) -> float:
        labels = {"task": "test.fail", "outcome": outcome}
        return value("kerben_job_duration_seconds_count", **labels)

    before = attempts("retried"), attempts("failed"), attempts("done")
    with db.worker_unit_of_work() as unit:
        job = jobs.enqueue(unit, "test.fail", {})
    for _ in range(settings.get().job_max_attempts):
        with db.worker_unit_of_work() as unit:
            row = unit.get_one(Job, job.id)
            row.run_at = db.now(unit)
            unit.add(row)
        celery.tasks["test.fail"].run(job.id.hex)
    celery.tasks["test.fail"].run(job.id.hex)

    assert session.get_one(Job, job.id).failed_at
    tries = settings.get().job_max_attempts
    assert (attempts("retried"), attempts("failed")) == (before[0] + tries - 1, before[1] + 1)
    assert attempts("done") == before[2] == 0


def test_a_match_is_timed_by_tender_and_by_item(as_org: AsOrg, drain: Drain) -> None:
    names = ("kerben_match_tender_duration_seconds", "kerben_match_item_duration_seconds")
    before = [value(f"{name}_{part}") for name in names for part in ("count", "sum")]
    samples.stock(as_org(["supplier"], country="CN"))
    samples.desks(as_org(["buyer"]))
    drain()
    after = [value(f"{name}_{part}") for name in names for part in ("count", "sum")]
    tenders, seconds, items, shares = (a - b for a, b in zip(after, before, strict=True))
    assert (tenders, items) == (1, 1)
    assert seconds == pytest.approx(shares)
    assert 0 < seconds < 60


def test_rows_of_an_import_are_counted_by_what_became_of_them(as_org: AsOrg, drain: Drain) -> None:
    def rows() -> list[float]:
        outcomes = ("created", "updated", "unchanged", "rejected")
        return [value("kerben_import_rows_total", outcome=outcome) for outcome in outcomes]

    seller, before = as_org(["supplier"]), rows()
    good, bad = catalog.offer(sku="A"), catalog.offer(sku="B", currency="XXX")
    for _ in range(2):
        answer = seller.post(
            "/v1/imports",
            content=catalog.ndjson_file(good, bad),
            headers={"Content-Type": "application/x-ndjson"},
            params={"format": "ndjson"},
        )
        assert answer.status_code == 202, answer.text
        drain()
    assert [a - b for a, b in zip(rows(), before, strict=True)] == [1, 0, 1, 2]


def test_the_clock_shows_how_late_it_was_and_counts_nothing_it_took_back() -> None:
    count, total = (value(f"kerben_deadline_lateness_seconds_{part}") for part in ("count", "sum"))
    with db.worker_unit_of_work() as unit:
        deadlines.arm(unit, KIND, uuid4(), db.now(unit) - timedelta(seconds=5), org_id=None)

    def taken_back() -> None:
        with db.worker_unit_of_work() as unit:
            assert deadlines.fire_due(unit, db.now(unit)) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        taken_back()
    assert value("kerben_deadline_lateness_seconds_count") == count
    clock.tick()
    assert value("kerben_deadline_lateness_seconds_count") == count + 1
    assert 5 <= value("kerben_deadline_lateness_seconds_sum") - total < 60
