"""Work that was asked for and happens in the background."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.core import jobs
from api.core.ids import PublicId
from api.core.jobs import Job
from api.identity import access
from api.identity.access import Context, require
from api.rules.jobs import JobStatus

router = access.router("/jobs", "jobs")
JobId = Annotated[UUID, PublicId("job")]


class Progress(BaseModel):
    """How far a job is; `total` is not always known before its end."""

    done: int
    total: int | None


class JobOut(BaseModel):
    """A job and, once it has succeeded, its result."""

    id: JobId
    name: str = Field(examples=["catalog.import_offers"])
    status: JobStatus
    progress: Progress
    result: dict[str, Any] | None = Field(
        examples=[{"created": 358, "updated": 0, "unchanged": 0, "rejected": 2}]
    )
    attempts: int = Field(description="How often it was begun; more than 1 after an interruption")
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        """The job as the API shows it."""
        return cls(
            id=job.id,
            name=job.name,
            status=job.status,
            progress=Progress(done=job.progress_done, total=job.progress_total),
            result=job.result,
            attempts=job.attempts,
            created_at=job.created_at,
            ended_at=job.done_at or job.failed_at,
        )


@router.get("/{job_id}", response_model=JobOut)
def get(job_id: JobId, ctx: Annotated[Context, require("jobs:read")]) -> JobOut:
    """How far a job of yours is."""
    return JobOut.of(jobs.get(ctx.session, org_id=ctx.org_id, job_id=job_id))
