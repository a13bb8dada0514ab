"""What the routes of the debarment register take and give."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from api.core.ids import PublicId
from api.core.inputs import IsoDate, printable
from api.identity.schemas import Input, OrganisationId, ShortText
from api.rules.debarments import DebarmentGround, DebarmentStatus

DebarmentId = Annotated[UUID, PublicId("debarment")]
LongText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5000),
    AfterValidator(printable),
]


class _Act(Input):
    """The act that enters an organisation, and its period; the last day is included."""

    valid_from: IsoDate = Field(examples=["2027-01-10"])
    valid_through: IsoDate = Field(examples=["2029-01-09"])
    source_act: ShortText = Field(examples=["Decision 14 of the independent commission"])

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.valid_through < self.valid_from:
            raise ValueError("valid_through must not be before valid_from")
        return self


class DebarmentIn(_Act):
    """An entry made without a proposal."""

    organisation_id: OrganisationId
    ground: DebarmentGround = Field(examples=["false_information"])
    reason: LongText = Field(examples=["The certificate of conformity was forged"])


class ConfirmDebarmentIn(_Act):
    """The decision that a proposed entry is made."""


class DebarmentReasonIn(Input):
    """Why; everybody can read it."""

    reason: LongText = Field(examples=["The court found the refusal to be justified"])


class DebarmentOut(BaseModel):
    """An entry of the register. It debars from `valid_from` to `valid_through`, both included, or
    until the day before `lifted_on`."""

    model_config = ConfigDict(from_attributes=True)

    id: DebarmentId
    organisation_id: OrganisationId
    status: DebarmentStatus
    ground: DebarmentGround
    reason: str
    ocid: str | None = Field(description="The procedure in which it happened")
    proposed_by: OrganisationId | None
    valid_from: date | None
    valid_through: date | None
    source_act: str | None
    decided_by: OrganisationId | None
    decided_at: datetime | None
    rejection: str | None
    lifted_on: date | None
    lift_reason: str | None
    version: int
