"""Answers with deadlines tell instants in UTC, and beside them the zone of the law's days."""

from typing import Annotated, Literal

from pydantic import Field

TimeZone = Annotated[
    Literal["Asia/Bishkek"],
    Field(description="In which the law counts the days of the periods; instants are in UTC"),
]
LEGAL_ZONE: Literal["Asia/Bishkek"] = "Asia/Bishkek"
