"""Webhooks: life of an endpoint and of a delivery, when to try again, when to give up.

Sources: Standard Webhooks 1.0.0 (operational considerations) for the schedule, 410 and throttling;
RFC 9110 section 10.2.3 for Retry-After.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

from api.rules.states import Machine


class EndpointStatus(StrEnum):
    """Whether an endpoint gets anything."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"


class DisabledReason(StrEnum):
    """Why an endpoint gets nothing any more."""

    OWNER = "owner"
    FAILING = "failing"
    GONE = "gone"


class DeliveryStatus(StrEnum):
    """What has become of a message for an endpoint."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Ordering(StrEnum):
    """In which order an endpoint gets the events of one resource."""

    BEST_EFFORT = "best_effort"
    FIFO = "fifo"


class SignatureScheme(StrEnum):
    """v1: HMAC-SHA256 with a shared secret. v1a: Ed25519, the receiver has only the public key."""

    V1 = "v1"
    V1A = "v1a"


_E, _D = EndpointStatus, DeliveryStatus
ENDPOINT = Machine(
    {
        "disable": (frozenset({_E.ENABLED}), _E.DISABLED),
        "enable": (frozenset({_E.DISABLED}), _E.ENABLED),
        "delete": (frozenset({_E.ENABLED, _E.DISABLED}), _E.DELETED),
    }
)
DELIVERY = Machine(
    {
        "retry": (frozenset({_D.PENDING}), _D.PENDING),
        "succeed": (frozenset({_D.PENDING}), _D.SUCCEEDED),
        "fail": (frozenset({_D.PENDING}), _D.FAILED),
        "cancel": (frozenset({_D.PENDING, _D.FAILED}), _D.CANCELLED),
        "resend": (frozenset(_D), _D.PENDING),
    }
)

SCHEDULE_SECONDS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Waits after the first, second, … attempt: the example of Standard Webhooks, 75.6 h in all."""
JITTER = 0.2
THROTTLED = frozenset({429, 502, 504})
"""Answers by which a receiver says that it has too much to do."""
THROTTLED_SECONDS = 60.0
GONE = 410
ABORT = "abort-message"
"""Value of the answer's header `webhook-delivery` that asks for no further attempt."""

FAILING_FOR = timedelta(hours=120)
FAILURES_APART = timedelta(hours=12)
ENABLE_COOLDOWN = timedelta(minutes=10)

CIRCUIT_FAILURES = 5
CIRCUIT_SECONDS = 30.0
CIRCUIT_MAX_SECONDS = 900.0


def retry_delay(
    schedule: Sequence[float],
    attempts: int,
    *,
    jitter: float,
    throttled: bool = False,
    retry_after: float | None = None,
) -> float | None:
    """Seconds until the next attempt after `attempts` (>= 1) of them; None when none is left.

    The wait of the schedule, ±20 % by `jitter` in [0, 1). A `retry_after` in seconds is followed
    between the wait and its double; a receiver that is throttling or silent gets a minute at least.
    """
    if attempts > len(schedule):
        return None
    base = float(schedule[attempts - 1])
    if throttled:
        base = max(base, THROTTLED_SECONDS)
    if retry_after is not None:
        return min(max(retry_after, base), 2 * base)
    wait = base * (1 + JITTER * (2 * jitter - 1))
    return max(wait, THROTTLED_SECONDS) if throttled else wait


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Retry-After as seconds from `now`: a number or an HTTP date; None for anything else."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def circuit_open_seconds(failures: int, *, jitter: float) -> float | None:
    """How long an endpoint is left alone after so many failures in a row; None: it is not.

    Doubles with each further failure, up to 15 minutes, ±20 % by `jitter` in [0, 1).
    """
    if failures < CIRCUIT_FAILURES:
        return None
    doubled = CIRCUIT_SECONDS * 2.0 ** min(failures - CIRCUIT_FAILURES, 16)
    return min(doubled, CIRCUIT_MAX_SECONDS) * (1 + JITTER * (2 * jitter - 1))


def may_fly(max_in_flight: int, failures: int) -> int:
    """How many attempts an endpoint may have at once: a single probe while it keeps failing."""
    return 1 if failures >= CIRCUIT_FAILURES else max_in_flight


def is_hopeless(failing_since: datetime, last_failure: datetime, now: datetime) -> bool:
    """True when an endpoint has only failed for 120 hours, and not in one bad night alone.

    `failing_since` is the first failure after the last success.
    """
    return now - failing_since >= FAILING_FOR and last_failure - failing_since >= FAILURES_APART
