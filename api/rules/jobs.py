"""Where background work waits, and when it is tried again."""

from enum import StrEnum

BASE_SECONDS = 2.0
MAX_SECONDS = 600.0
STUCK_SECONDS = 300.0
DEFAULT_QUEUE = "default"
QUEUES = {
    "matching": "matching",
    "catalog": "imports",
    "channels": "imports",
    "identity": "default",
    "opendata": "default",
    "procurement": "deadlines",
    "contracts": "deadlines",
    "delivery": "default",
    "files": "default",
    "intake": "default",
    "mail": "mail",
    "onboarding": "default",
    "payments": "default",
    "screening": "default",
    "sourcing": "deadlines",
    "translation": "default",
    "webhooks": "default",
}
"""First part of a task's name -> queue."""


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class JobState(StrEnum):
    """What an operator looks for: given up; neither done nor given up; of those, due for longer
    than `STUCK_SECONDS` without a worker."""

    FAILED = "failed"
    OPEN = "open"
    STUCK = "stuck"


def queue_of(task: str) -> str:
    """The queue in which the jobs of a task wait."""
    return QUEUES.get(task.partition(".")[0], DEFAULT_QUEUE)


def retry_delay_seconds(attempts: int, *, jitter: float) -> float:
    """Exponential back-off with full jitter: 0..2, 0..4, 0..8 … seconds, at most ten minutes.

    `attempts` counts the tries so far (>= 1), `jitter` is uniform in [0, 1). Source: "Exponential
    Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    return jitter * min(MAX_SECONDS, BASE_SECONDS * 2.0 ** (min(attempts, 30) - 1))
