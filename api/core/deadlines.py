"""Moments at which a state must move on. The clock only moves states: whether an act is late
is decided in its own transaction, by the deadline column and the database's clock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, delete, text, tuple_
from sqlmodel import Field, Session, col, select
from uuid_utils.compat import uuid7

from api.core import bulk, db, metrics, traces
from api.core.outbox import emit
from api.core.tables import TIMESTAMP, Table

_ARM = text("""
    SELECT kerben_arm(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:resources AS uuid[]),
      CAST(:moments AS timestamptz[]), :keep)
""")
_DISARM = text("SELECT kerben_disarm(CAST(:kinds AS text[]), CAST(:resources AS uuid[]))")


class Deadline(Table, table=True):
    """`kind` is the event type emitted when `due_at` has come, for example "tender.period_ended".

    One without an organisation is set by whichever side acts. Row-level security shows it to none:
    it is named to functions of the database, by kind and resource.
    """

    __tablename__ = "deadline"
    __table_args__ = (
        UniqueConstraint("resource_id", "kind"),
        Index("ix_deadline_due", "due_at", postgresql_where=text("fired_at IS NULL")),
        Index("ix_deadline_fired_at", "fired_at", postgresql_where=text("fired_at IS NOT NULL")),
    )

    kind: str = Field(max_length=100)
    resource_id: UUID
    org_id: UUID | None = None
    due_at: datetime = Field(sa_type=TIMESTAMP)
    fired_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


def arm(
    session: Session, kind: str, resource_id: UUID, due_at: datetime, *, org_id: UUID | None
) -> None:
    """Set or move the deadline of a resource; a moved one fires again."""
    if org_id is None:
        _arm_shared(session, {(kind, resource_id): due_at})
        return
    deadline = _find(session, kind, resource_id)
    if deadline is None:
        deadline = Deadline(kind=kind, resource_id=resource_id, org_id=org_id, due_at=due_at)
    deadline.due_at, deadline.fired_at = due_at, None
    session.add(deadline)


def ensure(session: Session, kind: str, resource_id: UUID, due_at: datetime) -> None:
    """Set a deadline of no organisation unless there is one; one that has fired is left so."""
    _arm_shared(session, {(kind, resource_id): due_at}, keep=True)


def disarm(session: Session, kind: str, resource_id: UUID) -> None:
    """Forget the deadline, if there is one."""
    deadline = _find(session, kind, resource_id)
    if deadline is not None:
        session.delete(deadline)
    else:
        _disarm_shared(session, [(kind, resource_id)])


def arm_all(
    session: Session, due: Mapping[tuple[str, UUID], datetime | None], *, org_id: UUID | None
) -> None:
    """Set or move the deadline of every (kind, resource); None: forget it, if there is one."""
    armed = {key: at for key, at in due.items() if at is not None}
    over = [key for key, at in due.items() if at is None]
    if org_id is None:
        _arm_shared(session, armed)
        _disarm_shared(session, over)
        return
    rows = [
        bulk.new_row(kind=kind, resource_id=resource, org_id=org_id, due_at=at, fired_at=None)
        for (kind, resource), at in armed.items()
    ]
    bulk.insert(session, Deadline, rows, key=("resource_id", "kind"))
    if over:
        session.connection().execute(
            delete(Deadline).where(tuple_(col(Deadline.kind), col(Deadline.resource_id)).in_(over))
        )


def fire_due(session: Session, now: datetime, *, limit: int = 500) -> int:
    """Emit the events of the deadlines that are due, in order; how many there were."""
    due = session.exec(
        select(Deadline)
        .where(col(Deadline.fired_at).is_(None), Deadline.due_at <= now)
        .order_by(col(Deadline.due_at), col(Deadline.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    late = [(now - deadline.due_at).total_seconds() for deadline in due]
    for deadline, seconds in zip(due, late, strict=True):
        deadline.fired_at = now
        with traces.span("deadline fired") as span:
            span.set_attributes({"kerben.deadline": deadline.kind, "kerben.late_seconds": seconds})
            emit(session, deadline.kind, deadline.resource_id, org_id=deadline.org_id)
    db.after_commit(session, lambda: _observe(late))
    return len(due)


def next_due(session: Session) -> datetime | None:
    """When the next deadline falls, if any is armed."""
    return session.exec(
        select(Deadline.due_at)
        .where(col(Deadline.fired_at).is_(None))
        .order_by(col(Deadline.due_at))
        .limit(1)
    ).one_or_none()


def _observe(late: Sequence[float]) -> None:
    for seconds in late:
        metrics.DEADLINE_LATENESS.observe(seconds)


def _arm_shared(
    session: Session, due: Mapping[tuple[str, UUID], datetime], *, keep: bool = False
) -> None:
    values = {
        "ids": [uuid7() for _ in due],
        "kinds": [kind for kind, _ in due],
        "resources": [resource for _, resource in due],
        "moments": [*due.values()],
        "keep": keep,
    }
    if due:
        session.connection().execute(_ARM, values)


def _disarm_shared(session: Session, over: Sequence[tuple[str, UUID]]) -> None:
    if over:
        values = {"kinds": [kind for kind, _ in over], "resources": [id for _, id in over]}
        session.connection().execute(_DISARM, values)


def _find(session: Session, kind: str, resource_id: UUID) -> Deadline | None:
    return session.exec(
        select(Deadline)
        .where(Deadline.kind == kind, Deadline.resource_id == resource_id)
        .with_for_update()
    ).one_or_none()
