"""Events are rows, written in the transaction that made them true."""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field, Session

from api.core import traces
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


def emit(
    session: Session, type: str, resource_id: UUID, *, org_id: UUID | None, **payload: Any
) -> None:
    """Record that `type` (for example "tender.published") happened to a resource of `org_id`."""
    session.add(
        OutboxEvent(
            type=type,
            resource_id=resource_id,
            org_id=org_id,
            payload=payload,
            request_id=structlog.contextvars.get_contextvars().get("request_id"),
            traceparent=traces.traceparent(),
        )
    )
