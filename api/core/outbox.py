"""Events are rows, written in the transaction that made them true.

A feature above may register a publisher for a kind of event (`before_commit`). It runs once in the
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
from sqlmodel import Field, Session

from api.core import bulk, traces
from api.core.tables import JSON, TIMESTAMP, Table

_PENDING = "pending_events"


class OutboxEvent(Table, table=True):
    """A fact that others may react to. `xid` orders events by commit (see ARCHITECTURE 4.5)."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index("ix_outbox_event_pending", "id", postgresql_where=text("dispatched_at IS NULL")),
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


type Publisher = Callable[[Session, Sequence[Event]], None]
_publishers: dict[str, Publisher] = {}


def before_commit(types: Collection[str], publisher: Publisher) -> None:
    """Call `publisher` with the events of these types, in their order, before each commit.

    One type has one publisher: registering another replaces it.
    """
    _publishers.update(dict.fromkeys(types, publisher))


def emit(
    session: Session, type: str, resource_id: UUID, *, org_id: UUID | None, **payload: Any
) -> None:
    """Record that `type` (for example "tender.published") happened to a resource of `org_id`."""
    emit_all(session, [Event(type, resource_id, payload)], org_id=org_id)


def emit_all(session: Session, events: Sequence[Event], *, org_id: UUID | None) -> None:
    """Record many events in one statement."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    origin = traces.traceparent()
    rows = [
        bulk.new_row(
            type=type,
            resource_id=resource_id,
            org_id=own_org_id or org_id,
            payload=payload,
            request_id=request_id,
            traceparent=origin,
        )
        for type, resource_id, payload, own_org_id in events
    ]
    bulk.insert(session, OutboxEvent, rows)
    if watched := [each for each in events if each.type in _publishers]:
        session.info.setdefault(_PENDING, []).extend(watched)


@event.listens_for(Session, "before_commit")
def _publish(session: Session) -> None:
    if session.in_nested_transaction() or _PENDING not in session.info:
        return
    session.flush()
    pending = session.info.pop(_PENDING)
    for publisher in dict.fromkeys(_publishers[each.type] for each in pending):
        publisher(session, [each for each in pending if _publishers[each.type] is publisher])


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_PENDING, None)
