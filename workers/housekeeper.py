"""What nobody needs any more is thrown away, a batch a transaction, each by an index; what webhooks
missed is asked for.

Several may run; one at a time works. Jobs that were given up stay until they are requeued, events
until they are told.
"""

import threading
from typing import NamedTuple

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from api.core import db, metrics, pruning, settings
from api.core.idempotency import IdempotencyRecord
from api.core.jobs import Job
from api.core.outbox import OutboxEvent
from api.core.settings import Settings
from api.identity.models import ClientAssertion, LoginSession, LoginThrottle, OneTimeToken
from api.payments.stripe_rail import polling

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 600.0
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('kerben.housekeeper', 19))")


class Rule(NamedTuple):
    """A table, the moment from which its rows are kept, and for how many days."""

    model: type[SQLModel]
    column: str
    days: int


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
    )


def tidy(stop: threading.Event | None = None) -> int:
    """Prune what is due; how many rows that were."""
    pruned = 0
    for rule in rules(settings.get()):
        some = pruning.AT_ONCE
        while some == pruning.AT_ONCE and not (stop and stop.is_set()):
            with db.worker_unit_of_work() as session:
                if not session.connection().scalar(_LOCK):
                    return pruned
                some = pruning.prune(session, rule.model, rule.column, days=rule.days)
            pruned += some
            metrics.PRUNED_ROWS.labels(rule.model.__tablename__).inc(some)
    return pruned


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
