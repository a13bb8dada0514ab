"""What every input and output of identity is made of."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.core.ids import PublicId
from api.core.inputs import printable

OrganisationId = Annotated[UUID, PublicId("organisation")]
MemberId = Annotated[UUID, PublicId("member")]
ClientId = Annotated[UUID, PublicId("client")]
Language = Literal["ky", "ru", "en", "zh"]
ShortText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(printable),
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["KG"])]


class Input(BaseModel):
    """Base of every body: unknown fields are refused, so that a typing error is not lost."""

    model_config = ConfigDict(extra="forbid")
