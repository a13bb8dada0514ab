"""What the amendment of a published tender takes."""

from typing import Annotated

from pydantic import Field, model_validator

from api.catalog.types import Paragraph
from api.procurement.schemas.criteria import EXAMPLE_CRITERION, CriteriaIn, each_id_once
from api.procurement.schemas.documents import EXAMPLE_DOCUMENT, TenderDocumentIn
from api.procurement.schemas.evaluations import AwardTermsIn
from api.procurement.schemas.inputs import Given, Instant, LotChange, TermsPatch
from api.rules.tenders import MAX_LOTS

_END = "2027-03-01T12:00:00Z"
_LOT_CHANGES = [
    {
        "id": "lot_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
        "items": [{"id": "item_019abf2e8c1d7c3fa9b04b4c6f0d2e11", "quantity": "650"}],
    }
]


class AmendIn(TermsPatch):
    """Changes of a published tender, and why. The end of a period never moves forward;
    `criteria` and `award_terms`, when given, replace all."""

    rationale: Paragraph = Field(examples=["Количество уточнено по заявкам школ"])
    prequalification_period_end: Annotated[Instant | None, Given] = Field(
        default=None, examples=["2027-02-01T12:00:00Z"], description="While candidates apply"
    )
    tender_period_end: Annotated[Instant | None, Given] = Field(default=None, examples=[_END])
    lots: list[LotChange] = Field(default=[], max_length=MAX_LOTS, examples=[_LOT_CHANGES])
    documents: list[TenderDocumentIn] = Field(
        default=[], max_length=100, examples=[[EXAMPLE_DOCUMENT]], description="Added or replaced"
    )
    criteria: Annotated[CriteriaIn | None, Given] = Field(
        default=None, examples=[[EXAMPLE_CRITERION]]
    )
    award_terms: Annotated[AwardTermsIn | None, Given] = Field(
        default=None, description="By what bids are ranked, as a whole"
    )

    @model_validator(mode="after")
    def _every_id_once(self) -> "AmendIn":
        each_id_once(self.criteria or ())
        return self
