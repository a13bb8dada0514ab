"""What a tender asks of bids beside its lots."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from api.identity.schemas import Input
from api.procurement.schemas.criteria import EXAMPLE_CRITERION, CriteriaIn
from api.procurement.schemas.inputs import ValueIn
from api.procurement.schemas.outputs import ValueOut
from api.rules.criteria import MAX_RESPONSES


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

    @model_validator(mode="after")
    def _every_id_once(self) -> Self:
        asked = [
            requirement.id
            for criterion in self.criteria
            for group in criterion.requirement_groups
            for requirement in group.requirements
        ]
        ids = [criterion.id for criterion in self.criteria]
        if len({*asked}) != len(asked) or len({*ids}) != len(ids) or len(asked) > MAX_RESPONSES:
            raise PydanticCustomError(
                "ids_differ",
                "Every criterion and requirement has an id of its own, at most {most} in all",
                {"most": MAX_RESPONSES},
            )
        return self


class SubmissionTermsOut(BaseModel):
    """The terms of bidding of a tender."""

    model_config = ConfigDict(from_attributes=True)

    two_envelopes: bool
    bid_security: ValueOut | None
    bid_security_declaration: bool
    criteria: list[dict[str, Any]] = Field(examples=[[EXAMPLE_CRITERION]])
    version: int


NO_TERMS: dict[str, Any] = {
    "two_envelopes": False,
    "bid_security": None,
    "bid_security_declaration": False,
    "criteria": [],
    "version": 0,
}
