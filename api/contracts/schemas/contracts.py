"""What the routes of contracts take and give. Names follow OCDS 1.1."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from api.catalog.types import Paragraph, PlainDecimal, Positive
from api.contracts.schemas.schedules import MAX_ROWS, ScheduleRowIn
from api.core.ids import PublicId
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas import ValueOut
from api.procurement.schemas.awards import AwardId
from api.rules.contracts import (
    ChangeStatus,
    ContractStatus,
    RationaleType,
    Side,
    TerminationReason,
)
from api.rules.policy import TerminationGround
from api.rules.signatures import SignatureMethod

ContractId = Annotated[UUID, PublicId("contract")]
_AWARD = "award_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
Delta = Annotated[PlainDecimal, Field(max_digits=20, decimal_places=6, ge=-(10**12), le=10**12)]


class ContractIn(Input):
    """Active awards of one tender, to the same suppliers, in one currency."""

    award_ids: list[AwardId] = Field(min_length=1, max_length=100, examples=[[_AWARD]])
    performance_security: Positive | None = Field(
        default=None, examples=["335000"], description="What the supplier has to lodge"
    )


class SignIn(Input):
    """A signature over the bytes of `GET /v1/contracts/{id}/document`, or in its PDF,
    `GET /v1/contracts/{id}/paper`."""

    sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        description="Of the document that was read and is signed",
    )
    method: SignatureMethod = Field(default=SignatureMethod.CMS, examples=["cms"])
    signature: Annotated[Base64Bytes | None, Field(max_length=900_000)] = Field(
        default=None,
        examples=["MIIGvwYJKoZIhvcNAQcCoIIGsDCCBqw="],
        description="CMS in DER, or the whole signed PDF; base64",
    )


class ContractReasonIn(Input):
    """Why."""

    reason: Paragraph = Field(examples=["The maker has stopped production"])


class TerminateIn(Input):
    """How a contract in force came to its end; `mutual` only proposes it to the supplier."""

    reason: TerminationReason = Field(examples=["completed"])
    details: Paragraph = Field(examples=["Everything was delivered and accepted"])


class NoticeIn(Input):
    """Why the supplier wishes to end the contract."""

    ground: TerminationGround = Field(examples=["late_payment"])
    details: Paragraph = Field(examples=["The advance of 1 March has not been paid"])


class ChangeIn(Input):
    """A change of a contract in force; `value_delta` is what its value grows by, or shrinks.

    With `schedule`, the rows of the delivery schedule as they are to be from then on, all of them.
    """

    rationale_type: RationaleType = Field(examples=["taxRate"])
    rationale: Paragraph = Field(examples=["The rate of VAT has changed"])
    value_delta: Delta = Field(examples=["12000.00"])
    schedule: list[ScheduleRowIn] | None = Field(
        default=None, min_length=1, max_length=MAX_ROWS, examples=[None]
    )


class SignatureOut(BaseModel):
    """A side's signature."""

    model_config = ConfigDict(from_attributes=True)

    side: Side
    org_id: OrganisationId
    method: SignatureMethod
    sha256: str
    signer: str | None
    certificate_sha256: str | None
    signed_at: datetime


class ContractChangeOut(BaseModel):
    """A change of a contract."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    status: ChangeStatus
    rationale_type: RationaleType
    rationale: str
    value_delta: PlainDecimal
    proposed_by: OrganisationId
    proposed_at: datetime
    agreed_by: OrganisationId | None
    agreed_at: datetime | None


class ContractOut(BaseModel):
    """A contract; between its sides until it is signed, public afterwards if it is of a tender."""

    model_config = ConfigDict(from_attributes=True)

    id: ContractId
    tender_id: str = Field(
        examples=["tender_019abf2e8c1d7c3fa9b04b4c6f0d2e11"],
        description="Empty for the contract of an order, as is `ocid`",
    )
    order_id: Annotated[UUID, PublicId("purchaseorder")] | None = Field(
        description="The order without a tender that it rests on; only its sides see it then"
    )
    ocid: str = Field(examples=["ocds-kerben0-000042"])
    buyer_id: OrganisationId
    suppliers: list[OrganisationId] = Field(description="The lead, who signs, first")
    award_ids: list[AwardId]
    status: ContractStatus
    original_amount: PlainDecimal = Field(description="The sum of the awards, or of the order")
    value: ValueOut = Field(description="With the changes in force")
    performance_security: PlainDecimal | None
    sha256: str | None = Field(description="Of the document that is signed")
    signatures: list[SignatureOut]
    changes: list[ContractChangeOut]
    signed_at: datetime | None
    terminated_at: datetime | None
    termination_reason: TerminationReason | None
    termination_details: str | None
    termination_proposal: str | None = Field(
        description="Why the buyer has proposed that both give the contract up, if it has"
    )
    termination_proposed_at: datetime | None
    notice_ground: TerminationGround | None = Field(
        description="Why the supplier has given notice, if it has"
    )
    notice_details: str | None
    notice_ends_at: datetime | None = Field(
        description="From when on the supplier may end the contract"
    )
    cancelled_at: datetime | None
    cancellation_reason: str | None
    version: int
