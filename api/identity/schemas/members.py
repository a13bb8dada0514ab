"""People of an organisation as they are entered and seen."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.core.ids import PublicId
from api.identity.schemas.base import Input, MemberId, ShortText
from api.rules.permissions import MemberRole

Email = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254, to_lower=True),
    Field(examples=["aigul@example.kg"]),
]


class MemberIn(Input):
    """A person who will act for the organisation."""

    name: ShortText = Field(examples=["Айгүл Асанова"])
    email: Email
    role: MemberRole = Field(examples=["procurement_officer"])


class MemberOut(BaseModel):
    """A member of the caller's organisation."""

    model_config = ConfigDict(from_attributes=True)

    id: MemberId
    name: str
    email: str
    role: MemberRole
    person_id: Annotated[UUID, PublicId("person")] | None
    created_at: datetime
    removed_at: datetime | None


class RoleIn(Input):
    """What the member does from now on."""

    role: MemberRole = Field(examples=["procurement_officer"])
