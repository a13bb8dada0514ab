"""Who may send us webhooks, and what was sent, byte for byte."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, TEXTS, TIMESTAMP, Table, state


class Proof(StrEnum):
    """By what a message was proved to be its source's: credentials of the API, or a secret."""

    CREDENTIALS = "credentials"
    SECRET = "secret"
    PREVIOUS_SECRET = "previous_secret"


class IntakeSource(Table, table=True):
    """A partner, carrier, payment service or bank that an organisation has connected.

    `provider` says whose format it speaks (intake/providers.py), `scheme` how it proves what it
    sends; a source without one sends by the API, with credentials. Secrets are encrypted
    (core/encryption.py); the previous one is taken until `previous_secret_until`. `settings` is what
    the provider wants to know besides.
    """

    __tablename__ = "intake_source"
    __table_args__ = (
        UniqueConstraint("org_id", "name"),
        CheckConstraint("(scheme IS NULL) = (secret IS NULL)", name="secret_by_scheme"),
        CheckConstraint(
            "(previous_secret IS NULL) = (previous_secret_until IS NULL)", name="overlap_ends"
        ),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    name: str = Field(max_length=100)
    provider: str = Field(max_length=40)
    scheme: str | None = Field(default=None, max_length=40)
    secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    previous_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    previous_secret_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    allowed_cidrs: list[str] | None = Field(default=None, sa_type=TEXTS)
    settings: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    disabled_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class IntakeMessage(Table, table=True):
    """What a source sent. The bytes are never altered; one `external_id` is one message.

    `body` is gone some time after it was worked (KERBEN_INTAKE_CONTENT_DAYS); its SHA-256 stays.

    `job_id` is the job that works it. Whether it waits, has failed or how often it was tried is
    the job's to say; `worked_at` is written in the transaction of its effects.
    """

    __tablename__ = "intake_message"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index("ix_intake_message_org_id_id", "org_id", "id"),
        Index(
            "ix_intake_message_worked_at", "worked_at", postgresql_where=text("body IS NOT NULL")
        ),
    )

    source_id: UUID = Field(foreign_key="intake_source.id", ondelete="RESTRICT")
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    external_id: str = Field(max_length=200)
    job_id: UUID
    verified_by: Proof = Field(sa_type=state(Proof))
    media_type: str = Field(max_length=100)
    headers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    sha256: str = Field(max_length=64)
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    received_at: datetime = Field(sa_type=TIMESTAMP)
    worked_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    attempts: int = 0
