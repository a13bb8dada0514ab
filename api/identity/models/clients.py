"""Programs that act for an organisation, and their credentials."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from api.core.tables import TEXTS, TIMESTAMP, Table, state


class ClientKind(StrEnum):
    """How an API client proves itself: the key itself, or a token bought with its secret."""

    API_KEY = "api_key"
    OAUTH = "oauth"


class ApiClient(Table, table=True):
    """A program's credentials. Only an HMAC of the secret is kept; `prefix` finds the row."""

    __tablename__ = "api_client"
    __table_args__ = (
        Index("ix_api_client_prefix", "prefix", unique=True),
        Index("ix_api_client_live", "org_id", postgresql_where=text("revoked_at IS NULL")),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    kind: ClientKind = Field(sa_type=state(ClientKind))
    name: str = Field(max_length=200)
    prefix: str = Field(max_length=16)
    secret_hash: str = Field(max_length=64)
    scopes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    last_used_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    replaced_by: UUID | None = Field(default=None, foreign_key="api_client.id")
