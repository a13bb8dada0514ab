"""Programs that act for an organisation, and their credentials."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, TEXTS, TIMESTAMP, Table, state


class ClientKind(StrEnum):
    """How an API client proves itself: the key itself, or a token bought with its secret."""

    API_KEY = "api_key"
    OAUTH = "oauth"


class ApiClient(Table, table=True):
    """A program's credentials. Only an HMAC of the secret is kept; `prefix` finds the row.

    A client with `jwks`, its public keys, proves itself by a JWT signed with one of them; nobody
    knows the secret of its row.
    """

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
    jwks: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    scopes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    allowed_cidrs: list[str] = Field(
        default=[], sa_column=Column(TEXTS, nullable=False, server_default="{}")
    )
    expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    last_used_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    replaced_by: UUID | None = Field(default=None, foreign_key="api_client.id")

    @property
    def token_endpoint_auth_method(self) -> str | None:
        """How an OAuth client proves itself, in the words of RFC 7591; None for an API key."""
        if self.kind is ClientKind.API_KEY:
            return None
        return "private_key_jwt" if self.jwks else "client_secret_post"


class ClientAssertion(Table, table=True):
    """A JWT with which a client has proved itself: none is taken twice while it is valid."""

    __tablename__ = "client_assertion"
    __table_args__ = (UniqueConstraint("client_id", "jti"),)

    client_id: UUID = Field(foreign_key="api_client.id", ondelete="CASCADE")
    jti: str = Field(max_length=255)
    expires_at: datetime = Field(sa_type=TIMESTAMP, index=True)
