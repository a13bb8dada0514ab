"""Reads that a streaming replica may serve: only those that are sure to see all they must."""

import time
from collections.abc import Callable

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from api.core import db, metrics, settings

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 10.0
_away_until = float("-inf")
# What others have committed is flushed before anybody sees it, unless commits do not wait for that;
# what is only inserted may belong to transactions that are still open, and reaches no replica yet.
_POSITION = text(
    "SELECT CASE current_setting('synchronous_commit') WHEN 'off'"
    " THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END::text"
)
_REACHED = text(
    "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn)"
)


def position(session: Session) -> str | None:
    """Where the primary's log ends: all that was committed until now lies before it.

    None when KERBEN_REPLICA_DATABASE_URL names no replica.
    """
    if settings.get().replica_database_url is None:
        return None
    found: str = session.connection().scalar(_POSITION)
    return found


def read[T](session: Session, position: str | None, query: Callable[[Session], T]) -> T:
    """`query` on the replica, if it has replayed the log up to `position`; else on `session`.

    Changes of `session` that are not committed are not seen by a replica. One that fails is left
    alone for `PAUSE_SECONDS`.
    """
    global _away_until
    if position is None:
        return query(session)
    outcome = "unavailable"
    if time.monotonic() >= _away_until:
        try:
            with Session(db.engine("replica"), expire_on_commit=False) as replica, replica.begin():
                if replica.connection().scalar(_REACHED, {"position": position}):
                    found = query(replica)
                    metrics.REPLICA_READS.labels("served").inc()
                    return found
            outcome = "lagging"
        except SQLAlchemyError as error:
            _away_until = time.monotonic() + PAUSE_SECONDS
            log.warning("replica unavailable", error=str(error))
    metrics.REPLICA_READS.labels(outcome).inc()
    return query(session)
