"""What the routes of guarantees take and give."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.catalog.types import Country, CurrencyCode, Line, Paragraph, PlainDecimal, Positive, Short
from api.core.ids import PublicId
from api.identity.schemas import Input, OrganisationId
from api.procurement.schemas.documents import DocumentId
from api.procurement.schemas.inputs import Day
from api.rules.guarantees import (
    AmendmentKind,
    AmendmentStatus,
    ApplicableRules,
    Channel,
    GuaranteeKind,
    GuaranteeStatus,
)

GuaranteeId = Annotated[UUID, PublicId("guarantee")]
Bic = Annotated[str, StringConstraints(min_length=8, max_length=11)]
_DOCUMENT = "document_019abf2e8c1d7c3fa9b04b4c6f0d2e11"


class GuaranteeIn(Input):
    """A demand guarantee as its text says; the paper is a document of yours."""

    number: Short = Field(examples=["BG-2026-000417"])
    issuer_name: Line = Field(examples=["Demir Kyrgyz International Bank"])
    issuer_bic: Bic = Field(examples=["DEMIKG22"], description="ISO 9362, of 8 or 11 characters")
    issuer_country: Country = Field(examples=["KG"])
    rules: ApplicableRules = Field(
        default=ApplicableRules.URDG, examples=["urdg_758"], description="That it is subject to"
    )
    amount: Positive = Field(examples=["100000.00"])
    currency: CurrencyCode = Field(examples=["KGS"])
    issued_date: Day = Field(examples=["2026-11-20"])
    valid_until: Day = Field(examples=["2027-06-30"], description="Its last day, in Bishkek")
    claim_days: int = Field(
        default=0, ge=0, le=400, description="After its validity, for demands alone"
    )
    document_id: DocumentId = Field(examples=[_DOCUMENT])


class VerificationIn(Input):
    """How the guarantor has confirmed that the guarantee is its own."""

    channel: Channel = Field(examples=["swift_mt760"])
    authentication: Line = Field(
        max_length=200,
        examples=["MT760 20:BG2026000417 received 2026-11-21"],
        description="Reference of the message, or of the letter",
    )


class GuaranteeReasonIn(Input):
    """Why."""

    reason: Paragraph = Field(examples=["The bank does not know this guarantee"])


class DemandIn(Input):
    """A demand for payment: in what respect the applicant is in breach (URDG 758, article 15), and
    the document that states it."""

    demand: Paragraph = Field(examples=["The winner has not signed the contract"])
    document_id: DocumentId = Field(examples=[_DOCUMENT])


class PaidIn(Input):
    """What the guarantor has paid to the bank account of the platform."""

    amount: Positive = Field(examples=["100000.00"])


class AmendmentIn(Input):
    """An amendment of the guarantor (SWIFT MT767): `extend` names the new last day, `reduce` the new
    amount."""

    kind: AmendmentKind = Field(examples=["extend"])
    valid_until: Day | None = Field(default=None, examples=["2027-12-31"])
    amount: Positive | None = Field(default=None, examples=[None])
    document_id: DocumentId = Field(examples=[_DOCUMENT])


class GuaranteeOut(BaseModel):
    """A guarantee. What it secures is told by the security alone."""

    model_config = ConfigDict(from_attributes=True)

    id: GuaranteeId
    kind: GuaranteeKind
    status: GuaranteeStatus
    applicant_id: OrganisationId
    beneficiary_id: OrganisationId
    number: str
    issuer_name: str
    issuer_bic: str
    issuer_country: str
    rules: ApplicableRules
    original_amount: PlainDecimal
    amount: PlainDecimal
    currency: str
    issued_date: date
    valid_until: date
    claim_days: int
    document_id: DocumentId
    document_sha256: str
    submitted_at: datetime
    verified_at: datetime | None
    channel: Channel | None
    authentication: str | None
    refusal: str | None
    called_at: datetime | None
    demand: str | None
    demand_sha256: str | None
    rejection: str | None
    paid_at: datetime | None
    paid_amount: PlainDecimal | None
    version: int


class GuaranteeAmendmentOut(BaseModel):
    """An amendment; in force once accepted."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    kind: AmendmentKind
    status: AmendmentStatus
    valid_until: date | None
    amount: PlainDecimal | None
    document_id: DocumentId
    document_sha256: str
    submitted_at: datetime
    decided_at: datetime | None
    reason: str | None
