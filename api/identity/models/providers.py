"""OpenID providers that vouch for people."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field

from api.core.tables import TEXTS, TIMESTAMP, Table


class IdentityProvider(Table, table=True):
    """An OpenID provider of an organisation or, without `org_id`, of the whole installation.

    `second_factor_amr`: values of the claim `amr` (RFC 8176) that count as a second factor.
    """

    __tablename__ = "identity_provider"
    __table_args__ = (
        Index(
            "uq_identity_provider_issuer",
            "org_id",
            "issuer",
            "client_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    org_id: UUID | None = Field(default=None, foreign_key="organisation.id", ondelete="RESTRICT")
    name: str = Field(max_length=100)
    issuer: str = Field(max_length=300)
    client_id: str = Field(max_length=300)
    client_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    second_factor_amr: list[str] = Field(
        default=[], sa_column=Column(TEXTS, nullable=False, server_default="{}")
    )
    disabled_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
