"""The audit log: places for new entries every few seconds, a signed head every hour.

Several may run; one at a time works. It is a thread of its own, so that a large backlog never
delays the clock or the relay.
"""

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.audit import log as audit_log
from api.core import db, settings, signing

log = structlog.get_logger(__name__)


def sequence_all(settled: int = 0) -> int:
    """Place every committed entry; what the next call may take as settled."""
    while True:
        with db.worker_unit_of_work() as session:
            done = audit_log.sequence(session, settled)
        if done is None:
            return settled
        settled = done.settled
        if not done.more:
            return settled


def publish_due() -> None:
    """Sign a head if one is due."""
    with db.worker_unit_of_work() as session:
        head = audit_log.publish(session)
    if head is not None:
        log.info("audit head signed", number=head.number, tree_size=head.tree_size)


def run(stop: threading.Event) -> None:
    """Work until `stop`; when the database is away or the key unusable, go on trying."""
    settled = 0
    while not stop.is_set():
        try:
            settled = sequence_all(settled)
            publish_due()
        except (SQLAlchemyError, OSError) as error:
            log.warning("audit log interrupted", error=str(error))
        except signing.KeyUnusable as error:
            log.error("audit heads cannot be signed", error=str(error))
        stop.wait(settings.get().audit_sequence_seconds)
