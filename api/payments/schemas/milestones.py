"""What the routes of payment schedules and their milestones take and give."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.catalog.types import Paragraph, PlainDecimal, Positive
from api.contracts.schemas.contracts import ContractId
from api.core.ids import PublicId
from api.identity.schemas import Input, OrganisationId
from api.payments.schemas.guarantees import GuaranteeOut
from api.procurement.schemas.ids import LotId
from api.rules.disputes import MilestoneKind
from api.rules.payment_milestones import MilestoneStatus, Settlement
from api.rules.schedules import ScheduleStatus

MilestoneId = Annotated[UUID, PublicId("milestone")]
PayeeAccountId = Annotated[UUID, PublicId("payeeaccount")]
PartNumber = Annotated[int, Field(ge=1, le=9999, examples=[1])]
MAX_PARTS = 200
_LOT = "lot_019abf2e8c1d7c3fa9b04b4c6f0d2e11"


class PartIn(Input):
    """A part of the value: a share in basis points (hundredths of a percent), or an amount."""

    number: PartNumber = Field(description="Stays with the part through changes")
    kind: MilestoneKind = Field(examples=["on_acceptance"], description="What it waits for")
    lot_id: LotId | None = Field(default=None, description="None: the whole contract")
    basis_points: int | None = Field(default=None, ge=1, le=10_000, examples=[9000])
    amount: Positive | None = Field(default=None, examples=[None])
    term_days: int = Field(
        default=0,
        ge=0,
        le=3650,
        examples=[10],
        description="Days after the fact; of a retention, the warranty or defects period",
    )
    guarantee_required: bool = Field(
        default=False,
        examples=[False],
        description="An advance waits for a guarantee that the buyer accepts",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.basis_points is None) == (self.amount is None):
            raise ValueError("a part has basis points or an amount")
        if self.guarantee_required and self.kind is not MilestoneKind.ADVANCE:
            raise ValueError("only an advance is guaranteed")
        return self


class PaymentScheduleIn(Input):
    """Parts that together are the value of the contract, or of each of its lots."""

    settlement: Settlement = Field(
        default=Settlement.ESCROW,
        examples=["escrow"],
        description="Held by the platform until it is due, or paid by the buyer's own bank",
    )
    parts: list[PartIn] = Field(
        min_length=1,
        max_length=MAX_PARTS,
        examples=[
            [
                {
                    "number": 1,
                    "kind": "advance",
                    "basis_points": 3000,
                    "guarantee_required": True,
                },
                {"number": 2, "kind": "on_acceptance", "basis_points": 6500, "term_days": 5},
                {"number": 3, "kind": "retention", "basis_points": 500, "term_days": 365},
            ]
        ],
    )


class ScheduleAcceptIn(Input):
    """The supplier agrees to the parts whose hash it names, and says where it wants to be paid."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$", examples=["ab" * 32])
    payee_account_id: PayeeAccountId | None = Field(
        default=None,
        examples=["payeeaccount_019abf2e8c1d7c3fa9b04b4c6f0d2e11"],
        description="Asked for where the platform pays",
    )


class ScheduleRejectIn(Input):
    """Why the supplier does not agree."""

    reason: Paragraph = Field(examples=["Аванс нужен в размере 40 %"])


class PartOut(BaseModel):
    """A part as it was proposed, and its amount."""

    number: int
    kind: MilestoneKind
    lot_id: LotId | None
    basis_points: int | None
    amount: PlainDecimal
    term_days: int
    guarantee_required: bool


class PaymentScheduleOut(BaseModel):
    """A payment schedule and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    contract_id: ContractId
    number: int
    status: ScheduleStatus
    settlement: Settlement
    total: PlainDecimal
    currency: str
    parts: list[PartOut]
    sha256: str = Field(description="Of the parts, as both sides agree to them")
    payee_account_id: PayeeAccountId | None
    reason: str | None
    proposed_by: OrganisationId
    proposed_at: datetime
    agreed_by: OrganisationId | None
    agreed_at: datetime | None
    version: int


class FactOut(BaseModel):
    """What has happened that a milestone waits for."""

    id: str
    row: str | None
    quantity: PlainDecimal
    at: datetime


class MilestoneOut(BaseModel):
    """A part of the value in force, and how far it has come."""

    model_config = ConfigDict(from_attributes=True)

    id: MilestoneId
    number: int
    status: MilestoneStatus
    kind: MilestoneKind
    lot_id: LotId | None
    amount: PlainDecimal
    final_amount: PlainDecimal | None = Field(
        description="What it is worth, once the contract ended before all was earned"
    )
    currency: str
    term_days: int
    guarantee_required: bool
    called: PlainDecimal = Field(description="What its payments that stand are for")
    paid: PlainDecimal
    facts: list[FactOut] = []
    guarantees: list[GuaranteeOut] = []
    version: int


def shown_parts(rows: list[dict[str, Any]]) -> list[PartOut]:
    """The parts as they are kept, as the API shows them."""
    return [PartOut(**{**row, "amount": Decimal(row["amount"])}) for row in rows]
