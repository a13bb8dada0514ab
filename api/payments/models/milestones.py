"""When a contract is paid, what became due of it, who approved it, what went back."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.disputes import MilestoneKind
from api.rules.payment_milestones import (
    MilestoneStatus,
    PaymentStatus,
    RefundStatus,
    Settlement,
)
from api.rules.schedules import ScheduleStatus

_TEXT = 5000
ACTOR_LENGTH = 80


class PaymentSchedule(Table, table=True):
    """A payment schedule as the buyer proposed it. `parts` is frozen, with the amount of each; what
    is in force are the milestones. `payee_account_id` is where the supplier wants to be paid."""

    __tablename__ = "payment_schedule"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        Index(
            "uq_payment_schedule_open",
            "contract_id",
            unique=True,
            postgresql_where=text("status = 'proposed'"),
        ),
        Index(
            "uq_payment_schedule_agreed",
            "contract_id",
            unique=True,
            postgresql_where=text("status = 'agreed'"),
        ),
        CheckConstraint("total > 0", name="total_positive"),
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
    settlement: Settlement = Field(sa_type=state(Settlement))
    total: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    parts: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    sha256: str = Field(max_length=64)
    payee_account_id: UUID | None = None
    reason: str | None = Field(default=None, max_length=_TEXT)
    proposed_by: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    proposed_at: datetime = Field(sa_type=TIMESTAMP)
    agreed_by: UUID | None = Field(default=None, foreign_key="organisation.id", ondelete="RESTRICT")
    agreed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class PaymentMilestone(Table, table=True):
    """A part of a contract's value in force; it keeps its number through agreed changes.

    `called` is what its payments that stand are for, of which `paid` has reached the supplier or
    was taken off for the buyer. Kept by whoever writes a payment, under the contract's lock.
    `final_amount` is what it is worth once the contract has ended before all of it was earned.
    """

    __tablename__ = "payment_milestone"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("called >= 0 AND paid BETWEEN 0 AND called", name="paid_within_called"),
        CheckConstraint("term_days >= 0", name="term_forward"),
        CheckConstraint("final_amount BETWEEN 0 AND amount", name="final_within_amount"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    schedule_id: UUID = Field(foreign_key="payment_schedule.id", index=True, ondelete="RESTRICT")
    number: int
    status: MilestoneStatus = Field(default=MilestoneStatus.PLANNED, sa_type=state(MilestoneStatus))
    kind: MilestoneKind = Field(sa_type=state(MilestoneKind))
    lot_id: UUID | None = Field(default=None, foreign_key="tender_lot.id", ondelete="RESTRICT")
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    term_days: int
    guarantee_required: bool
    final_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    called: Decimal = Field(default=Decimal(), sa_type=MONEY)
    paid: Decimal = Field(default=Decimal(), sa_type=MONEY)
    version: int = 1

    @property
    def worth(self) -> Decimal:
        """What the supplier can earn of it."""
        return self.amount if self.final_amount is None else self.final_amount


class MilestonePayment(Table, table=True):
    """What facts made due of a milestone. `file` is its arithmetic (api/payments/due/files.py),
    written anew while nobody has approved it; `sha256` names it.

    `number` counts the payments of a lot, or of the contract. `round` counts how often it was put to
    approval: an approval of an earlier round is none. `reference` and what follows it is what a buyer
    that pays by its own bank told of the transfer.
    """

    __tablename__ = "milestone_payment"
    __table_args__ = (
        UniqueConstraint("contract_id", "lot_id", "number", postgresql_nulls_not_distinct=True),
        CheckConstraint(
            "gross > 0 AND penalty >= 0 AND commission >= 0 AND net >= 0", name="amounts_positive"
        ),
        CheckConstraint("gross = penalty + commission + net", name="adds_up"),
        CheckConstraint(
            "status NOT IN ('reported') OR (reference IS NOT NULL AND value_date IS NOT NULL)",
            name="reported_has_reference",
        ),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_has_time"),
        Index("ix_milestone_payment_milestone_id", "milestone_id"),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    milestone_id: UUID = Field(foreign_key="payment_milestone.id", ondelete="RESTRICT")
    lot_id: UUID | None = Field(default=None, foreign_key="tender_lot.id", ondelete="RESTRICT")
    number: int
    status: PaymentStatus = Field(default=PaymentStatus.DUE, sa_type=state(PaymentStatus))
    settlement: Settlement = Field(sa_type=state(Settlement))
    schedule_row_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    due_at: datetime = Field(sa_type=TIMESTAMP)
    gross: Decimal = Field(sa_type=MONEY)
    penalty: Decimal = Field(sa_type=MONEY)
    commission: Decimal = Field(sa_type=MONEY)
    net: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    file: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str = Field(max_length=64)
    round: int = 1
    attempts: int = 0
    payee_account_id: UUID | None = None
    order_id: UUID | None = None
    reference: str | None = Field(default=None, max_length=140)
    value_date: date | None = None
    reason: str | None = Field(default=None, max_length=_TEXT)
    paid_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class PaymentApproval(Table, table=True):
    """Somebody of the buyer's has approved the payment whose arithmetic has this hash. Never
    altered."""

    __tablename__ = "payment_approval"
    __table_args__ = (UniqueConstraint("payment_id", "round", "actor"),)

    contract_id: UUID = Field(foreign_key="contract.id", index=True, ondelete="RESTRICT")
    payment_id: UUID = Field(foreign_key="milestone_payment.id", ondelete="RESTRICT")
    round: int
    actor: str = Field(max_length=ACTOR_LENGTH)
    sha256: str = Field(max_length=64)
    approved_at: datetime = Field(sa_type=TIMESTAMP)


class ContractFunding(Table, table=True):
    """Money that was asked for to pay a contract with: what has come of the collection."""

    __tablename__ = "contract_funding"
    __table_args__ = (CheckConstraint("amount > 0 AND received >= 0", name="amounts_positive"),)

    contract_id: UUID = Field(foreign_key="contract.id", index=True, ondelete="RESTRICT")
    collection_id: UUID = Field(unique=True)
    amount: Decimal = Field(sa_type=MONEY)
    received: Decimal = Field(default=Decimal(), sa_type=MONEY)


class ContractRefund(Table, table=True):
    """Money of a contract that goes back to the buyer, asked for by one person, approved by another;
    without an account, by Stripe to what it was paid with."""

    __tablename__ = "contract_refund"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("approved_by <> requested_by", name="four_eyes"),
        CheckConstraint(
            "status NOT IN ('released', 'paid') OR approved_by IS NOT NULL", name="approved_first"
        ),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: int
    status: RefundStatus = Field(default=RefundStatus.REQUESTED, sa_type=state(RefundStatus))
    amount: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    payee_account_id: UUID | None = None
    reason: str = Field(max_length=_TEXT)
    requested_by: str = Field(max_length=ACTOR_LENGTH)
    approved_by: str | None = Field(default=None, max_length=ACTOR_LENGTH)
    order_id: UUID | None = None
    version: int = 1


class PaymentRecovery(Table, table=True):
    """What the supplier came to owe the buyer beyond what could be taken off its payments: a
    debt. `recovered` is what came of it, which is the buyer's to have refunded: of that `taken_back`
    from what the supplier has at Stripe (null until that is known; `reversed_elsewhere` of it in Stripe's
    dashboard), the rest by the collection."""

    __tablename__ = "payment_recovery"
    __table_args__ = (
        UniqueConstraint("contract_id", "number"),
        CheckConstraint("amount > 0 AND recovered BETWEEN 0 AND amount", name="within_amount"),
        CheckConstraint("taken_back BETWEEN 0 AND recovered", name="taken_back_within_recovered"),
        CheckConstraint(
            "reversed_elsewhere BETWEEN 0 AND recovered", name="reversed_elsewhere_within_recovered"
        ),
    )

    contract_id: UUID = Field(foreign_key="contract.id", ondelete="RESTRICT")
    number: int
    amount: Decimal = Field(sa_type=MONEY)
    recovered: Decimal = Field(default=Decimal(), sa_type=MONEY)
    taken_back: Decimal | None = Field(default=None, sa_type=MONEY)
    reversed_elsewhere: Decimal = Field(
        default=Decimal(), sa_type=MONEY, sa_column_kwargs={"server_default": text("0")}
    )
    currency: str = Field(max_length=3)
    collection_id: UUID | None = None
    claimed_at: datetime = Field(sa_type=TIMESTAMP)
    version: int = 1
