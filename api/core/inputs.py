"""Texts, days and instants that every input takes in the same way."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Refuse control characters: they hide text, and PostgreSQL cannot store NUL."""
    if _CONTROLS.search(text):
        raise ValueError("must not contain control characters")
    return text


def _written(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and _ISO.match(value)):
        return value
    raise PydanticCustomError("date_form", "Write the day as YYYY-MM-DD")


_Written = BeforeValidator(_written)
"""Pydantic takes numbers, and digits as in 20260101, for seconds since 1970: a wrong day."""

DAY_SCHEMA = WithJsonSchema({"type": "string", "format": "date"})
INSTANT_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time"})
"""For bounded fields: JSON Schema has no word for the bounds of a day."""

IsoDate = Annotated[date, _Written]
IsoInstant = Annotated[
    AwareDatetime,
    _Written,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC)),
    INSTANT_SCHEMA,
]
"""An instant with its offset from UTC, within what a database and a calendar can hold."""
