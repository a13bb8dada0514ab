"""What the reference routes take and give."""

from datetime import date
from decimal import Decimal
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
from api.core.inputs import IsoDate
from api.reference import locales
from api.reference.models import CertificateSubject, PlaceKind
from api.rules.attributes import AttributeType
from api.rules.classifications import Scheme
from api.rules.incoterms import Incoterm, Mode, NamedPlace, Point

FxRateId = Annotated[UUID, PublicId("fxrate")]


def _currency(code: str) -> str:
    if code not in locales.currencies():
        raise ValueError("not a currency in circulation (ISO 4217)")
    return code


CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]
"""A currency in circulation, three capital letters of ISO 4217."""


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain a NUL character")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_storable)]
"""A text that PostgreSQL can compare and keep."""
Code = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9-]{1,19}$")]
"""A code of any classification."""


class Output(BaseModel):
    """Base of what is read from rows and values."""

    model_config = ConfigDict(from_attributes=True)


class ClassificationSchemeOut(Output):
    """A classification as far as it is loaded here."""

    code: Scheme = Field(examples=["CPV"])
    title: dict[str, str]
    version: str = Field(examples=["2008"])
    complete: bool = Field(description="False for an extract: codes may be missing.")
    source: str
    licence: str


class ClassificationOut(Output):
    """One code."""

    scheme: Scheme = Field(examples=["CPV"])
    code: str = Field(examples=["30197643-5"])
    parent_code: str | None
    level: int = Field(description="Significant digits; 2 is the top.", examples=[8])
    titles: dict[str, str] = Field(examples=[{"ru": "Бумага для копирования"}])


class ClassificationDetail(ClassificationOut):
    """One code with the codes above it, from the top."""

    ancestors: list[ClassificationOut]


class UnitOut(Output):
    """A unit of UN/ECE Recommendation 20 (or 21, for packages)."""

    code: str = Field(examples=["KGM"])
    symbol: str = Field(examples=["kg"])
    names: dict[str, str]
    dimension: str = Field(examples=["mass"])
    factor: Decimal | None = Field(description="Size in the base unit of its dimension.")


class PlaceOut(Output):
    """A place that deliveries name."""

    code: str = Field(examples=["cn-kashi"])
    kind: PlaceKind
    country: str = Field(examples=["CN"])
    un_locode: str | None = Field(examples=["CNKHG"])
    latitude: float
    longitude: float
    names: dict[str, str]
    parent_code: str | None


class CertificateSchemeOut(Output):
    """A kind of certificate."""

    code: str = Field(examples=["ISO9001"])
    names: dict[str, str]
    subject: CertificateSubject


class CountryOut(Output):
    """A country of ISO 3166-1."""

    code: str = Field(examples=["KG"])
    alpha_3: str = Field(examples=["KGZ"])
    names: dict[str, str]


class CurrencyOut(Output):
    """A currency of ISO 4217."""

    code: str = Field(examples=["KGS"])
    minor_units: int = Field(description="Decimals of its smallest coin.", examples=[2])
    names: dict[str, str]


class PackageTypeOut(Output):
    """A type of package; the wording of its names is ours."""

    code: str = Field(examples=["CT"])
    names: dict[str, str]


class TemplateAttributeOut(Output):
    """An attribute that a template knows."""

    name: str = Field(examples=["height"])
    type: AttributeType
    required: bool
    units: list[str] = Field(description="Symbols that a value may have, the usual one first")
    choices: list[str]


class AttributeTemplateOut(Output):
    """What goods of a category say of themselves."""

    scheme: Scheme
    prefix: str = Field(description="First digits of the codes that it is for", examples=["39160"])
    valid_from: date
    valid_to: date | None = Field(description="The day from which on it is not for any more")
    attributes: list[TemplateAttributeOut]


class IncotermOut(Output):
    """A rule of Incoterms 2020."""

    code: Incoterm
    mode: Mode
    named_place: NamedPlace
    cost_point: Point = Field(description="Where the seller's costs end.")
    risk_point: Point = Field(description="Where the seller's risk ends.")
    names: dict[str, str]


class FxRateIn(BaseModel):
    """A rate entered by hand: one unit of `base` costs `rate` of `quote`."""

    model_config = ConfigDict(extra="forbid")

    day: IsoDate = Field(examples=["2026-11-24"])
    base: CurrencyCode = Field(examples=["CNY"])
    quote: CurrencyCode = Field(default="KGS", examples=["KGS"])
    rate: Decimal = Field(gt=0, lt=Decimal("1e10"), decimal_places=10, examples=["12.3000"])
    source: Line = Field(
        min_length=1, max_length=200, examples=["National Bank of the Kyrgyz Republic"]
    )

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.base == self.quote:
            raise ValueError("base and quote must differ")
        return self


class FxRateOut(Output):
    """A rate as one source gave it."""

    id: FxRateId
    day: date
    base: str
    quote: str
    rate: Decimal
    source: str


class EffectiveRateOut(Output):
    """The rate that counts on a day; `day` and `source` are of the rates it was taken from."""

    value: Decimal = Field(examples=["12.3000000000"])
    day: date
    source: str
