"""What the public sees. Every field is named here, so that nothing new becomes public unasked."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from api.procurement.schemas import LotOut, SignedOut, TenderId, TenderKeyOut, ValueOut
from api.reference.policy_schemas import PolicySetId
from api.rules.policy import SealingMode
from api.rules.tenders import (
    ProcurementCategory,
    ProcurementMethod,
    TenderMode,
    TenderStage,
    TenderStatus,
)

OCID = re.compile(r"ocds-[0-9a-z]{1,20}-[0-9]{6,18}")
Ocid = Annotated[
    str,
    StringConstraints(pattern=f"^{OCID.pattern}$"),
    Field(examples=["ocds-kerben0-000042"]),
]


class BuyerPublished(BaseModel):
    """The buyer by its number in the official register, as OCDS names parties."""

    id: str = Field(examples=["KG-INN-01234567890123"])
    name: dict[str, str]


class TenderPublished(BaseModel):
    """A published tender with its lots and items, as it stands now."""

    id: TenderId
    ocid: Ocid
    buyer: BuyerPublished
    language: str
    title: dict[str, str]
    description: dict[str, str]
    status: TenderStatus
    status_details: TenderStage
    mode: TenderMode
    accelerator: int
    procedure: str
    policy_set_id: PolicySetId | None = Field(description="See /public/policy-sets")
    sealing_mode: SealingMode | None = Field(
        description="`server`: bids are kept by access control alone until the opening"
    )
    procurement_method: ProcurementMethod
    procurement_method_details: str | None
    procurement_method_ground: str | None
    main_procurement_category: ProcurementCategory
    value: ValueOut | None
    published_at: datetime
    enquiry_period_end: datetime | None
    clarification_until: datetime | None
    complaint_period_end: datetime | None
    tender_period_start: datetime
    tender_period_end: datetime = Field(description="What arrives at this instant is late")
    cancelled_at: datetime | None
    cancellation_reason: str | None
    lots: list[LotOut]


class BiddingPublished(BaseModel):
    """How the bids of a tender are kept secret, and, once they are opened, the signed records.

    The number of envelopes is in a record, and nowhere before it.
    """

    ocid: Ocid
    sealing_mode: SealingMode | None
    keys: list[TenderKeyOut]
    roots: list[SignedOut]
    openings: list[SignedOut] = Field(description="Records, in the order of their openings")
