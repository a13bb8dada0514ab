"""What the routes of delivery terms and of routes of transport give."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import PlainDecimal
from api.rules.incoterms import (
    Deviation,
    Incoterm,
    Mode,
    NamedPlace,
    Obligation,
    Party,
    Point,
    Severity,
)
from api.rules.landed_cost.kinds import (
    Basis,
    ChargeKind,
    Driver,
    DutyKind,
    ParameterCode,
    Segment,
)
from api.rules.transport import TransportMode


class Row(BaseModel):
    """Made from a row or a rule."""

    model_config = ConfigDict(from_attributes=True)


class InsuranceOut(Row):
    """What a seller who has to insure must buy."""

    cover: str = Field(examples=["ICC(A)"])
    coverage_percent: int = Field(examples=[110])


class MovedOut(Row):
    """An obligation, or a part of it (`vat`), that a deviation moves to another side."""

    obligation: Obligation
    to: Party
    part: str | None = Field(examples=[None])


class RuleMatrixOut(Row):
    """A rule of Incoterms 2020 with who does and pays what under it."""

    code: Incoterm
    mode: Mode
    named_place: NamedPlace
    cost_point: Point
    risk_point: Point
    names: dict[str, str]
    obligations: dict[Obligation, Party]
    at_sellers_premises: dict[Obligation, Party] = Field(
        description="FCA: the rows that are others when the place is the seller's premises."
    )
    deviations: dict[Deviation, MovedOut] = Field(
        description="What may be agreed otherwise, and which obligation it moves."
    )
    insurance: InsuranceOut | None
    unverified: list[Obligation] = Field(
        description="Cells that were not read in two independent sources."
    )


class TermsFindingOut(Row):
    """Something that does not fit; `field` is the part of the terms that is to be changed."""

    code: str = Field(examples=["MODE_CONFLICT"])
    severity: Severity
    proposal: Incoterm | None
    detail: str
    field: str = Field(examples=["incoterm"])


class TermsCheckOut(BaseModel):
    """What was found, the worst first; `usable` is False with a blocker."""

    usable: bool
    findings: list[TermsFindingOut]
    cost_point: Point | None
    risk_point: Point | None


class CrossingOut(Row):
    """A border crossing."""

    code: str
    place_code: str
    un_locode: str | None
    from_country: str
    to_country: str
    mode: TransportMode
    union_border: bool
    names: dict[str, str]
    source: str
    reviewed: bool


class RouteOut(Row):
    """A way for goods."""

    code: str
    crossing_code: str
    mode: TransportMode
    places: list[str]
    names: dict[str, str]
    capacity_kg: PlainDecimal
    capacity_m3: PlainDecimal
    source: str
    reviewed: bool


class RateChargeOut(Row):
    """A line of a rate card."""

    code: str
    card: str
    kind: ChargeKind
    segment: Segment
    from_place: str
    to_place: str | None
    basis: Basis
    amount: PlainDecimal
    currency: str
    driver: Driver
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool


class TariffOut(Row):
    """The duty on a code of TN VED."""

    tnved_code: str
    kind: DutyKind
    ad_valorem: PlainDecimal | None
    specific_amount: PlainDecimal | None
    specific_currency: str | None
    specific_unit: str | None
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool


class ImportParameterOut(Row):
    """A number that import depends on."""

    country: str
    code: ParameterCode
    value: PlainDecimal
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool
