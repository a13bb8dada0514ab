"""What the operator of an installation sees and asks for."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.core.ids import PublicId
from api.core.jobs import Job
from api.rules.jobs import JobStatus, queue_of
from api.rules.webhooks import DisabledReason, EndpointStatus, Ordering
from api.webhooks.schemas.endpoints import EndpointId

OperatedJobId = Annotated[UUID, PublicId("job")]
OperatedOrgId = Annotated[UUID, PublicId("organisation")]
TaskName = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=100)]


class OperatedJobOut(BaseModel):
    """A job of anybody's, with what its last try ended in."""

    id: OperatedJobId
    name: str = Field(examples=["delivery.rescore"])
    queue: str
    org_id: OperatedOrgId | None
    status: JobStatus
    args: dict[str, Any]
    attempts: int
    last_error: str | None
    request_id: str | None
    run_at: datetime
    lease_until: datetime | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """The job as its operator sees it."""
        names = cls.model_fields.keys() - {"queue", "ended_at"}
        return cls(
            **{name: getattr(job, name) for name in names},
            queue=queue_of(job.name),
            ended_at=job.done_at or job.failed_at,
        )


class RequeueIn(BaseModel):
    """Which of the jobs that were given up; all of them without a name."""

    model_config = ConfigDict(extra="forbid")

    name: TaskName | None = Field(default=None, examples=["delivery.rescore"])
    limit: int = Field(default=500, ge=1, le=1000, examples=[500])


class RequeuedOut(BaseModel):
    """How many jobs have all their tries again; `has_more` when others are left."""

    requeued: int
    has_more: bool


class PendingOut(BaseModel):
    """Events of a type that no relay has taken yet."""

    type: str = Field(examples=["tender.published"])
    pending: int
    oldest_at: datetime


class OutboxOut(BaseModel):
    """How far the relay is behind: events not yet taken, and the age of the oldest."""

    pending: int
    lag_seconds: float
    overdue_seconds: float = Field(description="Age of the oldest deadline that no clock has fired")
    types: list[PendingOut] = Field(description="The twenty with the most events")


class TroubledEndpointOut(BaseModel):
    """An endpoint of anybody's that is disabled, fails or is behind."""

    id: EndpointId
    org_id: OperatedOrgId
    url: str = Field(
        description="Without its query, which may hold what only its owner should know",
        examples=["https://hooks.example.kg/kerben"],
    )
    ordering: Ordering
    status: EndpointStatus
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    failures: int = Field(description="In a row")
    failing_since: datetime | None
    last_success_at: datetime | None
    waiting: int = Field(description="Deliveries that have not been taken")
    lag_seconds: float = Field(description="Age of the oldest of them")


class KeyRevocationIn(BaseModel):
    """A key that leaked: the whole of it, or its prefix as lists show it."""

    model_config = ConfigDict(extra="forbid")

    key: str | None = Field(
        default=None,
        min_length=20,
        max_length=100,
        examples=["kgp_live_00000000000000000000000000000000"],
    )
    prefix: str | None = Field(default=None, min_length=6, max_length=16, examples=["4fGh2Kd9"])

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.key is None) == (self.prefix is None):
            raise ValueError("give either the key or its prefix")
        return self
