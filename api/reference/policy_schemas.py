"""What the routes about policy sets and work calendars take and give."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.core.ids import PublicId
from api.core.inputs import DAY_SCHEMA, IsoDate, printable
from api.identity.schemas import Input, Language
from api.reference import locales
from api.reference.schemas import Output
from api.rules.policy import INTERNATIONAL, ProcurementRegime
from api.rules.tenders import ProcurementMethod

PolicySetId = Annotated[UUID, PublicId("policy")]


def _jurisdiction(code: str) -> str:
    if code != INTERNATIONAL and code not in locales.countries():
        raise PydanticCustomError(
            "unknown_jurisdiction",
            "Neither a country of ISO 3166-1 nor {international}",
            {"international": INTERNATIONAL},
        )
    return code


Jurisdiction = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2,3}$"),
    AfterValidator(_jurisdiction),
    Field(description=f"Country, or {INTERNATIONAL} for buyers whose country has no set"),
]
Procedure = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
CalendarCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,3}$")]
Day = Annotated[IsoDate, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1)), DAY_SCHEMA]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
]
Source = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
    AfterValidator(printable),
]
_DURATION = {"days": 21, "unit": "calendar", "rounding": "none"}
_PARAMETERS = {
    "calendar": "KG",
    "min_tendering_duration": _DURATION,
    "min_extension": {"days": 5, "unit": "calendar", "rounding": "day_end"},
}
_SOURCES = {name: {"text": "Law …, article …", "reviewed": True} for name in _PARAMETERS}


class SourceIn(Input):
    """Where a parameter is from; `reviewed` once somebody has read it there."""

    text: Source = Field(examples=["Law No. 27 of 14.04.2022, article 21, part 3"])
    reviewed: bool = False


class CodesIn(Input):
    """What others call the procedure."""

    ocds: ProcurementMethod = Field(examples=["open"])
    kg: Name | None = Field(
        default=None, description="Code of the Kyrgyz state portal", examples=["auctionUnlimited"]
    )
    eforms: Name | None = Field(
        default=None, description="Code of the EU's eForms", examples=["open"]
    )


class PolicySetIn(Input):
    """A new row of law. Parameters that are left out have the default of their JSON Schema."""

    jurisdiction: Jurisdiction = Field(examples=["KG"])
    regime: ProcurementRegime = Field(examples=["state"])
    procedure: Procedure = Field(examples=["open"])
    valid_from: Day = Field(examples=["2027-01-01"], description="First day, in Bishkek")
    valid_to: Day | None = Field(
        default=None, examples=["2028-01-01"], description="First day on which it no longer counts"
    )
    title: dict[Language, Name] = Field(min_length=1, examples=[{"ru": "Неограниченный метод"}])
    codes: CodesIn
    legal_source: Source = Field(examples=["Law No. 27 of 14.04.2022, edition of 29.01.2026"])
    parameters: dict[str, Any] = Field(
        examples=[_PARAMETERS], description="As in /public/policy-parameters"
    )
    sources: dict[str, SourceIn] = Field(
        examples=[_SOURCES], description="One for each parameter that is given"
    )
    replaces: PolicySetId | None = Field(
        default=None, description="The set that ends on the day on which this one begins"
    )

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise PydanticCustomError("period_reversed", "valid_to must be after valid_from")
        return self


class EndIn(Input):
    """The first day on which the set no longer counts; not before today."""

    valid_to: Day = Field(examples=["2027-01-01"])


class SourceOut(BaseModel):
    """Where a parameter is from, and whether somebody has read it there."""

    text: str
    reviewed: bool


class PolicySetSummary(Output):
    """A policy set in a list. `reviewed`: every parameter was read in its source."""

    id: PolicySetId
    jurisdiction: str
    regime: ProcurementRegime
    procedure: str
    valid_from: date
    valid_to: date | None
    title: dict[str, str]
    codes: dict[str, str]
    legal_source: str
    reviewed: bool


class PolicySetOut(PolicySetSummary):
    """A policy set with every parameter and its source."""

    schema_version: int
    parameters: dict[str, Any]
    sources: dict[str, SourceOut]
    created_at: datetime


class WorkYearOut(Output):
    """A year that a work calendar knows."""

    calendar: str = Field(examples=["KG"])
    year: int
    weekend: list[int] = Field(description="ISO weekdays; Monday is 1", examples=[[6, 7]])
    source: str
    reviewed: bool


class WorkDayOut(Output):
    """A day that differs from its week."""

    day: date
    working: bool = Field(description="True for a Saturday that a decree makes a working day")
    names: dict[str, str]
    source: str
    reviewed: bool


class WorkCalendarOut(WorkYearOut):
    """A year of a work calendar with its holidays and working Saturdays."""

    days: list[WorkDayOut]
