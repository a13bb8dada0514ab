"""Work that happens later: a row holds its arguments, lease, attempts and progress.

A broker message carries only the job's id. `claim` is a compare-and-set, so that a message
delivered twice is a no-op, and a job whose worker died is claimed again after its lease.
`dispatched_until` is the time until which a message counts as under way; a claim ends it, and
from then on the lease says when to send again.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint, or_, text, update
from sqlmodel import Field, Session, col, select

from api.core import audit, db, pages, settings, traces
from api.core.errors import Conflict, NotFound
from api.core.pages import PageQuery
from api.core.tables import JSON, TEXTS, TIMESTAMP, Table
from api.rules.jobs import STUCK_SECONDS, JobState, JobStatus, queue_of, retry_delay_seconds


class JobNotRequeued(Conflict):
    """The job is done, or a worker holds it."""

    code, title = "job_not_requeued", "Only a job that waits or was given up is requeued"


class Job(Table, table=True):
    """One call of a task. Its status is derived from the columns, never stored.

    `lane` is the queue and on whose account the job runs: lanes are served in turn.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "ix_job_open", "run_at", postgresql_where=text("done_at IS NULL AND failed_at IS NULL")
        ),
        Index(
            "ix_job_lane",
            "lane",
            "run_at",
            postgresql_where=text("done_at IS NULL AND failed_at IS NULL"),
        ),
        Index("ix_job_done", "done_at", postgresql_where=text("done_at IS NOT NULL")),
        Index("ix_job_failed", "name", postgresql_where=text("failed_at IS NOT NULL")),
        UniqueConstraint("event_id", "name"),
    )

    name: str = Field(max_length=100)
    args: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    org_id: UUID | None = Field(default=None, index=True)
    lane: str = Field(
        default="", max_length=80, sa_column_kwargs={"server_default": ""}, nullable=False
    )
    event_id: UUID | None = Field(default=None)
    request_id: str | None = Field(default=None, max_length=64)
    traceparents: list[str] | None = Field(default=None, sa_type=TEXTS)
    run_at: datetime = Field(
        sa_column=Column(TIMESTAMP, nullable=False, server_default=text("now()"))
    )
    attempts: int = 0
    attempts_at_step: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    lease_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    dispatched_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    done_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    failed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    last_error: str | None = Field(default=None, max_length=2000)
    progress_done: int = 0
    progress_total: int | None = None
    cursor: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    result: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))

    @property
    def tries(self) -> int:
        """Attempts since a step of it was last done; one that moves on is never given up."""
        return self.attempts - self.attempts_at_step

    @property
    def status(self) -> JobStatus:
        if self.done_at:
            return JobStatus.SUCCEEDED
        if self.failed_at:
            return JobStatus.FAILED
        return JobStatus.RUNNING if self.lease_until else JobStatus.QUEUED


def enqueue(
    session: Session,
    name: str,
    args: dict[str, Any],
    *,
    org_id: UUID | None = None,
    account: UUID | None = None,
    event_id: UUID | None = None,
    request_id: str | None = None,
    origins: Sequence[str] | None = None,
) -> Job:
    """Ask for `name(**args)` to run after this transaction commits.

    `org_id` is the organisation that asked for it and may follow it; `account`, the same by
    default, the one on whose account it runs, so that it waits behind that one's other work and
    nobody else's. `origins` are the traces that it goes on with, the current one by default.
    """
    if origins is None:
        current = traces.traceparent()
        origins = [current] if current else []
    job = Job(
        name=name,
        args=args,
        org_id=org_id,
        lane=_lane(name, account or org_id),
        event_id=event_id,
        request_id=request_id,
        traceparents=list(origins) or None,
        run_at=db.now(session),
    )
    session.add(job)
    return job


def get(session: Session, *, org_id: UUID, job_id: UUID) -> Job:
    """A job that `org_id` asked for; NotFound for anybody else."""
    job = session.exec(select(Job).where(Job.id == job_id, Job.org_id == org_id)).one_or_none()
    if job is None:
        raise NotFound
    return job


def claim(session: Session, job_id: UUID) -> Job | None:
    """Take the lease of a job that is due and free; None when there is nothing to do.

    A job whose workers were lost as often as a job may be tried is given up, because it may be
    what kills them. Another claim is not waited for. The relay, which may just be noting that
    it has sent the message, is: to give up here would lose the message.
    """
    free = session.connection().scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:lock, 13))"), {"lock": job_id.hex}
    )
    if not free:
        return None
    now = db.now(session)
    job = session.exec(
        select(Job)
        .where(Job.id == job_id, col(Job.done_at).is_(None), col(Job.failed_at).is_(None))
        .where(Job.run_at <= now)
        .where(or_(col(Job.lease_until).is_(None), col(Job.lease_until) <= now))
        .with_for_update()
    ).one_or_none()
    if job is None:
        return None
    if job.tries >= settings.get().job_max_attempts:
        job.failed_at, job.lease_until = now, None
        job.last_error = job.last_error or "Its worker was lost each time."
        return None
    job.attempts += 1
    job.dispatched_until = None
    job.lease_until = now + timedelta(seconds=settings.get().job_lease_seconds)
    session.add(job)
    return job


def dispatched(session: Session, job_ids: Sequence[UUID], until: datetime | None) -> None:
    """Their messages count as under way `until`; None makes them due again at once.

    A job that a worker has claimed meanwhile is left alone.
    """
    session.connection().execute(
        update(Job)
        .where(col(Job.id).in_(job_ids), col(Job.dispatched_until).is_not(None))
        .values(dispatched_until=until)
    )


def hold(session: Session, job_id: UUID, attempt: int) -> Job | None:
    """Lock a claimed job for the transaction that does its work.

    None when the lease has passed to another worker (`attempts` moved on) or the job is over.
    """
    job = session.exec(
        select(Job)
        .where(Job.id == job_id, Job.attempts == attempt)
        .where(col(Job.done_at).is_(None), col(Job.failed_at).is_(None))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if job is not None:
        job.lease_until = db.now(session) + timedelta(seconds=settings.get().job_lease_seconds)
    return job


def move_on(session: Session, job: Job) -> None:
    """A step of a claimed job is done, in the transaction that holds its effects and its cursor.

    Its tries begin anew with this one: a long job outlives more restarts than it has tries.
    """
    job.attempts_at_step = job.attempts - 1
    session.add(job)


def finish(session: Session, job: Job, result: dict[str, Any] | None = None) -> None:
    """Mark the job done, in the transaction that holds its effects."""
    job.done_at, job.lease_until, job.result, job.last_error = db.now(session), None, result, None
    session.add(job)


def retry_or_fail(session: Session, job_id: UUID, attempt: int, error: str) -> None:
    """After an error: run again later with full jitter, or give up after the last attempt."""
    job = hold(session, job_id, attempt)
    if job is None:
        return
    now = db.now(session)
    job.lease_until, job.dispatched_until, job.last_error = None, None, error[:2000]
    if job.tries >= settings.get().job_max_attempts:
        job.failed_at = now
    else:
        delay = retry_delay_seconds(job.tries, jitter=random.random())
        job.run_at = now + timedelta(seconds=delay)
    session.add(job)


def find(session: Session, job_id: UUID) -> Job:
    """A job of anybody, for the operator; NotFound when there is none."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound
    return job


def list_jobs(
    session: Session, page: PageQuery, *, state: JobState | None = None, name: str | None = None
) -> tuple[Sequence[Job], str | None]:
    """Jobs of everybody in a state, the newest first, for the operator."""
    query = select(Job)
    if state is not None:
        query = query.where(*_in_state(state, db.now(session)))
    if name is not None:
        query = query.where(Job.name == name)
    filters = {"state": state, "name": name}
    return pages.newest_first(session, query, Job, page, scope="all-jobs", filters=filters)


def requeue(session: Session, job_id: UUID, *, actor: str) -> Job:
    """Give a job that was given up, or that waits for another try, all its tries again, at once.

    Raises NotFound, and JobNotRequeued for one that is done or that a worker holds. What its
    earlier tries have done is there: effects and cursor commit together, so that it goes on.
    """
    query = select(Job).where(Job.id == job_id).with_for_update()
    job = session.exec(query).one_or_none()
    if job is None:
        raise NotFound
    now = db.now(session)
    if job.done_at is not None or (job.lease_until is not None and job.lease_until > now):
        raise JobNotRequeued
    audit.record(
        session,
        f"job:{job.id.hex}",
        "requeue",
        actor=actor,
        org_id=job.org_id,
        change={"name": job.name, "attempts": job.attempts, "last_error": job.last_error},
    )
    job.failed_at, job.lease_until, job.dispatched_until = None, None, None
    job.attempts, job.attempts_at_step, job.run_at = 0, 0, now
    session.add(job)
    session.connection().execute(text("SELECT pg_notify('kerben_outbox', '')"))
    return job


def requeue_failed(
    session: Session, *, actor: str, name: str | None = None, limit: int = 500
) -> tuple[int, bool]:
    """Requeue the oldest jobs that were given up; how many, and whether more are left."""
    query = select(Job.id).where(col(Job.failed_at).is_not(None))
    if name is not None:
        query = query.where(Job.name == name)
    found = session.exec(query.order_by(col(Job.id)).limit(limit + 1)).all()
    for job_id in found[:limit]:
        requeue(session, job_id, actor=actor)
    return min(len(found), limit), len(found) > limit


def _in_state(state: JobState, now: datetime) -> list[Any]:
    opened = [col(Job.done_at).is_(None), col(Job.failed_at).is_(None)]
    match state:
        case JobState.FAILED:
            return [col(Job.failed_at).is_not(None)]
        case JobState.OPEN:
            return opened
        case JobState.STUCK:
            since = now - timedelta(seconds=STUCK_SECONDS)
            held = or_(col(Job.lease_until).is_(None), col(Job.lease_until) < now)
            return [*opened, col(Job.run_at) < since, held]


def _lane(name: str, account: UUID | None) -> str:
    return f"{queue_of(name)}:{account.hex if account else ''}"


def job_uuid(text_id: str) -> UUID:
    """The id that a broker message carries."""
    return UUID(hex=text_id)
