"""Criteria of a tender as the API takes and shows them: OCDS `criteria` with ESPD codes."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.catalog.types import Line, Paragraph
from api.identity.schemas import Input, Language
from api.procurement.schemas.bid_contents import Given, RequirementId
from api.procurement.schemas.ids import LotId
from api.rules.criteria import DataType, typed

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,119}$")]
_EVIDENCE = {"id": "contracts", "title": {"ru": "Копии договоров"}}
_REQUIREMENT = {
    "id": "experience-years",
    "title": {"ru": "Опыт поставок, лет"},
    "data_type": "integer",
    "min_value": 3,
    "eligible_evidences": [_EVIDENCE],
}
_GROUP = {"id": "experience", "requirements": [_REQUIREMENT]}
EXAMPLE_CRITERION = {
    "id": "experience",
    "title": {"ru": "Опыт поставщика"},
    "source": "tenderer",
    "classification": {"scheme": "eForms", "id": "slc-abil-exp"},
    "requirement_groups": [_GROUP],
}


class CriterionClassification(Input):
    """Which of the criteria of the European single procurement document this is."""

    scheme: Literal["ESPD", "eForms"] = Field(examples=["eForms"])
    id: Code = Field(examples=["slc-abil-exp"])


class EvidenceIn(Input):
    """OCDS `eligibleEvidence`: what would show that a requirement is met."""

    id: RequirementId = Field(examples=["contracts"])
    title: dict[Language, Line] = Field(min_length=1, examples=[{"ru": "Копии договоров"}])


class RequirementIn(Input):
    """What is asked of a bid; bounds are inclusive and of the data type."""

    id: RequirementId = Field(examples=["experience-years"])
    title: dict[Language, Line] = Field(min_length=1, examples=[{"ru": "Опыт поставок, лет"}])
    description: dict[Language, Paragraph] = Field(default={}, examples=[{"ru": "Школьной мебели"}])
    data_type: DataType = Field(examples=["integer"])
    expected_value: Given | None = Field(default=None, examples=[None])
    min_value: Given | None = Field(default=None, examples=[3])
    max_value: Given | None = Field(default=None, examples=[None])
    eligible_evidences: list[EvidenceIn] = Field(default=[], max_length=20, examples=[[_EVIDENCE]])

    @model_validator(mode="after")
    def _of_its_type(self) -> Self:
        for name in ("expected_value", "min_value", "max_value"):
            value = getattr(self, name)
            if value is not None and typed(self.data_type, value) is None:
                raise PydanticCustomError(
                    "type_differs",
                    "{name} must be of the data type {type}",
                    {"name": name, "type": self.data_type.value},
                )
        bounded = self.min_value is not None or self.max_value is not None
        if bounded and self.data_type in (DataType.BOOLEAN, DataType.STRING):
            raise PydanticCustomError("no_bounds", "Texts and booleans have no bounds")
        return self


class GroupIn(Input):
    """OCDS `requirementGroup`: all of its requirements together answer the criterion."""

    id: RequirementId = Field(examples=["experience"])
    description: dict[Language, Paragraph] = Field(default={}, examples=[{"ru": "Опыт"}])
    requirements: list[RequirementIn] = Field(
        min_length=1, max_length=50, examples=[[_REQUIREMENT]]
    )


class CriterionIn(Input):
    """OCDS `criterion`: any one of its groups answers it."""

    id: RequirementId = Field(examples=["experience"])
    title: dict[Language, Line] = Field(min_length=1, examples=[{"ru": "Опыт поставщика"}])
    description: dict[Language, Paragraph] = Field(default={}, examples=[{"ru": "За три года"}])
    source: Literal["tenderer", "buyer"] = Field(default="tenderer", examples=["tenderer"])
    related_lot: LotId | None = Field(default=None, description="Empty: of the whole tender")
    classification: CriterionClassification | None = Field(default=None)
    requirement_groups: list[GroupIn] = Field(min_length=1, max_length=20, examples=[[_GROUP]])


CriteriaIn = Annotated[list[CriterionIn], Field(max_length=50, examples=[[EXAMPLE_CRITERION]])]
