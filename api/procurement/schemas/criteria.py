"""Criteria of a tender as the API takes and shows them: OCDS `criteria` with ESPD codes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.catalog.types import Line, Paragraph
from api.core import patterns
from api.identity.schemas import Input, Language
from api.procurement.schemas.bid_contents import Given, RequirementId
from api.procurement.schemas.ids import LotId
from api.rules.criteria import MAX_RESPONSES, DataType, RelatesTo, typed


def _usable(pattern: str) -> str:
    if not patterns.is_usable(pattern):
        raise PydanticCustomError("pattern_unusable", "Not a regular expression that is taken")
    return pattern


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_usable)]
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
    pattern: Pattern | None = Field(
        default=None,
        examples=[None],
        description="A regular expression of JSON Schema, without look-around, that a text matches",
    )
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
        if self.pattern is not None and self.data_type is not DataType.STRING:
            raise PydanticCustomError("no_pattern", "Only texts have a pattern")
        return self._consistent()

    def _consistent(self) -> Self:
        """Refuse bounds that no value can keep, and an expected value that they exclude."""
        low, high, expected = (
            None if value is None else typed(self.data_type, value)
            for value in (self.min_value, self.max_value, self.expected_value)
        )
        ordered = [value for value in (low, expected, high) if value is not None]
        for one, other in pairwise(ordered):
            if one > other:  # type: ignore[operator]
                raise PydanticCustomError("bounds_reversed", "No value is within these bounds")
        text = self.expected_value
        if self.pattern and isinstance(text, str) and not patterns.matches(self.pattern, text):
            raise PydanticCustomError("bounds_reversed", "The expected value misses the pattern")
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
    relates_to: RelatesTo = Field(
        default=RelatesTo.TENDERER,
        examples=["tenderer"],
        description="What is judged: bids answer once, or for each of their lots or items",
    )
    related_lot: LotId | None = Field(default=None, description="Empty: of the whole tender")
    classification: CriterionClassification | None = Field(default=None)
    requirement_groups: list[GroupIn] = Field(min_length=1, max_length=20, examples=[[_GROUP]])


CriteriaIn = Annotated[list[CriterionIn], Field(max_length=50, examples=[[EXAMPLE_CRITERION]])]


def each_id_once(criteria: Sequence[CriterionIn]) -> None:
    """Refuse criteria of which two, or two of whose requirements, have the same id."""
    ids = [criterion.id for criterion in criteria]
    asked = [
        requirement.id
        for criterion in criteria
        for group in criterion.requirement_groups
        for requirement in group.requirements
    ]
    if len({*asked}) != len(asked) or len({*ids}) != len(ids) or len(asked) > MAX_RESPONSES:
        raise PydanticCustomError(
            "ids_differ",
            "Every criterion and requirement has an id of its own, at most {most} in all",
            {"most": MAX_RESPONSES},
        )
