"""What a tender asks of bids beside its lots."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from api.identity.schemas import Input
from api.procurement.schemas.bid_contents import RequirementId
from api.procurement.schemas.criteria import EXAMPLE_CRITERION, CriteriaIn, each_id_once
from api.procurement.schemas.inputs import ValueIn
from api.procurement.schemas.outputs import ValueOut
from api.rules.shortlists import Order


class RankedByIn(Input):
    """A requirement whose responses are compared."""

    requirement_id: RequirementId = Field(examples=["experience-years"])
    order: Order = Field(examples=["highest"])


class ShortlistIn(Input):
    """How many of the qualified are invited for a lot at most, and by what they are compared: the
    requirements one after the other, then who applied first."""

    maximum_candidates: int = Field(ge=1, le=200, examples=[5])
    ranked_by: list[RankedByIn] = Field(min_length=1, max_length=10)


class SubmissionTermsIn(Input):
    """The terms of bidding of a draft, as a whole."""

    two_envelopes: StrictBool = Field(
        default=False, examples=[False], description="The price in an envelope of its own"
    )
    bid_security: ValueIn | None = Field(
        default=None, examples=[{"amount": "134000.00", "currency": "KGS"}]
    )
    bid_security_declaration: StrictBool = Field(
        default=False, examples=[True], description="A signed declaration may stand for it"
    )
    criteria: CriteriaIn = Field(default=[])
    shortlist: ShortlistIn | None = Field(
        default=None, examples=[None], description="Of a restricted procedure; null: all qualified"
    )

    @model_validator(mode="after")
    def _every_id_once(self) -> Self:
        each_id_once(self.criteria)
        return self


class RankedByOut(BaseModel):
    """A requirement whose responses are compared."""

    requirement_id: str
    order: Order


class ShortlistOut(BaseModel):
    """How many candidates are invited for a lot at most, and by what they are compared."""

    maximum_candidates: int
    ranked_by: list[RankedByOut]


class SubmissionTermsOut(BaseModel):
    """The terms of bidding of a tender."""

    model_config = ConfigDict(from_attributes=True)

    two_envelopes: bool
    bid_security: ValueOut | None
    bid_security_declaration: bool
    criteria: list[dict[str, Any]] = Field(examples=[[EXAMPLE_CRITERION]])
    shortlist: ShortlistOut | None
    version: int


NO_TERMS: dict[str, Any] = {
    "two_envelopes": False,
    "bid_security": None,
    "bid_security_declaration": False,
    "criteria": [],
    "shortlist": None,
    "version": 0,
}
