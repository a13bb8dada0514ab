"""Base class and column types shared by all tables."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Enum, Numeric
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm.attributes import set_attribute
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
    """Id (UUIDv7, ordered by time), creation and last change of every row.

    A row is made and changed through SQLAlchemy alone: SQLModel would look for the defaults of
    each column anew and set every value twice, which costs more than writing the row.
    """

    def __init__(self, **values: Any) -> None:
        object.__setattr__(self, "__pydantic_fields_set__", set(values))
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", None)
        for name, default in _defaults(type(self)):
            if name in values:
                set_attribute(self, name, values[name])
            elif default is not None:
                set_attribute(self, name, default())
        for name in self.__sqlmodel_relationships__:
            if name in values:
                set_attribute(self, name, values[name])

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(getattr(type(self), name, None), InstrumentedAttribute):
            set_attribute(self, name, value)
        else:
            super().__setattr__(name, value)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=TIMESTAMP)
    updated_at: datetime = Field(
        default_factory=utcnow, sa_type=TIMESTAMP, sa_column_kwargs={"onupdate": utcnow}
    )


@cache
def _defaults(model: type[Table]) -> tuple[tuple[str, Callable[[], Any] | None], ...]:
    """The columns of a table, each with what makes its default; None where there is none."""
    return tuple((name, _default(field)) for name, field in model.model_fields.items())


def _default(field: Any) -> Callable[[], Any] | None:
    if field.is_required():
        return None
    return field.default_factory or partial(deepcopy, field.default)
