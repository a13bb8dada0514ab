"""Events are rows, written in the transaction that made them true."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field, Session

from api.core import bulk, traces
from api.core.tables import JSON, TIMESTAMP, Table


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
