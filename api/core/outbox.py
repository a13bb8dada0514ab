"""Events are rows, written in the transaction that made them true.

Features above may register publishers for kinds of event (`before_commit`). Each runs once in the
same transaction, just before the commit, with everything that happened: what it writes is there
with the act or not at all, and what it raises undoes the act. The features below, which emit, know
nothing of it; api/registry.py, which every process imports, is where publishers are registered.
A reaction that may come later, or may fail by itself, is a task in workers/handlers.py instead.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, Column, Index, event, text
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Field, Session

from api.core import bulk, traces
from api.core.tables import JSON, TIMESTAMP, Table

_PENDING, _MARKS = "pending_events", "pending_events_at_savepoints"


class OutboxEvent(Table, table=True):
    """A fact that others may react to. `xid` orders events by commit (see ARCHITECTURE 4.5)."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index("ix_outbox_event_pending", "id", postgresql_where=text("dispatched_at IS NULL")),
        Index(
            "ix_outbox_event_told",
            "dispatched_at",
            postgresql_where=text("dispatched_at IS NOT NULL"),
        ),
    )

    type: str = Field(max_length=100)
    resource_id: UUID
    org_id: UUID | None = Field(default=None, index=True)
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    request_id: str | None = Field(default=None, max_length=64)
    traceparent: str | None = Field(default=None, max_length=traces.TRACEPARENT_LENGTH)
    xid: int | None = Field(
        default=None,
        sa_column=Column(
            BigInteger, nullable=False, server_default=text("pg_current_xact_id()::text::bigint")
        ),
    )
    dispatched_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class Event(NamedTuple):
    """What happened to which resource."""

    type: str
    resource_id: UUID
    payload: Mapping[str, Any]
    org_id: UUID | None = None
    """Of this event alone, when it is not that of the others."""
    also: tuple[UUID, ...] = ()
    """Other organisations that it concerns, and that may be told of it."""
    public: bool = False
    """Every organisation may be told of it."""


class Recorded(NamedTuple):
    """An event as it was written: its id, its moment, and whose it is."""

    id: UUID
    at: datetime
    event: Event


type Publisher = Callable[[Session, Sequence[Recorded]], None]
_publishers: dict[Publisher, frozenset[str]] = {}


def before_commit(types: Collection[str], publisher: Publisher) -> None:
    """Call `publisher` with the events of these types, in their order, before each commit.

    Of several publishers, the one that was registered first is called first.
    """
    _publishers[publisher] = frozenset(types)


def emit(
    session: Session,
    type: str,
    resource_id: UUID,
    *,
    org_id: UUID | None,
    also: Collection[UUID] = (),
    public: bool = False,
    **payload: Any,
) -> None:
    """Record that `type` (for example "tender.published") happened to a resource of `org_id`.

    `also` are other organisations that it concerns, as the other side of a contract; of what is
    `public` every organisation may be told.
    """
    emit_all(session, [Event(type, resource_id, payload, org_id, (*also,), public)], org_id=org_id)


def emit_all(session: Session, events: Sequence[Event], *, org_id: UUID | None) -> None:
    """Record many events in one statement."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    origin = traces.traceparent()
    rows = [
        bulk.new_row(
            type=each.type,
            resource_id=each.resource_id,
            org_id=each.org_id or org_id,
            payload=each.payload,
            request_id=request_id,
            traceparent=origin,
        )
        for each in events
    ]
    bulk.insert(session, OutboxEvent, rows)
    watched = frozenset[str]().union(*_publishers.values())
    session.info.setdefault(_PENDING, []).extend(
        Recorded(row["id"], row["created_at"], each._replace(org_id=row["org_id"]))
        for row, each in zip(rows, events, strict=True)
        if each.type in watched
    )


@event.listens_for(Session, "before_commit")
def _publish(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(_PENDING):
        return
    session.flush()
    pending = session.info.pop(_PENDING)
    for publisher, types in _publishers.items():
        if wanted := [each for each in pending if each.event.type in types]:
            publisher(session, wanted)


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        marks = session.info.setdefault(_MARKS, {})
        marks[transaction] = len(session.info.get(_PENDING, ()))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What happened since a savepoint that is rolled back has not happened; nor, without one, all."""
    if transaction.nested or transaction.parent is None:
        since = session.info.get(_MARKS, {}).pop(transaction, 0)
        del session.info.get(_PENDING, [])[since:]
