"""Endpoints, their secrets, messages, deliveries and the attempts at them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from api.core.tables import TEXTS, TIMESTAMP, Table, state
from api.rules.outbound import AttemptError
from api.rules.webhooks import (
    DeliveryStatus,
    DisabledReason,
    EndpointStatus,
    Ordering,
    SignatureScheme,
)


class WebhookEndpoint(Table, table=True):
    """An address that gets events. `scopes` are those that its maker had: it never gets more.

    `failures` counts those in a row and `failing_since` is the first of them. The circuit is open
    until `open_until`; `paced_until` keeps the rate. None of these changes `version`.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("max_in_flight BETWEEN 1 AND 50", name="max_in_flight_bounded"),
        CheckConstraint("rate_per_second BETWEEN 1 AND 1000", name="rate_bounded"),
        CheckConstraint(
            "(status = 'disabled') = (disabled_at IS NOT NULL AND disabled_reason IS NOT NULL)",
            name="disabled_has_reason",
        ),
        Index("ix_webhook_endpoint_live", "org_id", postgresql_where=text("status = 'enabled'")),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    url: str = Field(max_length=2000)
    description: str | None = Field(default=None, max_length=500)
    event_types: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    channels: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    scopes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    scheme: SignatureScheme = Field(sa_type=state(SignatureScheme))
    ordering: Ordering = Field(sa_type=state(Ordering))
    max_in_flight: int = 5
    rate_per_second: int | None = None
    status: EndpointStatus = Field(default=EndpointStatus.ENABLED, sa_type=state(EndpointStatus))
    disabled_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    disabled_reason: DisabledReason | None = Field(default=None, sa_type=state(DisabledReason))
    recover_since: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    last_success_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    last_attempt_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    open_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    paced_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class WebhookSecret(Table, table=True):
    """A key that signs for an endpoint, encrypted; the newest one has no end.

    `public_key` is what a receiver needs to check v1a.
    """

    __tablename__ = "webhook_secret"
    __table_args__ = (
        Index(
            "ix_webhook_secret_current",
            "endpoint_id",
            unique=True,
            postgresql_where=text("expires_at IS NULL"),
        ),
    )

    endpoint_id: UUID = Field(foreign_key="webhook_endpoint.id", index=True, ondelete="CASCADE")
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    scheme: SignatureScheme = Field(sa_type=state(SignatureScheme))
    encrypted: str = Field(max_length=500)
    public_key: str | None = Field(default=None, max_length=100)
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class WebhookMessage(Table, table=True):
    """What an organisation's endpoints are told of one event: the bytes that are signed and sent.

    `body` is gone once expunged or after its retention. A test has no event.
    """

    __tablename__ = "webhook_message"
    __table_args__ = (
        UniqueConstraint("org_id", "event_id"),
        Index(
            "ix_webhook_message_content", "created_at", postgresql_where=text("body IS NOT NULL")
        ),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    event_id: UUID | None = None
    webhook_id: str = Field(max_length=100)
    event_type: str = Field(max_length=100)
    resource_id: UUID | None = None
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    expunged_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class WebhookDelivery(Table, table=True):
    """A message on its way to an endpoint.

    `tries` counts the attempts since it was last asked for. `position` is the place of the event among those of its resource. `lease_until` is set while an attempt is under way.
    `single` marks one that is tried once, as somebody asked for it. `test` keeps it out of figures.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "message_id"),
        CheckConstraint(
            "(status = 'pending') = (next_attempt_at IS NOT NULL)", name="pending_has_time"
        ),
        Index(
            "ix_webhook_delivery_due",
            "endpoint_id",
            "next_attempt_at",
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "ix_webhook_delivery_unfinished",
            "endpoint_id",
            "resource_id",
            "position",
            postgresql_where=text("status IN ('pending', 'failed')"),
        ),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    endpoint_id: UUID = Field(foreign_key="webhook_endpoint.id", ondelete="CASCADE")
    message_id: UUID = Field(foreign_key="webhook_message.id", index=True, ondelete="CASCADE")
    event_type: str = Field(max_length=100)
    resource_id: UUID | None = None
    position: int = Field(default=0, sa_type=BigInteger)
    status: DeliveryStatus = Field(default=DeliveryStatus.PENDING, sa_type=state(DeliveryStatus))
    attempts: int = 0
    tries: int = 0
    next_attempt_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    lease_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    single: bool = False
    test: bool = False
    last_status_code: int | None = None
    last_error: AttemptError | None = Field(default=None, sa_type=state(AttemptError))


class WebhookAttempt(Table, table=True):
    """One request to an endpoint and what came back; `response` is its head, at most 20 kB."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (
        UniqueConstraint("delivery_id", "number"),
        Index("ix_webhook_attempt_listed", "org_id", "id"),
        Index("ix_webhook_attempt_content", "id", postgresql_where=text("response IS NOT NULL")),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    endpoint_id: UUID = Field(foreign_key="webhook_endpoint.id", index=True, ondelete="CASCADE")
    delivery_id: UUID = Field(foreign_key="webhook_delivery.id", ondelete="CASCADE")
    event_type: str = Field(max_length=100)
    number: int
    started_at: datetime = Field(sa_type=TIMESTAMP)
    duration_ms: int
    status_code: int | None = None
    error: AttemptError | None = Field(default=None, sa_type=state(AttemptError))
    detail: str | None = Field(default=None, max_length=500)
    response: str | None = Field(default=None, max_length=20000)
    next_attempt_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
