"""What goes in and out about statements of banks and files of payments."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import PlainDecimal
from api.core.ids import PublicId
from api.core.inputs import IsoDate
from api.payments.schemas.transfers import (
    CollectionId,
    Input,
    PaymentOrderId,
    PlatformAccountId,
    SuspenseItemId,
)
from api.rules.bank_statements import BankEntryKind, EntryOutcome, StatementFormat
from api.rules.payment_reports import ReportOutcome, ReportVerdict
from api.rules.rails import BatchStatus

BankStatementId = Annotated[UUID, PublicId("bankstatement")]
BankEntryId = Annotated[UUID, PublicId("bankentry")]
PaymentBatchId = Annotated[UUID, PublicId("paymentbatch")]
PaymentReportLineId = Annotated[UUID, PublicId("paymentreportline")]


class BankStatementOut(BaseModel):
    """A statement of an account of the platform."""

    model_config = ConfigDict(from_attributes=True)

    id: BankStatementId
    platform_account_id: PlatformAccountId
    format: StatementFormat
    external_id: str = Field(description="The bank's id of it")
    number: int | None
    page: int
    currency: str
    closing_on: date
    opening: PlainDecimal
    closing: PlainDecimal
    entries: int
    duplicates: int = Field(description="Entries that another statement had told before")
    created_at: datetime


class StatementProblemOut(BaseModel):
    """Why a statement does not follow the one before."""

    code: str = Field(examples=["opening_differs"])
    detail: str = Field(examples=["It opens with 30, but the one before closed with 10."])


class BankStatementFullOut(BankStatementOut):
    """A statement with what became of its entries, and how it follows the one before."""

    outcomes: dict[str, int] = Field(
        description="Entries by outcome; `waiting` are those that are not worked yet",
        examples=[{"received": 12, "suspense": 1, "settled": 4}],
    )
    missing_numbers: list[int] | None = Field(
        description="The first and the last number that are missing before it", examples=[[17, 18]]
    )
    opening_differs: bool = Field(description="The statement before it closed otherwise")
    problems: list[StatementProblemOut] = Field(
        description="What is wrong with where it stands; empty when it follows the one before"
    )


class BankEntryOut(BaseModel):
    """An entry of a statement, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: BankEntryId
    statement_id: BankStatementId
    position: int
    kind: BankEntryKind
    currency: str
    amount: PlainDecimal = Field(description="Positive when money came in")
    booked_on: date
    value_on: date | None
    reference: str | None
    end_to_end_id: str | None
    texts: list[str]
    counterparty: str | None
    return_reason: str | None
    outcome: EntryOutcome | None
    reason: str | None = Field(examples=["unknown_reference"])
    collection_id: CollectionId | None
    order_id: PaymentOrderId | None
    suspense_item_id: SuspenseItemId | None
    reverses_id: BankEntryId | None = Field(description="The credit that the bank took back")


class PaymentReportLineOut(BaseModel):
    """What a bank said of one payment of a file, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: PaymentReportLineId
    payment_batch_id: PaymentBatchId = Field(validation_alias="batch_id")
    report_id: str = Field(description="The bank's id of the report")
    end_to_end_id: str
    order_id: PaymentOrderId | None
    status: str = Field(description="ISO 20022 payment status code", examples=["RJCT"])
    verdict: ReportVerdict
    reason: str | None = Field(description="ISO 20022 status reason code", examples=["AC04"])
    text: str | None
    outcome: ReportOutcome | None
    outcome_reason: str | None = Field(examples=["order_settled"])
    created_at: datetime


class PaymentBatchIn(Input):
    """From which account the payments go; without `order_ids` all that wait, the oldest 1,000."""

    platform_account_id: PlatformAccountId
    execution_on: IsoDate | None = Field(default=None, examples=["2099-01-04"])
    order_ids: list[PaymentOrderId] | None = Field(default=None, min_length=1, max_length=1000)


class PaymentBatchOut(BaseModel):
    """Payments that go to a bank in one file."""

    model_config = ConfigDict(from_attributes=True)

    id: PaymentBatchId
    platform_account_id: PlatformAccountId
    message_id: str
    currency: str
    orders: int
    total: PlainDecimal
    execution_on: date
    sha256: str = Field(description="Of the file")
    status: BatchStatus
    bank_status: ReportVerdict | None = Field(
        description="What the bank said last of the whole file"
    )
    version: int
    created_at: datetime
