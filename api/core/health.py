"""/livez, /readyz and /metrics."""

from alembic.runtime.migration import MigrationContext
from fastapi import Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.core import db, migrations
from api.core.errors import Unavailable
from api.core.http import documented, public_router

router = public_router("", "health")
OUTBOX_PENDING = Gauge("kerben_outbox_pending", "Events that no relay has dispatched yet")
OUTBOX_LAG = Gauge("kerben_outbox_lag_seconds", "Age of the oldest event not dispatched")
JOBS_OPEN = Gauge("kerben_jobs_open", "Jobs neither done nor given up")
JOBS_FAILED = Gauge("kerben_jobs_failed", "Jobs given up")


class Health(BaseModel):
    """`ok`, or the request is answered with a problem."""

    status: str = "ok"


@router.get("/livez")
async def livez() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", responses=documented(Unavailable))
def readyz() -> Health:
    """The database answers and its migrations are at head."""
    try:
        with db.engine("app").connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        raise Unavailable("The database does not answer.") from error
    if current != migrations.head():
        raise Unavailable(f"The database is at migration {current}, not {migrations.head()}.")
    return Health()


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics() -> Response:
    """Prometheus metrics of this process, the outbox and the jobs."""
    with db.worker_unit_of_work() as session:
        pending, lag, open_jobs, failed = (
            session.connection()
            .execute(
                text(
                    "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0),"
                    " (SELECT count(*) FROM job WHERE done_at IS NULL AND failed_at IS NULL),"
                    " (SELECT count(*) FROM job WHERE failed_at IS NOT NULL)"
                    " FROM outbox_event WHERE dispatched_at IS NULL"
                )
            )
            .one()
        )
    OUTBOX_PENDING.set(pending)
    OUTBOX_LAG.set(float(lag))
    JOBS_OPEN.set(open_jobs)
    JOBS_FAILED.set(failed)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
