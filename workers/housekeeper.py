"""What nobody needs any more is thrown away: jobs that were done long ago. What webhooks missed is
asked for.

Several may run; one at a time works. Jobs that were given up stay until they are requeued.
"""

import threading

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.core import db, jobs, settings
from api.payments.stripe_rail import polling

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 600.0
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('kerben.housekeeper', 19))")


def tidy(stop: threading.Event | None = None) -> int:
    """Prune what is due, one batch a transaction; how many rows that were."""
    pruned = 0
    while stop is None or not stop.is_set():
        with db.worker_unit_of_work() as session:
            if not session.connection().scalar(_LOCK):
                return pruned
            some = jobs.prune(session, older_than_days=settings.get().job_retention_days)
        pruned += some
        if some < jobs.PRUNED_AT_ONCE:
            break
    return pruned


def run(stop: threading.Event) -> None:
    """Tidy until `stop`; when the database is away, go on trying."""
    while not stop.is_set():
        try:
            if pruned := tidy(stop):
                log.info("pruned", jobs=pruned)
            with db.worker_unit_of_work() as session:
                polling.ask_if_due(session)
        except (SQLAlchemyError, OSError) as error:
            log.warning("housekeeper interrupted", error=str(error))
        stop.wait(PAUSE_SECONDS)
