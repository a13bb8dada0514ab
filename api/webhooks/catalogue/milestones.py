"""Events of payment schedules and of what becomes due by them; both sides of a contract are told."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from api.rules.disputes import MilestoneKind
from api.rules.payment_milestones import (
    AdvanceGuaranteeStatus,
    MilestoneStatus,
    PaymentStatus,
    RefundStatus,
)
from api.rules.schedules import ScheduleStatus
from api.webhooks.catalogue.contracts import CONTRACT, OfContractData
from api.webhooks.catalogue.kinds import Kind
from api.webhooks.catalogue.procurement import TENDER

Sha256 = Annotated[str, Field(description="Of what both sides agree to, or of the computation")]


class PaymentScheduleEventData(OfContractData):
    """A payment schedule that moved."""

    number: int
    status: ScheduleStatus
    sha256: Sha256


class MilestoneEventData(OfContractData):
    """A part of a contract's value that moved."""

    number: int
    status: MilestoneStatus
    kind: MilestoneKind
    amount: Decimal
    currency: str


class MilestonePaymentEventData(OfContractData):
    """What became due of a milestone."""

    number: int = Field(description="Of the payment, within its lot or the contract")
    milestone: int
    lot_id: str | None
    status: PaymentStatus
    net: Decimal
    currency: str
    sha256: Sha256


class AdvanceGuaranteeEventData(OfContractData):
    """A guarantee for an advance."""

    number: int
    status: AdvanceGuaranteeStatus
    amount: Decimal
    currency: str
    sha256: str = Field(description="Of the document")


class ContractRefundEventData(OfContractData):
    """Money of a contract that goes back to the buyer."""

    number: int
    status: RefundStatus
    amount: Decimal
    currency: str


class PaymentRecoveryEventData(OfContractData):
    """What a supplier came to owe after it was paid."""

    number: int
    amount: Decimal
    recovered: Decimal
    currency: str


_OF_CONTRACT = {"contract_id": CONTRACT, "tender_id": TENDER}
_MONEY = {"amount": "300000", "currency": "KGS"}
TYPES = (
    *Kind(
        "payment_schedule",
        "contract",
        "contracts:read",
        PaymentScheduleEventData,
        {**_OF_CONTRACT, "number": 1, "status": ScheduleStatus.AGREED, "sha256": "ab" * 32},
    ).types(
        proposed="The buyer proposed when a contract is paid.",
        agreed="Both sides agreed when a contract is paid.",
        rejected="The supplier did not agree.",
    ),
    *Kind(
        "milestone",
        "milestone",
        "contracts:read",
        MilestoneEventData,
        {
            **_OF_CONTRACT,
            **_MONEY,
            "number": 1,
            "status": MilestoneStatus.FUNDED,
            "kind": MilestoneKind.ADVANCE,
        },
    ).types(
        funded="The money of a milestone is held.",
        completed="All of a milestone is paid.",
        cancelled="A milestone is no longer owed.",
    ),
    *Kind(
        "milestone_payment",
        "milestone_payment",
        "contracts:read",
        MilestonePaymentEventData,
        {
            **_OF_CONTRACT,
            "number": 1,
            "milestone": 2,
            "lot_id": None,
            "status": PaymentStatus.DUE,
            "net": "57000",
            "currency": "KGS",
            "sha256": "ab" * 32,
        },
    ).types(
        due="Facts made a part of a milestone due.",
        approved="The buyer approved a payment.",
        released="A payment was ordered.",
        reported="The buyer says that its bank has paid.",
        denied="The supplier says that the money has not come.",
        paid="A payment has reached the supplier, or was taken off whole.",
        failed="A payment could not be made, or came back.",
        frozen="A dispute holds a payment.",
        unfrozen="A dispute is closed: the payment waits for approval again.",
        cancelled="A payment fell: what made it due was taken back.",
    ),
    *Kind(
        "advance_guarantee",
        "guarantee",
        "contracts:read",
        AdvanceGuaranteeEventData,
        {
            **_OF_CONTRACT,
            **_MONEY,
            "number": 1,
            "status": AdvanceGuaranteeStatus.ACCEPTED,
            "sha256": "ab" * 32,
        },
    ).types(
        submitted="A guarantee for an advance was laid before the buyer; also `guarantee.submitted`.",
        accepted="The buyer accepted a guarantee: the advance is due; also `guarantee.accepted`.",
        refused="The buyer refused a guarantee; also `guarantee.refused`.",
    ),
    *Kind(
        "contract_refund",
        "contract_refund",
        "contracts:read",
        ContractRefundEventData,
        {**_OF_CONTRACT, **_MONEY, "number": 1, "status": RefundStatus.RELEASED},
    ).types(
        requested="The buyer asks for money of a contract back.",
        approved="A refund was approved.",
        paid="A refund has reached the buyer.",
        cancelled="A refund was given up, or came back.",
    ),
    *Kind(
        "payment_recovery",
        "payment_recovery",
        "contracts:read",
        PaymentRecoveryEventData,
        {**_OF_CONTRACT, **_MONEY, "number": 1, "recovered": "0"},
    ).types(
        claimed="A supplier owes what can no longer be taken off its payments.",
        recovered="A supplier has paid back, in part or whole.",
    ),
)
INTERNAL = ("milestone.term_ended",)
