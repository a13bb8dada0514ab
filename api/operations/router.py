"""Routes for the operator: jobs of everybody, how far work is behind, keys that leaked."""

from typing import Annotated, Any

from fastapi import Query

from api.core import jobs
from api.core.errors import InvalidCursor
from api.core.http import PageDep, documented
from api.core.jobs import JobNotRequeued
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.models import ApiClient
from api.identity.schemas import ClientOut
from api.operations import service
from api.operations.schemas import (
    KeyRevocationIn,
    OperatedJobId,
    OperatedJobOut,
    OutboxOut,
    RequeuedOut,
    RequeueIn,
    TaskName,
    TroubledEndpointOut,
)
from api.rules.jobs import JobState
from api.webhooks.service import troubles
from api.webhooks.service.troubles import EndpointTrouble

router = access.router("/operations", "operations")
Read = Annotated[Context, require("operations:read")]
Write = Annotated[Context, require("operations:write")]


@router.get("/jobs", response_model=Page[OperatedJobOut], responses=documented(InvalidCursor))
def list_jobs(
    ctx: Read,
    page: PageDep,
    state: Annotated[
        JobState, Query(description="Given up, neither done nor given up, or of those stuck")
    ] = JobState.FAILED,
    name: Annotated[TaskName | None, Query(description="Of one task")] = None,
) -> Page[Any]:
    """Jobs of everybody, the newest first; those that were given up, unless asked otherwise."""
    rows, cursor = jobs.list_jobs(ctx.session, page, state=state, name=name)
    items = [OperatedJobOut.of(row) for row in rows]
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/jobs/{job_id}", response_model=OperatedJobOut)
def get_job(job_id: OperatedJobId, ctx: Read) -> OperatedJobOut:
    """A job of anybody's, its arguments and its last error."""
    return OperatedJobOut.of(jobs.find(ctx.session, job_id))


@router.post(
    "/jobs/{job_id}/requeue", response_model=OperatedJobOut, responses=documented(JobNotRequeued)
)
def requeue_job(job_id: OperatedJobId, ctx: Write) -> OperatedJobOut:
    """Give a job that was given up, or waits for another try, all its tries again, at once."""
    return OperatedJobOut.of(jobs.requeue(ctx.session, job_id, actor=ctx.actor))


@router.post("/requeue-failed-jobs", response_model=RequeuedOut)
def requeue_failed(data: RequeueIn, ctx: Write) -> RequeuedOut:
    """Requeue the oldest jobs that were given up."""
    count, has_more = jobs.requeue_failed(
        ctx.session, actor=ctx.actor, name=data.name, limit=data.limit
    )
    return RequeuedOut(requeued=count, has_more=has_more)


@router.get("/outbox", response_model=OutboxOut)
def get_outbox(ctx: Read) -> OutboxOut:
    """How far relay and clock are behind."""
    return service.outbox(ctx.session)


@router.get(
    "/webhook-endpoints",
    response_model=Page[TroubledEndpointOut],
    responses=documented(InvalidCursor),
)
def list_webhook_endpoints(
    ctx: Read,
    page: PageDep,
    trouble: Annotated[
        EndpointTrouble,
        Query(description="Disabled by the service, failing, or with a queue in order that waits"),
    ] = EndpointTrouble.DISABLED,
) -> Page[Any]:
    """Endpoints of everybody that are in trouble; those that were disabled, unless asked otherwise."""
    rows, cursor = troubles.list_troubled(ctx.session, page, trouble=trouble)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post("/keys/revoke", response_model=ClientOut)
def revoke_key(data: KeyRevocationIn, ctx: Write) -> ApiClient:
    """End credentials of anybody at once, because their key was seen where it should not be."""
    return service.revoke_key(ctx.session, actor=ctx.actor, key=data.key, prefix=data.prefix)


ROUTERS = (router,)
