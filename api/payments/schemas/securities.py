"""What the routes of securities take and give."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.catalog.types import Paragraph, PlainDecimal
from api.contracts.schemas import ContractId
from api.core.ids import PublicId
from api.core.zones import LEGAL_ZONE, TimeZone
from api.identity.schemas import Input, OrganisationId
from api.payments.schemas.guarantees import GuaranteeId, GuaranteeIn
from api.payments.schemas.milestone_payments import CollectionId
from api.payments.schemas.milestones import PayeeAccountId
from api.procurement.schemas.documents import DocumentId
from api.procurement.schemas.ids import BidId, TenderId
from api.rules.guarantees import GuaranteeKind
from api.rules.policy import ForfeitureGround
from api.rules.rails import RailName
from api.rules.securities import ForfeitureStatus, ReturnCause, SecurityStatus

SecurityId = Annotated[UUID, PublicId("security")]
_ACCOUNT = "payeeaccount_019abf2e8c1d7c3fa9b04b4c6f0d2e12"
_DOCUMENT = "document_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
GUARANTEE = {
    "number": "BG-2026-000417",
    "issuer_name": "Demir Kyrgyz International Bank",
    "issuer_bic": "DEMIKG22",
    "issuer_country": "KG",
    "rules": "urdg_758",
    "amount": "100000.00",
    "currency": "KGS",
    "issued_date": "2026-11-20",
    "valid_until": "2027-06-30",
    "claim_days": 0,
    "document_id": _DOCUMENT,
}


class SecurityIn(Input):
    """How a security is given. Its amount is what the tender, or the contract, asks for."""

    rail: RailName = Field(examples=["guarantee"])
    guarantee: GuaranteeIn | None = Field(
        default=None,
        examples=[GUARANTEE],
        description="Where the rail is `guarantee`, and only then",
    )
    payee_account_id: PayeeAccountId | None = Field(
        default=None,
        examples=[None],
        description="Where the rail is `bank_transfer`, and only then: an account of yours to which"
        " the money goes back",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.rail is RailName.GUARANTEE) is (self.guarantee is None):
            raise PydanticCustomError(
                "guarantee_by_rail", "guarantee is given where the rail is guarantee, and only then"
            )
        if (self.rail is RailName.BANK_TRANSFER) is (self.payee_account_id is None):
            raise PydanticCustomError(
                "account_by_rail",
                "payee_account_id is given where the rail is bank_transfer, and only then",
            )
        return self


class ContractSecurityIn(SecurityIn):
    """As the security of a bid; for an advance payment, always a guarantee."""

    kind: GuaranteeKind = Field(examples=["performance"], description="Not `bid`")

    @model_validator(mode="after")
    def _of_contract(self) -> Self:
        if self.kind is GuaranteeKind.BID:
            raise PydanticCustomError("kind_not_taken", "kind is performance or advance")
        return self


class ForfeitureIn(Input):
    """Why a security is to be kept; the decision is a document of yours."""

    ground: ForfeitureGround = Field(examples=["refusal_to_sign"])
    reason: Paragraph = Field(examples=["The winner did not sign within the period"])
    document_id: DocumentId = Field(examples=[_DOCUMENT])
    payee_account_id: PayeeAccountId | None = Field(
        default=None,
        examples=[_ACCOUNT],
        description="Where you want what is kept to be paid; it can be named later",
    )


class ReturnAccountIn(Input):
    """Another account to which the money goes back."""

    payee_account_id: PayeeAccountId = Field(examples=[_ACCOUNT])


class ForfeiturePayoutIn(Input):
    """Where what was kept is to be paid."""

    payee_account_id: PayeeAccountId = Field(examples=[_ACCOUNT])


class SecurityReasonIn(Input):
    """Why."""

    reason: Paragraph = Field(examples=["The period for signing had not begun"])


class HeldSecurityOut(BaseModel):
    """A security. `counts`: it came in time, or as late as the rules of the tender let it.

    Money is paid by the collection; what came beyond the amount is kept in suspense until the
    operator's treasury has sent it back. An authorised card is charged only if the security is kept.
    """

    model_config = ConfigDict(from_attributes=True)

    id: SecurityId
    kind: GuaranteeKind
    status: SecurityStatus
    rail: RailName
    payer_id: OrganisationId
    beneficiary_id: OrganisationId
    tender_id: TenderId
    bid_id: BidId | None
    contract_id: ContractId | None
    amount: PlainDecimal
    currency: str
    due_at: datetime | None
    guarantee_id: GuaranteeId | None
    collection_id: CollectionId | None
    payee_account_id: PayeeAccountId | None
    received_amount: PlainDecimal
    excess_amount: PlainDecimal
    authorised_until: datetime | None
    received_at: datetime | None
    counts: bool | None
    return_due_at: datetime | None
    return_cause: ReturnCause | None
    returned_at: datetime | None
    forfeited_at: datetime | None
    version: int
    time_zone: TimeZone = LEGAL_ZONE


class ForfeitureOut(BaseModel):
    """A decision to keep a security."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    status: ForfeitureStatus
    ground: ForfeitureGround
    reason: str
    document_id: DocumentId
    document_sha256: str
    payee_account_id: PayeeAccountId | None
    proposed_at: datetime
    approved_at: datetime | None
    contest_until: datetime | None
    contested_at: datetime | None
    objection: str | None
    reviewed_at: datetime | None
    review: str | None
    executed_at: datetime | None
    time_zone: TimeZone = LEGAL_ZONE
