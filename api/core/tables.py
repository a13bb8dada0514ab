"""Base class and column types shared by all tables."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Enum, Numeric
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Text as SqlText
from sqlmodel import Field, SQLModel
from uuid_utils.compat import uuid7

from api.rules.clock import utcnow

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
TIMESTAMP: Any = DateTime(timezone=True)
MONEY: Any = Numeric(20, 6)
QUANTITY: Any = Numeric(20, 6)
JSON: Any = JSONB(none_as_null=True)
TEXTS: Any = ARRAY(SqlText)


def state(enum: type[StrEnum]) -> Any:
    """A text column holding the enum's *value*, guarded by a CHECK constraint."""
    return Enum(
        enum,
        name=f"{enum.__name__.lower()}_valid",
        native_enum=False,
        create_constraint=True,
        length=max(32, *(len(member.value) for member in enum)),
        values_callable=lambda members: [member.value for member in members],
    )


class Table(SQLModel):
    """Id (UUIDv7, ordered by time), creation and last change of every row."""

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=TIMESTAMP)
    updated_at: datetime = Field(
        default_factory=utcnow, sa_type=TIMESTAMP, sa_column_kwargs={"onupdate": utcnow}
    )
