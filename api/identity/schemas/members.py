"""People of an organisation as they are entered and seen."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.identity.schemas.base import Input, MemberId, ShortText
from api.rules.permissions import MemberRole


class MemberIn(Input):
    """A person who will act for the organisation."""

    name: ShortText = Field(examples=["Айгүл Асанова"])
    email: Annotated[
        str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254, to_lower=True)
    ] = Field(examples=["aigul@example.kg"])
    role: MemberRole = Field(examples=["procurement_officer"])


class MemberOut(BaseModel):
    """A member of the caller's organisation."""

    model_config = ConfigDict(from_attributes=True)

    id: MemberId
    name: str
    email: str
    role: MemberRole
    created_at: datetime
    removed_at: datetime | None
