"""Public requests: tenders, their lots and items, and the amendments after publication."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint
from sqlmodel import Field, Relationship

from api.core.tables import JSON, MONEY, QUANTITY, TEXTS, TIMESTAMP, Table, state
from api.core.zones import LEGAL_ZONE
from api.rules.amendments import AmendmentCause
from api.rules.frameworks import FrameworkMethod
from api.rules.policy import SealingMode
from api.rules.tenders import (
    MAX_ACCELERATOR,
    MAX_QUANTITY,
    STATUS_OF,
    LotStatus,
    ProcurementCategory,
    ProcurementMethod,
    TenderMode,
    TenderStage,
    TenderStatus,
    Value,
)

_CHILDREN = {
    "lazy": "raise",
    "cascade": "all, delete-orphan",
    "passive_deletes": True,
}
_STATUS_FITS_STAGE = " OR ".join(
    f"(status = '{status}' AND status_details IN ("
    + ", ".join(f"'{stage}'" for stage, of in STATUS_OF.items() if of is status)
    + "))"
    for status in TenderStatus
)


class Tender(Table, table=True):
    """A request and the state of its procedure; others see it once `published_at` is set.

    `policy` is the policy set of the day of publication, frozen (service.policies): with it the
    procedure runs to its end, whatever the law becomes. `prolonged` counts automatic prolongations;
    `direct_amount` is what a direct purchase takes of the annual plan of `direct_year`.

    A tender with a prequalification has `prequalification_period_end`; until its candidates are
    invited, the tender period is the planned one, and the windows for questions and complaints
    are those of the time to apply.
    `framework_id` is the tender whose framework agreement this one is a call-off of, and
    `framework_method` how it is made: without reopening competition there is no tender period.
    """

    __tablename__ = "tender"
    __table_args__ = (
        CheckConstraint(_STATUS_FITS_STAGE, name="status_fits_details"),
        CheckConstraint(
            "status <> 'active' OR (published_at IS NOT NULL AND (tender_period_end IS NOT NULL"
            " OR framework_method = 'withoutReopeningCompetition'))",
            name="active_is_published",
        ),
        CheckConstraint(
            "(framework_id IS NULL) = (framework_method IS NULL)", name="call_off_has_method"
        ),
        CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL AND cancellation_reason IS NOT NULL)",
            name="cancelled_has_reason",
        ),
        CheckConstraint("tender_period_end > tender_period_start", name="period_forward"),
        CheckConstraint(
            "tender_period_end > prequalification_period_end", name="prequalified_before_bids"
        ),
        CheckConstraint(
            f"accelerator = 1 OR (mode = 'test' AND accelerator BETWEEN 1 AND {MAX_ACCELERATOR})",
            name="accelerated_in_tests",
        ),
        CheckConstraint(
            "quick = '{}' OR (mode = 'test' AND quick <@ ARRAY['no_auction', 'fast_forward'])",
            name="quick_in_tests",
        ),
        CheckConstraint("(policy IS NULL) = (policy_set_id IS NULL)", name="policy_names_its_set"),
        CheckConstraint("value_amount > 0", name="value_positive"),
        CheckConstraint(
            "(value_amount IS NULL) = (value_currency IS NULL)", name="value_has_currency"
        ),
        Index(
            "ix_tender_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index("ix_tender_open", "status", "tender_period_end"),
    )

    buyer_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    ocid: str = Field(max_length=40, unique=True)
    language: str = Field(max_length=2)
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    description: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    mode: TenderMode = Field(default=TenderMode.LIVE, sa_type=state(TenderMode))
    accelerator: int = 1
    quick: list[str] = Field(
        default_factory=list, sa_column=Column(TEXTS, nullable=False, server_default="{}")
    )
    procedure: str = Field(max_length=40)
    procurement_method: ProcurementMethod = Field(sa_type=state(ProcurementMethod))
    procurement_method_details: str | None = Field(default=None, max_length=500)
    procurement_method_ground: str | None = Field(default=None, max_length=60)
    main_procurement_category: ProcurementCategory = Field(sa_type=state(ProcurementCategory))
    value_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    value_currency: str | None = Field(default=None, max_length=3)
    status: TenderStatus = Field(default=TenderStatus.DRAFT, sa_type=state(TenderStatus))
    status_details: TenderStage = Field(default=TenderStage.DRAFT, sa_type=state(TenderStage))
    auction_step_bp: int | None = None
    policy_set_id: UUID | None = Field(
        default=None, foreign_key="policy_set.id", ondelete="RESTRICT"
    )
    policy: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    zone: str | None = Field(default=None, max_length=60)
    """Frozen with the policy, which is large and says it too: lists read this alone."""
    sealing_mode: SealingMode | None = Field(default=None, sa_type=state(SealingMode))
    published_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    prequalification_period_end: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    prequalification_standstill_end: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    tender_period_start: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    tender_period_end: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    enquiry_period_end: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    clarification_until: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    complaint_period_end: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cancelled_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    cancellation_reason: str | None = Field(default=None, max_length=5000)
    unsuccessful_reason: str | None = Field(default=None, max_length=60)
    prolonged: int = 0
    direct_year: int | None = None
    direct_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    framework_id: UUID | None = Field(
        default=None, foreign_key="tender.id", index=True, ondelete="RESTRICT"
    )
    framework_method: FrameworkMethod | None = Field(default=None, sa_type=state(FrameworkMethod))
    search_text: str = ""
    version: int = 1

    lots: list["Lot"] = Relationship(
        sa_relationship_kwargs={**_CHILDREN, "order_by": "Lot.position"}
    )

    @property
    def time_zone(self) -> str:
        """In which the law counts its days (IANA); a draft's is not decided yet."""
        if self.zone is not None or self.policy_set_id is None:
            return self.zone or LEGAL_ZONE
        # Frozen by a process of the release before, while this one took its place.
        frozen: str | None = (self.policy or {}).get("time_zone")
        return frozen or LEGAL_ZONE

    @property
    def value(self) -> Value | None:
        return _value(self.value_amount, self.value_currency)


class Lot(Table, table=True):
    """A part of a tender that is delivered, budgeted and (later) awarded by itself.

    `plan_amount` is what it takes of its line of the plan, in the plan's currency.
    """

    __tablename__ = "tender_lot"
    __table_args__ = (
        UniqueConstraint("tender_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("delivery_period_end >= delivery_period_start", name="delivery_forward"),
        CheckConstraint("value_amount > 0", name="value_positive"),
        CheckConstraint(
            "(value_amount IS NULL) = (value_currency IS NULL)", name="value_has_currency"
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="CASCADE")
    position: int
    status: LotStatus = Field(default=LotStatus.PLANNED, sa_type=state(LotStatus))
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    value_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    value_currency: str | None = Field(default=None, max_length=3)
    plan_item_id: UUID | None = Field(
        default=None, foreign_key="procurement_plan_item.id", index=True, ondelete="SET NULL"
    )
    plan_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    delivery_place_code: str = Field(max_length=40)
    delivery_address: str | None = Field(default=None, max_length=500)
    delivery_period_start: date | None = None
    delivery_period_end: date
    incoterms: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    required_certificates: list[str] = Field(sa_column=Column(TEXTS, nullable=False))

    items: list["Item"] = Relationship(
        sa_relationship_kwargs={**_CHILDREN, "order_by": "Item.position"}
    )

    @property
    def value(self) -> Value | None:
        return _value(self.value_amount, self.value_currency)


class Item(Table, table=True):
    """Goods, works or services of one kind, in one quantity."""

    __tablename__ = "tender_item"
    __table_args__ = (
        UniqueConstraint("lot_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint(f"quantity > 0 AND quantity <= {MAX_QUANTITY}", name="quantity_in_bounds"),
        CheckConstraint(
            "(classification_scheme IS NULL) = (classification_id IS NULL)",
            name="classification_complete",
        ),
        Index(
            "ix_tender_item_classification_id",
            "classification_id",
            postgresql_ops={"classification_id": "text_pattern_ops"},
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="CASCADE")
    lot_id: UUID = Field(foreign_key="tender_lot.id", ondelete="CASCADE")
    position: int
    description: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    specification: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    classification_scheme: str | None = Field(default=None, max_length=20)
    classification_id: str | None = Field(default=None, max_length=20)
    additional_classifications: list[dict[str, str]] = Field(sa_column=Column(JSON, nullable=False))
    quantity: Decimal = Field(sa_type=QUANTITY)
    unit_code: str = Field(max_length=3)
    framework_item_id: UUID | None = Field(
        default=None, foreign_key="tender_item.id", ondelete="RESTRICT"
    )

    @property
    def classification(self) -> dict[str, str] | None:
        if self.classification_scheme is None or self.classification_id is None:
            return None
        return {"scheme": self.classification_scheme, "id": self.classification_id}

    @property
    def codes(self) -> list[tuple[str, str]]:
        """All classifications, its own first: scheme and code."""
        own = [self.classification] if self.classification else []
        return [(one["scheme"], one["id"]) for one in (*own, *self.additional_classifications)]


class Amendment(Table, table=True):
    """One change of a published tender; never altered afterwards."""

    __tablename__ = "tender_amendment"
    __table_args__ = (UniqueConstraint("tender_id", "number"),)

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="CASCADE")
    number: int
    cause: AmendmentCause = Field(default=AmendmentCause.BUYER, sa_type=state(AmendmentCause))
    rationale: str = Field(max_length=5000)
    material: bool
    needs_confirmation: bool
    material_changes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    changes: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    amended_at: datetime = Field(sa_type=TIMESTAMP)


def _value(amount: Decimal | None, currency: str | None) -> Value | None:
    return None if amount is None or currency is None else Value(amount, currency)
