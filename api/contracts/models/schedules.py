"""When, where and on which terms the lines of a contract are delivered, as both sides agreed."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Numeric,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field

from api.core.tables import JSON, QUANTITY, TEXTS, TIMESTAMP, Table, state
from api.rules.incoterms import Incoterm
from api.rules.schedules import ContractualEvent, LineResponse, ScheduleStatus

PERCENT: Any = Numeric(5, 2)


class DeliverySchedule(Table, table=True):
    """A schedule as one side proposed it. `rows` is frozen; what is in force are the rows.

    `change_id` names the contract change that it amends the schedule in force by, `based_on` the
    schedule that it amends or answers.
    """

    __tablename__ = "delivery_schedule"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        Index(
            "uq_delivery_schedule_open",
            "contract_id",
            unique=True,
            postgresql_where=text("status = 'proposed' AND change_id IS NULL"),
        ),
        Index(
            "uq_delivery_schedule_agreed",
            "contract_id",
            unique=True,
            postgresql_where=text("status = 'agreed'"),
        ),
        CheckConstraint(
            "(status IN ('agreed', 'superseded')) ="
            " (agreed_by IS NOT NULL AND agreed_at IS NOT NULL)",
            name="agreed_has_time",
        ),
        CheckConstraint("agreed_by <> proposed_by", name="agreed_by_the_other"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: int
    status: ScheduleStatus = Field(default=ScheduleStatus.PROPOSED, sa_type=state(ScheduleStatus))
    change_id: UUID | None = Field(
        default=None, unique=True, foreign_key="contract_change.id", ondelete="RESTRICT"
    )
    based_on: int | None = None
    rows: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    proposed_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    proposed_at: datetime = Field(sa_type=TIMESTAMP)
    agreed_by: UUID | None = Field(default=None, foreign_key="organisation.id", ondelete="RESTRICT")
    agreed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class DeliveryScheduleRow(Table, table=True):
    """A row in force: so much of an item of the contract, by these days, at this place.

    It keeps its id through amendments; `schedule_id` is the schedule that last set it. The
    quantities despatched and received are kept by triggers of the lines of despatch advices and
    receipts, the quantity presented by those of acceptances, and by nobody else.

    `item_id` names an item of the tender or, as `order_line_id` says, a line of the order.

    A replacement of goods that were rejected is a row of its own, bound by `replaces_row_id` to the
    row that they were delivered for: it adds nothing to what is ordered.
    """

    __tablename__ = "delivery_schedule_row"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("tolerance_pct BETWEEN 0 AND 100", name="tolerance_in_bounds"),
        CheckConstraint(
            "ship_by >= ready_by AND deliver_by >= ship_by AND deliver_by >= ready_by",
            name="dates_forward",
        ),
        CheckConstraint("(incoterm IS NULL) = (incoterm_version IS NULL)", name="incoterm_dated"),
        CheckConstraint(
            "despatched_quantity BETWEEN 0 AND quantity * (100 + tolerance_pct) / 100",
            name="despatched_within_ordered",
        ),
        CheckConstraint(
            "received_quantity BETWEEN 0 AND despatched_quantity",
            name="received_within_despatched",
        ),
        CheckConstraint(
            "presented_quantity BETWEEN 0 AND received_quantity",
            name="presented_within_received",
        ),
        CheckConstraint(
            "withdrawn_at IS NULL OR despatched_quantity = 0", name="withdrawn_is_untouched"
        ),
        CheckConstraint("replaces_row_id <> id", name="replaces_another"),
        CheckConstraint("order_line_id = item_id", name="item_is_line"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    schedule_id: UUID = Field(foreign_key="delivery_schedule.id", index=True, ondelete="RESTRICT")
    number: int
    item_id: UUID = Field(index=True)
    order_line_id: UUID | None = Field(
        default=None, foreign_key="purchase_order_line.id", ondelete="RESTRICT"
    )
    tender_item_id: UUID | None = Field(
        default=None,
        sa_column=Column(
            Uuid,
            Computed(
                "CASE WHEN order_line_id IS NULL THEN item_id ELSE NULL::uuid END", persisted=True
            ),
            ForeignKey("tender_item.id", ondelete="RESTRICT"),
        ),
    )
    quantity: Decimal = Field(sa_type=QUANTITY)
    unit_code: str = Field(max_length=3)
    ready_by: date | None = None
    ship_by: date | None = None
    deliver_by: date | None = None
    place_code: str = Field(max_length=40)
    delivery_address: str | None = Field(default=None, max_length=500)
    tolerance_pct: Decimal = Field(default=Decimal(), sa_type=PERCENT)
    incoterm: Incoterm | None = Field(default=None, sa_type=state(Incoterm))
    incoterm_version: str | None = Field(default=None, max_length=4)
    named_place: str | None = Field(default=None, max_length=500)
    deviations: list[str] = Field(
        default=[], sa_column=Column(TEXTS, nullable=False, server_default="{}")
    )
    """Agreed changes of the Incoterm (`Deviation`)."""
    contractual_event: ContractualEvent = Field(sa_type=state(ContractualEvent))
    despatched_quantity: Decimal = Field(default=Decimal(), sa_type=QUANTITY)
    received_quantity: Decimal = Field(default=Decimal(), sa_type=QUANTITY)
    presented_quantity: Decimal = Field(default=Decimal(), sa_type=QUANTITY)
    withdrawn_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    replaces_row_id: UUID | None = Field(
        default=None, index=True, foreign_key="delivery_schedule_row.id", ondelete="RESTRICT"
    )
    version: int = 1

    @property
    def due(self) -> date | None:
        """The day that binds the seller."""
        return (
            self.ship_by if self.contractual_event is ContractualEvent.SHIP_BY else self.deliver_by
        )


class OrderResponse(Table, table=True):
    """The other side's answer to a proposed schedule (UBL OrderResponse). Never altered."""

    __tablename__ = "order_response"

    contract_id: UUID = Field(foreign_key="contract.id", index=True, ondelete="RESTRICT")
    schedule_id: UUID = Field(unique=True, foreign_key="delivery_schedule.id", ondelete="RESTRICT")
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    actor: str = Field(max_length=80)
    note: str | None = Field(default=None, max_length=5000)
    responded_at: datetime = Field(sa_type=TIMESTAMP)


class OrderResponseLine(Table, table=True):
    """Accept, reject or change one row; `change` is the row as the answering side would have it,
    `split` the further rows that part of its quantity goes to."""

    __tablename__ = "order_response_line"
    __table_args__ = (
        UniqueConstraint("response_id", "row_number"),
        CheckConstraint("(response = 'change') = (change IS NOT NULL)", name="change_says_what"),
        CheckConstraint("response = 'change' OR split = '[]'", name="split_of_change"),
        CheckConstraint("response = 'accept' OR reason IS NOT NULL", name="refusal_has_reason"),
    )

    response_id: UUID = Field(foreign_key="order_response.id", ondelete="RESTRICT")
    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    row_number: int
    response: LineResponse = Field(sa_type=state(LineResponse))
    reason: str | None = Field(default=None, max_length=5000)
    change: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    split: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
