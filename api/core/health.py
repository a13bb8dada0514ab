"""/livez, /readyz and /metrics."""

from alembic.runtime.migration import MigrationContext
from fastapi import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from api.core import db, migrations
from api.core.errors import Unavailable
from api.core.http import documented, public_router
from api.core.rate_limits import limited

router = public_router("", "health")


class Health(BaseModel):
    """`ok`, or the request is answered with a problem."""

    status: str = "ok"


@router.get("/livez")
@limited(None)
async def livez() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", responses=documented(Unavailable))
@limited(None)
def readyz() -> Health:
    """The database answers, and its migrations are at least those of this release.

    Newer ones are well: they only add to what this release uses (CONTRIBUTING.md).
    """
    try:
        with db.engine("app").connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        raise Unavailable("The database does not answer.") from error
    if migrations.is_behind(current):
        raise Unavailable(f"The database is at migration {current}, not {migrations.head()}.")
    return Health()


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
@limited(None)
def metrics() -> Response:
    """Prometheus metrics of this process, the outbox and the jobs."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
