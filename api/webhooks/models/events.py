"""What organisations are told: envelopes as the bytes that are sent, and counters of resources."""

from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from api.core.tables import TEXTS, Table


class EventEnvelope(Table, table=True):
    """One event for one addressee; never altered. `org_id` None: for every organisation.

    `parties` are those who have it in their own name besides, so that who reads both sees it once.
    (`xid`, `id`) is the order of commits for readers of what is below every open transaction.
    """

    __tablename__ = "event_envelope"
    __table_args__ = (
        Index("ix_event_envelope_feed", "org_id", "xid", "id"),
        Index("ix_event_envelope_public", "xid", "id", postgresql_where=text("org_id IS NULL")),
        Index("ix_event_envelope_age", "xid"),
        Index("ix_event_envelope_event_id", "event_id"),
    )

    event_id: UUID
    org_id: UUID | None = None
    parties: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    type: str = Field(max_length=100)
    resource_id: UUID
    sequence: int = Field(sa_type=BigInteger)
    channels: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    xid: int | None = Field(
        default=None,
        sa_column=Column(
            BigInteger, nullable=False, server_default=text("pg_current_xact_id()::text::bigint")
        ),
    )


class EventCounter(Table, table=True):
    """How many events of a resource were told; `id` is the resource's."""

    __tablename__ = "event_counter"

    last: int = Field(sa_type=BigInteger)


class EventHorizon(Table, table=True):
    """One row: what was committed by transactions up to `xid` may have been deleted."""

    __tablename__ = "event_horizon"

    xid: int = Field(sa_type=BigInteger)
