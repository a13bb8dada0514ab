"""Events of Stripe: payers' banks that take money back, sellers' banks that refuse it."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.webhooks.catalogue.contracts import CONTRACT, ContractRef
from api.webhooks.catalogue.kinds import Data, Kind, Reference

_COLLECTION = "019abf2e8c1d7c3fa9b04b4c6f0d2e21"


class PaymentDisputeEventData(Data):
    """A payer's bank takes money back, or asks about it."""

    collection_id: Annotated[UUID, Reference("collection")]
    contract_id: ContractRef | None = Field(description="Whose payments it freezes")
    status: str = Field(description="In Stripe's words: needs_response, won, lost, …")
    reason: str
    amount: str
    currency: str
    evidence_due_at: AwareDatetime | None


class PayoutFailedEventData(Data):
    """What your bank did not take is in your balance at Stripe again."""

    amount: str
    currency: str
    reason: str | None


TYPES = (
    *Kind(
        "payment_dispute",
        "paymentdispute",
        "payments:read",
        PaymentDisputeEventData,
        {
            "collection_id": _COLLECTION,
            "contract_id": CONTRACT,
            "status": "needs_response",
            "reason": "product_not_received",
            "amount": "1250.00",
            "currency": "USD",
            "evidence_due_at": "2026-12-07T12:00:00Z",
        },
    ).types(
        opened="A payer's bank takes money back; payments of the contract are frozen.",
        evidence_due="Evidence for a dispute of a payer is due in three days.",
        closed="A dispute of a payer is over; payments of the contract are free again.",
    ),
    *Kind(
        "payee_account",
        "payeeaccount",
        "payments:read",
        PayoutFailedEventData,
        {"amount": "1250.00", "currency": "USD", "reason": "account_closed"},
    ).types(payout_failed="Your bank refused what Stripe paid out of your balance there."),
)
INTERNAL = ("payment_dispute.evidence_warning_due", "stripe_subscription.moved")
