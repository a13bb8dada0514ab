"""Answers with deadlines tell instants in UTC, and beside them the zone of the law's days."""

from typing import Annotated

from pydantic import Field

TimeZone = Annotated[
    str,
    Field(
        examples=["Asia/Bishkek"],
        description="In which the law counts the days of the periods; instants are in UTC",
    ),
]
LEGAL_ZONE = "Asia/Bishkek"
"""Where no other is told."""
