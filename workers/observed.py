"""What others see of the work: a span and a duration for every attempt at a job."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery.signals import worker_process_init, worker_process_shutdown
from opentelemetry.trace import Span, SpanKind

from api.core import metrics, settings, traces
from api.core.jobs import Job
from api.rules.jobs import queue_of


@dataclass(slots=True)
class Attempt:
    """One attempt at a job, done unless it is said to have failed."""

    span: Span
    last: bool
    outcome: str = "done"

    def fail(self, error: Exception) -> None:
        """It ended in an error, and is tried again unless it was the last."""
        self.outcome = "failed" if self.last else "retried"
        traces.mark_failed(self.span, error)


@contextmanager
def attempt(job: Job) -> Iterator[Attempt]:
    """Observe the block as an attempt at a claimed job, in the trace that asked for it."""
    about: dict[str, str | int] = {
        "kerben.job": job.id.hex,
        "kerben.task": job.name,
        "kerben.queue": queue_of(job.name),
        "kerben.attempt": job.attempts,
    }
    if job.request_id:
        about["kerben.request"] = job.request_id
    origins, started = job.traceparents or (), time.perf_counter()
    with traces.span(job.name, SpanKind.CONSUMER, origins=origins, attributes=about) as span:
        now = Attempt(span, last=job.tries >= settings.get().job_max_attempts)
        try:
            yield now
        except BaseException:
            now.outcome = "interrupted" if now.outcome == "done" else now.outcome
            raise
        finally:
            span.set_attribute("kerben.outcome", now.outcome)
            seconds = time.perf_counter() - started
            metrics.JOB_DURATION.labels(job.name, now.outcome).observe(seconds)


def rows_taken(counts: Mapping[str, int]) -> None:
    """So many rows of a file were taken, by outcome."""
    for outcome, number in counts.items():
        metrics.IMPORT_ROWS.labels(outcome).inc(number)


def start_traces(**_: Any) -> None:
    """Each forked child exports its own spans."""
    traces.start()


def stop_traces(**_: Any) -> None:
    """A child ends without running what Python does at exit."""
    traces.stop()


worker_process_init.connect(start_traces)
worker_process_shutdown.connect(stop_traces)
