"""Statements of banks, their entries, and files of payments for banks."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import MONEY, TEXTS, Table, state
from api.rules.bank_statements import BankEntryKind, EntryOutcome, StatementFormat
from api.rules.payment_reports import ReportOutcome, ReportVerdict
from api.rules.rails import BatchStatus


class BankStatement(Table, table=True):
    """A statement of an account of the platform, once for each `identity`. Never altered.

    `duplicates` are entries of it that another statement had told before.
    """

    __tablename__ = "bank_statement"
    __table_args__ = (
        UniqueConstraint("platform_account_id", "identity"),
        Index("ix_bank_statement_account", "platform_account_id", "closing_on"),
    )

    platform_account_id: UUID = Field(foreign_key="platform_account.id", ondelete="RESTRICT")
    identity: str = Field(max_length=64)
    format: StatementFormat = Field(sa_type=state(StatementFormat))
    external_id: str = Field(max_length=35)
    number: int | None = None
    page: int
    currency: str = Field(max_length=3)
    closing_on: date
    opening: Decimal = Field(sa_type=MONEY)
    closing: Decimal = Field(sa_type=MONEY)
    entries: int
    duplicates: int
    message_id: UUID = Field(foreign_key="intake_message.id", ondelete="RESTRICT")


class BankEntry(Table, table=True):
    """An entry of a statement, once for each `external_id` of its account, and what became of it.

    The other side's number is encrypted; it is of use only to send back what nobody expected.
    """

    __tablename__ = "bank_entry"
    __table_args__ = (
        UniqueConstraint("platform_account_id", "external_id"),
        UniqueConstraint("statement_id", "position"),
        CheckConstraint("amount <> 0", name="amount_given"),
        Index("ix_bank_entry_open", "statement_id", postgresql_where=text("outcome IS NULL")),
        Index("ix_bank_entry_order_id", "order_id"),
    )

    statement_id: UUID = Field(foreign_key="bank_statement.id", ondelete="RESTRICT")
    platform_account_id: UUID = Field(foreign_key="platform_account.id", ondelete="RESTRICT")
    position: int
    external_id: str = Field(max_length=64)
    kind: BankEntryKind = Field(sa_type=state(BankEntryKind))
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    booked_on: date
    value_on: date | None = None
    reference: str | None = Field(default=None, max_length=200)
    end_to_end_id: str | None = Field(default=None, max_length=200)
    texts: list[str] = Field(sa_type=TEXTS)
    counterparty: str | None = Field(default=None, max_length=500)
    counterparty_number: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    counterparty_bic: str | None = Field(default=None, max_length=14)
    counterparty_bank: str | None = Field(default=None, max_length=200)
    counterparty_country: str | None = Field(default=None, max_length=2)
    return_reason: str | None = Field(default=None, max_length=40)
    outcome: EntryOutcome | None = Field(default=None, sa_type=state(EntryOutcome))
    reason: str | None = Field(default=None, max_length=40)
    collection_id: UUID | None = Field(
        default=None, foreign_key="collection.id", ondelete="RESTRICT"
    )
    order_id: UUID | None = Field(default=None, foreign_key="payment_order.id", ondelete="RESTRICT")
    suspense_item_id: UUID | None = Field(
        default=None, foreign_key="suspense_item.id", ondelete="RESTRICT"
    )
    reverses_id: UUID | None = Field(
        default=None, foreign_key="bank_entry.id", ondelete="RESTRICT", unique=True
    )


class PaymentBatch(Table, table=True):
    """Payment orders that go to a bank in one file, as of an account of the platform.

    An order is in one batch at most, so that no two files pay it. The file is made anew of the same
    rows each time, the same bytes: `sha256` is of them. `bank_status` is what the bank said last of all of
    it.
    """

    __tablename__ = "payment_batch"
    __table_args__ = (CheckConstraint("released_by <> created_by", name="four_eyes"),)

    platform_account_id: UUID = Field(foreign_key="platform_account.id", ondelete="RESTRICT")
    message_id: str = Field(max_length=35, unique=True)
    currency: str = Field(max_length=3)
    orders: int
    total: Decimal = Field(sa_type=MONEY)
    execution_on: date
    sha256: str = Field(max_length=64)
    status: BatchStatus = Field(default=BatchStatus.CREATED, sa_type=state(BatchStatus))
    created_by: str = Field(max_length=80)
    released_by: str | None = Field(default=None, max_length=80)
    bank_status: ReportVerdict | None = Field(default=None, sa_type=state(ReportVerdict))
    version: int = 1


class PaymentReportLine(Table, table=True):
    """What a bank said of one payment of a file, once for each report, and what became of it."""

    __tablename__ = "payment_report_line"
    __table_args__ = (
        UniqueConstraint("batch_id", "report_id", "end_to_end_id"),
        Index(
            "ix_payment_report_line_open", "message_id", postgresql_where=text("outcome IS NULL")
        ),
    )

    batch_id: UUID = Field(foreign_key="payment_batch.id", ondelete="RESTRICT")
    message_id: UUID = Field(foreign_key="intake_message.id", ondelete="RESTRICT")
    report_id: str = Field(max_length=35)
    end_to_end_id: str = Field(max_length=35)
    order_id: UUID | None = Field(default=None, foreign_key="payment_order.id", ondelete="RESTRICT")
    status: str = Field(max_length=4)
    verdict: ReportVerdict = Field(sa_type=state(ReportVerdict))
    reason: str | None = Field(default=None, max_length=40)
    text: str | None = Field(default=None, max_length=500)
    amount: Decimal | None = Field(default=None, sa_type=MONEY)
    currency: str | None = Field(default=None, max_length=3)
    outcome: ReportOutcome | None = Field(default=None, sa_type=state(ReportOutcome))
    outcome_reason: str | None = Field(default=None, max_length=40)
