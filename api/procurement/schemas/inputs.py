"""What the routes of tenders take. Names follow OCDS 1.1."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from api.catalog.types import (
    CertificateScheme,
    CurrencyCode,
    IncotermCode,
    Line,
    Paragraph,
    PlaceCode,
    Positive,
    UnitCode,
)
from api.core.inputs import DAY_SCHEMA, INSTANT_SCHEMA, IsoDate, IsoInstant
from api.identity.schemas import Input, Language
from api.procurement.schemas.ids import ItemId, LotId, PlanItemId, TenderId
from api.reference.policy_schemas import Procedure
from api.rules import classifications
from api.rules.classifications import Scheme
from api.rules.quick import QuickMode
from api.rules.tenders import (
    MAX_ACCELERATOR,
    MAX_ITEMS,
    MAX_LOTS,
    ProcurementCategory,
    TenderMode,
)


def _given(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError(
            "missing_value", "Leave the field out to keep it; null is refused"
        )
    return value


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


Given = BeforeValidator(_given)
"""For a patch: the field may be left out, but null is no value for it."""
Instant = Annotated[
    IsoInstant,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
    INSTANT_SCHEMA,
    AfterValidator(_utc),
]
Day = Annotated[IsoDate, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1)), DAY_SCHEMA]
Ground = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,59}$")]
CpvPrefix = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,8}(-[0-9])?$")]

_TITLE = {"ru": "Школьная мебель для сельских школ", "ky": "Айыл мектептери үчүн эмерек"}
_LOT_TITLE = {"ru": "Лот 1. Парты и стулья", "ky": "1-лот. Парталар жана отургучтар"}
_ITEM = {"ru": "Парта ученическая двухместная, регулируемая по высоте"}
_SPECIFICATION = {"ru": "Группа роста 4-6, металлический каркас, столешница ЛДСП 18 мм"}
_CPV = {"scheme": "CPV", "id": "39160000-1"}
_VALUE = {"amount": "6700000.00", "currency": "KGS"}
_END = "2027-03-01T12:00:00Z"
_ITEMS = [{"description": _ITEM, "classification": _CPV, "quantity": "600", "unit_code": "SET"}]
_LOTS = [
    {
        "title": _LOT_TITLE,
        "value": _VALUE,
        "delivery_place_code": "kg-osh",
        "delivery_period_end": "2027-06-01",
        "items": _ITEMS,
    }
]
_ITEM_CHANGES = [{"id": "item_019abf2e8c1d7c3fa9b04b4c6f0d2e11", "quantity": "650"}]
_LOT_CHANGES = [{"id": "lot_019abf2e8c1d7c3fa9b04b4c6f0d2e11", "items": _ITEM_CHANGES}]


class ValueIn(Input):
    """An amount of money: a decimal string, and the ISO 4217 currency."""

    amount: Positive = Field(examples=["6700000.00"])
    currency: CurrencyCode = Field(examples=["KGS"])


class _Coded(Input):
    scheme: Scheme = Field(examples=["HS"])
    id: str = Field(max_length=20, examples=["940320"])

    @field_validator("id")
    @classmethod
    def _well_formed(cls, code: str, info: ValidationInfo) -> str:
        scheme = info.data.get("scheme")
        if scheme is not None and not classifications.well_formed(scheme, code):
            raise PydanticCustomError(
                "code_malformed",
                "A code of {scheme} has {form}",
                {"scheme": scheme.value, "form": classifications.FORMS[scheme][1]},
            )
        return code


class ClassificationIn(_Coded):
    """The item's main class; OKGZ is the Kyrgyz edition of CPV 2008."""

    scheme: Literal[Scheme.CPV, Scheme.OKGZ] = Field(examples=["CPV"])
    id: str = Field(max_length=20, examples=["39160000-1"])


class AdditionalClassificationIn(_Coded):
    """Another class of the item, for example its HS code."""


class ItemPatch(Input):
    """Changes of an item; fields that are left out stay as they are."""

    description: Annotated[dict[Language, Paragraph] | None, Given] = Field(
        default=None, min_length=1, examples=[_ITEM]
    )
    specification: Annotated[dict[Language, Paragraph] | None, Given] = Field(
        default=None, examples=[_SPECIFICATION]
    )
    classification: ClassificationIn | None = Field(default=None, examples=[_CPV])
    additional_classifications: Annotated[list[AdditionalClassificationIn] | None, Given] = Field(
        default=None, max_length=10, examples=[[{"scheme": "HS", "id": "940320"}]]
    )
    quantity: Annotated[Positive | None, Given] = Field(default=None, examples=["600"])
    unit_code: Annotated[UnitCode | None, Given] = Field(
        default=None, examples=["SET"], description="UN/ECE Recommendation 20 or 21"
    )


class ItemIn(ItemPatch):
    """What is bought: at least one language, a quantity above zero and its unit."""

    description: dict[Language, Paragraph] = Field(min_length=1, examples=[_ITEM])
    specification: dict[Language, Paragraph] = Field(default={}, examples=[_SPECIFICATION])
    additional_classifications: list[AdditionalClassificationIn] = Field(
        default=[], max_length=10, examples=[[{"scheme": "HS", "id": "940320"}]]
    )
    quantity: Positive = Field(examples=["600"])
    unit_code: UnitCode = Field(examples=["SET"], description="UN/ECE Recommendation 20 or 21")
    framework_item_id: ItemId | None = Field(
        default=None, examples=[None], description="Of a call-off: the item of the framework"
    )


class ItemChange(ItemPatch):
    """Changes of a published item."""

    id: ItemId


class LotPatch(Input):
    """Changes of a lot; fields that are left out stay as they are."""

    title: Annotated[dict[Language, Line] | None, Given] = Field(
        default=None, min_length=1, examples=[_LOT_TITLE]
    )
    value: ValueIn | None = Field(default=None, examples=[_VALUE])
    delivery_place_code: Annotated[PlaceCode | None, Given] = Field(
        default=None, examples=["kg-osh"]
    )
    delivery_address: Line | None = Field(default=None, examples=["г. Ош, ул. Школьная, 12"])
    delivery_period_start: Day | None = Field(default=None, examples=["2027-04-01"])
    delivery_period_end: Annotated[Day | None, Given] = Field(
        default=None, examples=["2027-06-01"], description="Last day of delivery in Bishkek"
    )
    incoterms: Annotated[list[IncotermCode] | None, Given] = Field(
        default=None, max_length=11, examples=[["DAP", "DDP"]], description="Empty: any"
    )
    required_certificates: Annotated[list[CertificateScheme] | None, Given] = Field(
        default=None, max_length=20, examples=[["ISO9001"]]
    )


class LotIn(LotPatch):
    """A part of the tender: what, where and when it is delivered, within which budget."""

    title: dict[Language, Line] = Field(min_length=1, examples=[_LOT_TITLE])
    plan_item_id: PlanItemId | None = Field(
        default=None, examples=[None], description="The line of your procurement plan"
    )
    delivery_place_code: PlaceCode = Field(examples=["kg-osh"])
    delivery_period_end: Day = Field(
        examples=["2027-06-01"], description="Last day of delivery in Bishkek"
    )
    incoterms: list[IncotermCode] = Field(
        default=[], max_length=11, examples=[["DAP", "DDP"]], description="Empty: any"
    )
    required_certificates: list[CertificateScheme] = Field(
        default=[], max_length=20, examples=[["ISO9001"]]
    )
    items: list[ItemIn] = Field(min_length=1, max_length=MAX_ITEMS, examples=[_ITEMS])


class LotChange(LotPatch):
    """Changes of a published lot and its items, found by their ids."""

    id: LotId
    items: list[ItemChange] = Field(default=[], max_length=MAX_ITEMS, examples=[_ITEM_CHANGES])


class TermsPatch(Input):
    """Terms that can change before and after publication."""

    title: Annotated[dict[Language, Line] | None, Given] = Field(
        default=None, min_length=1, examples=[_TITLE]
    )
    description: Annotated[dict[Language, Paragraph] | None, Given] = Field(
        default=None, examples=[{"ru": "Поставка и сборка в двенадцати школах района."}]
    )
    procurement_method_details: Line | None = Field(
        default=None, examples=["Request for quotations"]
    )
    value: ValueIn | None = Field(default=None, examples=[_VALUE])
    enquiry_period_end: Instant | None = Field(default=None, examples=["2027-02-24T12:00:00Z"])


class TenderPatch(TermsPatch):
    """Changes of a draft; `lots`, when given, replace all lots and items."""

    language: Annotated[Language | None, Given] = Field(
        default=None, examples=["ru"], description="The language that prevails"
    )
    procedure: Annotated[Procedure | None, Given] = Field(
        default=None, examples=["open"], description="Of a policy set (/public/policy-sets)"
    )
    procurement_method_ground: Ground | None = Field(
        default=None, examples=["naturalMonopoly"], description="Why from a single source"
    )
    auction_step_bp: int | None = Field(
        default=None,
        strict=True,
        ge=1,
        le=1000,
        examples=[100],
        description="Announces reverse auctions: their least step in basis points of a lot's value",
    )
    main_procurement_category: Annotated[ProcurementCategory | None, Given] = Field(
        default=None, examples=["goods"]
    )
    prequalification_period_end: Instant | None = Field(
        default=None,
        examples=[None],
        description="Candidates apply until then, where the procedure has a prequalification",
    )
    tender_period_start: Instant | None = Field(
        default=None, examples=["2027-02-01T03:00:00Z"], description="Empty: at publication"
    )
    tender_period_end: Instant | None = Field(default=None, examples=[_END])
    lots: Annotated[list[LotIn] | None, Given] = Field(
        default=None, max_length=MAX_LOTS, examples=[_LOTS]
    )

    @field_validator("lots")
    @classmethod
    def _not_too_many_items(cls, lots: list[LotIn] | None) -> list[LotIn] | None:
        count = sum(len(lot.items) for lot in lots or ())
        if count > MAX_ITEMS:
            raise PydanticCustomError(
                "too_many_items",
                "A tender may have at most {limit} items, not {count}",
                {"limit": MAX_ITEMS, "count": count},
            )
        return lots


class TenderIn(TenderPatch):
    """A new draft with its lots and items."""

    language: Language = Field(
        default="ru", examples=["ru"], description="The language that prevails"
    )
    title: dict[Language, Line] = Field(min_length=1, examples=[_TITLE])
    description: dict[Language, Paragraph] = Field(
        default={}, examples=[{"ru": "Поставка и сборка в двенадцати школах района."}]
    )
    procedure: Procedure = Field(
        default="open", examples=["open"], description="Of a policy set (/public/policy-sets)"
    )
    framework_id: TenderId | None = Field(
        default=None,
        examples=[None],
        description="A call-off by competition: the tender that concluded the framework agreement",
    )
    mode: TenderMode = Field(
        default=TenderMode.LIVE, examples=["live"], description="`test` only in a sandbox"
    )
    accelerator: int = Field(
        default=1,
        strict=True,
        ge=1,
        le=MAX_ACCELERATOR,
        examples=[1],
        description="Divides every duration of a test tender",
    )
    quick: list[QuickMode] = Field(
        default=[], max_length=2, examples=[[]], description="What a test tender does not wait for"
    )
    main_procurement_category: ProcurementCategory = Field(
        default=ProcurementCategory.GOODS, examples=["goods"]
    )
    lots: list[LotIn] = Field(default=[], max_length=MAX_LOTS, examples=[_LOTS])

    @model_validator(mode="after")
    def _only_tests_are_accelerated(self) -> Self:
        if self.accelerator > 1 and self.mode is not TenderMode.TEST:
            raise PydanticCustomError("accelerated_live", "Only a test tender can be accelerated")
        if self.quick and self.mode is not TenderMode.TEST:
            raise PydanticCustomError("quick_live", "Only a test tender has quick modes")
        return self
