"""What the operator does to an installation that runs. Never commits."""

from sqlalchemy import text
from sqlmodel import Session, select

from api.core import db
from api.core.errors import NotFound
from api.identity import credentials
from api.identity import service as identity
from api.identity.models import ApiClient
from api.operations.schemas import OutboxOut, PendingOut

_LAG = text("""
    SELECT count(*), coalesce(greatest(0, extract(epoch FROM clock_timestamp() - min(created_at))), 0)
    FROM outbox_event WHERE dispatched_at IS NULL
""")
_OVERDUE = text("""
    SELECT coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(due_at)), 0)
    FROM deadline WHERE fired_at IS NULL AND due_at <= :now
""")
_TYPES = text("""
    SELECT type, count(*) AS pending, min(created_at) AS oldest_at FROM outbox_event
    WHERE dispatched_at IS NULL GROUP BY type ORDER BY 2 DESC, 1 LIMIT 20
""")


def outbox(session: Session) -> OutboxOut:
    """How far relay and clock are behind."""
    connection = session.connection()
    pending, lag = connection.execute(_LAG).one()
    return OutboxOut(
        pending=pending,
        lag_seconds=float(lag),
        overdue_seconds=float(connection.scalar(_OVERDUE, {"now": db.now(session)}) or 0),
        types=[PendingOut(**row._mapping) for row in connection.execute(_TYPES)],
    )


def revoke_key(
    session: Session, *, actor: str, key: str | None = None, prefix: str | None = None
) -> ApiClient:
    """End credentials of anybody at once, by the key or its prefix. Raises NotFound.

    Access tokens that were issued for them end with the next request.
    """
    wanted = credentials.prefix_of(key) if key is not None else prefix
    client = session.exec(select(ApiClient).where(ApiClient.prefix == wanted)).one_or_none()
    if wanted is None or client is None:
        raise NotFound("No credentials begin like this.")
    return identity.revoke_client(session, org_id=client.org_id, actor=actor, client_id=client.id)
