"""What the routes of payments that became due take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.catalog.types import Paragraph, PlainDecimal, Positive
from api.core.ids import PublicId
from api.core.inputs import IsoInstant
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input
from api.payments.schemas.milestones import MilestoneId, PayeeAccountId
from api.procurement.schemas.ids import LotId
from api.procurement.schemas.inputs import Day
from api.rules.disputes import MilestoneKind
from api.rules.payment_milestones import PaymentStatus, RefundStatus, Settlement
from api.rules.rails import RailName

PaymentId = Annotated[UUID, PublicId("milestone_payment")]
CollectionId = Annotated[UUID, PublicId("collection")]
OrderId = Annotated[UUID, PublicId("payment_order")]
Reference = Annotated[
    str, Field(min_length=1, max_length=140, pattern=r"^[\x20-\x7e]+$", examples=["PP 2026-118"])
]
_SHA256 = Field(pattern="^[0-9a-f]{64}$", examples=["ab" * 32])


class ApproveIn(Input):
    """The buyer approves the payment whose arithmetic has this hash."""

    sha256: str = _SHA256


class ReportIn(Input):
    """A transfer that the buyer's bank has made."""

    reference: Reference = Field(description="Of the payment order at the bank")
    value_date: Day = Field(examples=["2027-03-10"])


class DenyIn(Input):
    """Why the supplier does not confirm."""

    reason: Paragraph = Field(examples=["Средства не поступили"])


class RetryIn(Input):
    """Where the supplier wants to be paid, when that failed where it was."""

    payee_account_id: PayeeAccountId = Field(
        examples=["payeeaccount_019abf2e8c1d7c3fa9b04b4c6f0d2e11"]
    )


class FundingIn(Input):
    """Money that the buyer will pay in for a contract."""

    amount: Positive = Field(examples=["300000.00"])
    rail: RailName = Field(examples=["bank_transfer"])
    due_at: IsoInstant = Field(examples=["2027-01-31T12:00:00+06:00"])


class FundingOut(BaseModel):
    """Money asked for, and the reference by which it is paid in."""

    collection_id: CollectionId
    amount: PlainDecimal
    currency: str
    reference: str


class PaymentApprovalOut(BaseModel):
    """Who approved, and when."""

    model_config = ConfigDict(from_attributes=True)

    actor: str
    sha256: str
    approved_at: datetime


class MilestonePaymentOut(BaseModel):
    """What became due of a milestone, and how far its payment has come.

    `gross` is what the milestone owes, `net` what the supplier gets.
    """

    model_config = ConfigDict(from_attributes=True)

    id: PaymentId
    milestone_id: MilestoneId
    milestone_number: int
    kind: MilestoneKind
    lot_id: LotId | None
    number: int
    status: PaymentStatus
    settlement: Settlement
    due_at: datetime
    gross: PlainDecimal
    penalty: PlainDecimal
    commission: PlainDecimal
    net: PlainDecimal
    currency: str
    sha256: str = Field(description="Of the file of its arithmetic; approve it by this hash")
    approvals: list[PaymentApprovalOut]
    order_id: OrderId | None
    reference: str | None
    value_date: Day | None
    reason: str | None
    paid_at: datetime | None
    version: int
    time_zone: TimeZone = LEGAL_ZONE


class RefundIn(Input):
    """Money that is free and goes back to the buyer."""

    amount: Positive = Field(examples=["12000.00"])
    payee_account_id: PayeeAccountId | None = Field(
        default=None,
        description="Without one it goes back to what it was paid with through Stripe",
        examples=["payeeaccount_019abf2e8c1d7c3fa9b04b4c6f0d2e11"],
    )
    reason: Paragraph = Field(examples=["Договор расторгнут"])


class RefundOut(BaseModel):
    """A refund and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    status: RefundStatus
    amount: PlainDecimal
    currency: str
    reason: str
    requested_by: str
    approved_by: str | None
    order_id: OrderId | None
    version: int


class RecoveryOut(BaseModel):
    """What the supplier came to owe after it was paid, and what of it came; what Stripe could not take
    back it pays by the collection."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    amount: PlainDecimal
    recovered: PlainDecimal
    taken_back: PlainDecimal | None = Field(
        description="Of it, from the supplier's balance at Stripe; null while that is not known"
    )
    currency: str
    collection_id: CollectionId | None
    claimed_at: datetime


class BalanceOut(BaseModel):
    """The money of a contract: what came is what was paid out, went back, and is held."""

    currency: str
    received: PlainDecimal = Field(description="Less what the payer's bank or Stripe took back")
    released: PlainDecimal = Field(description="To the supplier, sent or on its way")
    commission: PlainDecimal
    refunded: PlainDecimal
    penalties: PlainDecimal = Field(description="Taken off payments, still held for the buyer")
    held: PlainDecimal
    refundable: PlainDecimal
