"""What nobody needs any more is thrown away, a batch a transaction, each by an index; what webhooks
missed is asked for.

Several may run; one at a time works. Jobs that were given up stay until they are requeued, events
until they are told.
"""

import threading
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import NamedTuple

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel

from api.channels.models import FeedBuild
from api.channels.service import feed_retention
from api.core import db, metrics, pruning, settings
from api.core.deadlines import Deadline
from api.core.idempotency import IdempotencyRecord
from api.core.jobs import Job
from api.core.origins import AuditOrigin
from api.core.outbox import OutboxEvent
from api.core.rate_storage import RateBucket
from api.core.settings import Settings
from api.identity.deprecations import DeprecatedUse
from api.identity.models import ClientAssertion, LoginSession, LoginThrottle, OneTimeToken
from api.intake.models import IntakeMessage
from api.payments.stripe_rail import polling

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 600.0
SECONDS_A_DAY = 24 * 60 * 60
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('kerben.housekeeper', 19))")


class Rule(NamedTuple):
    """A table, the moment from which its rows are kept, and for how many days; with `content`, the
    column that is emptied while the row stays."""

    model: type[SQLModel]
    column: str
    days: int
    content: str | None = None


def rules(config: Settings) -> tuple[Rule, ...]:
    """What is deleted, and when."""
    return (
        Rule(Job, "done_at", config.job_retention_days),
        Rule(OutboxEvent, "dispatched_at", config.outbox_keep_days),
        Rule(IdempotencyRecord, "expires_at", 0),
        Rule(ClientAssertion, "expires_at", 0),
        Rule(LoginSession, "expires_at", config.session_keep_days),
        Rule(OneTimeToken, "expires_at", config.session_keep_days),
        Rule(LoginThrottle, "last_failed_at", config.throttle_keep_days),
        Rule(Deadline, "fired_at", config.deadline_keep_days),
        Rule(AuditOrigin, "created_at", config.audit_origin_keep_days),
        Rule(DeprecatedUse, "last_used_at", config.usage_keep_days),
        Rule(RateBucket, "touched_at", _longest_window(config)),
        Rule(IntakeMessage, "worked_at", config.intake_content_days, content="body"),
    )


def tidy(stop: threading.Event | None = None) -> int:
    """Prune what is due; how many rows that were."""
    pruned = 0
    for rule in rules(settings.get()):
        pruned += _batches(rule.model, partial(_apply, rule), pruning.AT_ONCE, stop)
    return pruned + _batches(FeedBuild, feed_retention.expunge, feed_retention.AT_ONCE, stop)


def _batches(
    model: type[SQLModel],
    act: Callable[[Session], int],
    at_once: int,
    stop: threading.Event | None,
) -> int:
    """Do `act`, a transaction each, until it found less than it may do at once; how many rows."""
    done, some = 0, at_once
    while some == at_once and not (stop and stop.is_set()):
        with db.worker_unit_of_work() as session:
            if not session.connection().scalar(_LOCK):
                return done
            some = act(session)
        done += some
        metrics.PRUNED_ROWS.labels(model.__tablename__).inc(some)
    return done


def _apply(rule: Rule, session: Session) -> int:
    if rule.content is None:
        return pruning.prune(session, rule.model, rule.column, days=rule.days)
    return pruning.blank(session, rule.model, rule.column, rule.content, days=rule.days)


def _longest_window(config: Settings) -> int:
    """Days after which no limit reaches back to a counter any more."""
    quotas = (quota for plan in config.rate_limits.values() for quota in plan.values())
    seconds = max((int(quota.partition("/")[2]) for quota in quotas), default=0)
    return 1 + ceil(2 * seconds / SECONDS_A_DAY)


def run(stop: threading.Event) -> None:
    """Tidy until `stop`; when the database is away, go on trying."""
    while not stop.is_set():
        try:
            if pruned := tidy(stop):
                log.info("pruned", rows=pruned)
            with db.worker_unit_of_work() as session:
                polling.ask_if_due(session)
        except (SQLAlchemyError, OSError) as error:
            log.warning("housekeeper interrupted", error=str(error))
        stop.wait(PAUSE_SECONDS)
