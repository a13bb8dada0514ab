"""What the public sees. Every field is named here, so that nothing new becomes public unasked."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.core.zones import LEGAL_ZONE, TimeZone
from api.procurement.schemas import (
    CancellationPublished,
    EnquiryPublished,
    LotOut,
    SignedOut,
    TenderId,
    TenderKeyOut,
    ValueOut,
)
from api.procurement.schemas.commissions import CommissionMemberId, MinutesOut
from api.reference.policy_schemas import PolicySetId
from api.rules.commissions import CommissionMemberStatus, CommissionRole
from api.rules.frameworks import FrameworkMethod
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

LOT = re.compile(r"lot_[0-9a-f]{32}")
LotName = Annotated[
    str,
    StringConstraints(pattern=f"^{LOT.pattern}$"),
    Field(examples=["lot_019abf2e8c1d7c3fa9b04b4c6f0d2e11"]),
]


RELEASE_ID = re.compile(rf"{OCID.pattern}-[0-9]{{6,10}}")
ReleaseId = Annotated[
    str,
    StringConstraints(pattern=f"^{RELEASE_ID.pattern}$"),
    Field(examples=["ocds-kerben0-000042-000001"]),
]


class BuyerPublished(BaseModel):
    """The buyer by its number in the official register, as OCDS names parties."""

    id: str = Field(examples=["KG-INN-01234567890123"])
    name: dict[str, str]


class DeclarationPublished(BaseModel):
    """A seat of the commission, and what its holder declared about a conflict of interest."""

    id: CommissionMemberId
    role: CommissionRole
    status: CommissionMemberStatus = Field(
        description="`cleared`: declared none; `excluded`: declared one; `appointed`: nothing yet"
    )
    declared_at: datetime | None


class CommissionPublished(BaseModel):
    """The commission of a decided tender: declarations by seat without names, signed minutes."""

    ocid: str = Field(examples=["ocds-kerben0-000042"])
    declarations: list[DeclarationPublished]
    minutes: list[MinutesOut]


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
    framework_id: TenderId | None = Field(description="Of a call-off")
    framework_method: FrameworkMethod | None
    auction_step_bp: int | None = Field(description="Of the lots' reverse auctions, if there are")
    main_procurement_category: ProcurementCategory
    value: ValueOut | None
    published_at: datetime
    prequalification_period_end: datetime | None = Field(
        description="Candidates apply before this instant; null: the tender takes bids at once"
    )
    prequalification_standstill_end: datetime | None
    unsuccessful_reason: str | None
    enquiry_period_end: datetime | None
    clarification_until: datetime | None
    complaint_period_end: datetime | None
    tender_period_start: datetime | None
    tender_period_end: datetime | None = Field(description="What arrives at this instant is late")
    prolonged: int
    cancelled_at: datetime | None
    cancellation_reason: str | None
    lots: list[LotOut]
    cancellations: list[CancellationPublished]
    enquiries: list[EnquiryPublished] = Field(description="Answered questions, without authors")
    time_zone: TimeZone = LEGAL_ZONE


class Publisher(BaseModel):
    """Who publishes a package."""

    name: str
    uri: str


class Links(BaseModel):
    """Where the next page is, while there is one."""

    next: str


class Package(BaseModel):
    """What OCDS 1.1 says of every package."""

    uri: str
    version: str = Field(examples=["1.1"])
    extensions: list[str]
    published_date: datetime = Field(alias="publishedDate")
    publisher: Publisher
    license: str
    publication_policy: str | None = Field(default=None, alias="publicationPolicy")
    links: Links | None = None


class ReleasePackage(Package):
    """An OCDS release package; its releases satisfy /public/ocds/release-schema.json."""

    releases: list[dict[str, Any]]


class RecordPackage(Package):
    """An OCDS record package: `ocid`, `releases` by address, and `compiledRelease`."""

    records: list[dict[str, Any]]


class BulkYear(BaseModel):
    """The files of a year."""

    year: int
    processes: int
    files: list[str]


class BulkOut(BaseModel):
    """Files for everything of a year at once."""

    years: list[BulkYear]


class IndicatorOut(BaseModel):
    """A red-flag indicator with the query that anybody can ask of the same data."""

    code: str = Field(examples=["single_bid"])
    title: str
    source: str = Field(description="Who says that it is a red flag")
    reading: str = Field(description="How to read it")
    query: str = Field(description="PostgreSQL, over compiled releases")
    flags: int
    found_at: datetime | None


class FlagOut(BaseModel):
    """A process at which an indicator points: a reason to look, never a verdict."""

    indicator: str
    source: str = Field(description="`kerben`, or the publisher whose data were imported")
    ocid: str
    evidence: dict[str, Any]


class IndicatorsOut(BaseModel):
    """All indicators."""

    items: list[IndicatorOut]


class FlagsOut(BaseModel):
    """The flags of one process."""

    items: list[FlagOut]


class ForeignSourceOut(BaseModel):
    """A publisher whose data were imported."""

    source: str
    processes: int


class ForeignSourcesOut(BaseModel):
    """All publishers whose data were imported."""

    items: list[ForeignSourceOut]


class ForeignRecordOut(BaseModel):
    """A process of another publisher, merged from its releases."""

    source: str
    ocid: str
    compiled_release: dict[str, Any]


class BiddingPublished(BaseModel):
    """How the bids of a tender are kept secret, and, once they are opened, the signed records.

    The number of envelopes is in a record, and nowhere before it.
    """

    ocid: Ocid
    sealing_mode: SealingMode | None
    keys: list[TenderKeyOut]
    roots: list[SignedOut]
    openings: list[SignedOut] = Field(description="Records, in the order of their openings")


class ExportIn(BaseModel):
    """Which year to make tables of."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"year": 2026}]})

    year: int = Field(ge=2000, le=2200)
