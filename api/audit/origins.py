"""From where the changes of a stream were asked, for the keeper of the log, as long as it is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, true
from sqlmodel import Session, col

from api.core.audit import AuditEntry
from api.core.origins import AuditOrigin


class Asked(NamedTuple):
    """An entry, and the request that it goes back to; also when a job of that request wrote it."""

    seq: int
    at: datetime
    action: str
    actor: str
    ip: str | None
    key_prefix: str | None


def of_stream(session: Session, stream: str) -> Sequence[Asked]:
    """The entries of a stream, in order; without an origin where none was or is kept.

    A session of the workers' role: the API's may not read where requests came from.
    """
    origin = (
        select(col(AuditOrigin.ip), col(AuditOrigin.key_prefix))
        .where(col(AuditOrigin.request_id) == col(AuditEntry.request_id))
        .order_by(col(AuditOrigin.id).desc())
        .limit(1)
        .lateral()
    )
    query = (
        select(
            col(AuditEntry.seq),
            col(AuditEntry.created_at),
            col(AuditEntry.action),
            col(AuditEntry.actor),
            origin.c.ip,
            origin.c.key_prefix,
        )
        .outerjoin(origin, true())
        .where(col(AuditEntry.stream) == stream)
        .order_by(col(AuditEntry.seq))
    )
    return [Asked(*row) for row in session.connection().execute(query)]
