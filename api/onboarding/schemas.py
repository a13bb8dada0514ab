"""What the routes of onboarding take and give."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.core.ids import PublicId
from api.core.inputs import IsoDate, printable
from api.identity.schemas import Input, OrganisationId, ShortText
from api.rules.files import ScanState
from api.rules.organisations import OrganisationStatus
from api.rules.verification import EvidenceStatus, RejectionCode

EvidenceId = Annotated[UUID, PublicId("evidence")]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5000),
    AfterValidator(printable),
]


class EvidenceIn(BaseModel):
    """What the owner says of a document, in the query beside its bytes."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = Field(examples=["registry_extract"], description="Of `GET /v1/evidence-list`")
    name: ShortText = Field(
        examples=["extract.pdf"], description="Of the file; its end must be what the bytes are"
    )
    holder_name: ShortText = Field(
        examples=["义乌市恒达文具有限公司"], description="The organisation as the document names it"
    )
    valid_from: IsoDate = Field(examples=["2026-11-01"], description="The day of issue")
    valid_through: IsoDate | None = Field(
        default=None, examples=["2027-10-31"], description="Its last day, where it has one"
    )
    number: ShortText | None = Field(default=None, max_length=100, examples=["2026-00417"])
    issued_by: ShortText | None = Field(default=None, examples=["Ministry of Justice"])


class AcceptIn(Input):
    """The days that the reviewer has read on the document, where the owner has said others."""

    valid_from: IsoDate | None = Field(default=None, examples=["2026-11-01"])
    valid_through: IsoDate | None = Field(default=None, examples=["2027-10-31"])
    note: Reason | None = Field(default=None, examples=["Compared with the public register"])


class RejectIn(Input):
    """Why a document is not taken; the owner reads it."""

    code: RejectionCode = Field(examples=["unreadable"])
    reason: Reason = Field(examples=["Page 2 is blank; please scan it again."])


class RevokeIn(Input):
    """Why what was accepted proves nothing any more; the owner reads it."""

    reason: Reason = Field(examples=["The register does not know this extract."])


class NameHintOut(BaseModel):
    """Two names that look like those of different parties, however they are written."""

    model_config = ConfigDict(from_attributes=True)

    one: str
    other: str
    likeness: int = Field(description="Of 100, as screening compares names")


class OrganisationEvidenceOut(BaseModel):
    """A document, for its owner and the operator."""

    model_config = ConfigDict(from_attributes=True)

    id: EvidenceId
    org_id: OrganisationId
    kind: str
    status: EvidenceStatus
    name: str
    media_type: str
    sha256: str
    scan_state: ScanState
    holder_name: str
    number: str | None
    issued_by: str | None
    valid_from: date
    valid_through: date | None
    rejection: RejectionCode | None
    reason: str | None
    reviewed_at: datetime | None
    name_hint: NameHintOut | None = Field(
        description="The name on the document is unlike all names of the organisation: look twice"
    )
    version: int
    created_at: datetime


class KindOut(BaseModel):
    """A kind of document."""

    kind: str
    names: Mapping[str, str]
    months: int = Field(description="How long it counts at most")


class RequirementOut(BaseModel):
    """The kinds that a level asks for, besides those of the levels below."""

    country: str = Field(description="`*`: where nothing else is said")
    roles: list[str]
    level: int
    kinds: list[str]
    review: Literal["unreviewed", "reviewed"]


class EvidenceListOut(BaseModel):
    """The list of evidence that is in force."""

    valid_from: date
    title: str
    source: str
    review: Literal["unreviewed", "reviewed"]
    kinds: list[KindOut]
    requirements: list[RequirementOut]


class AskedState(StrEnum):
    """Where a kind of evidence stands today."""

    IN_FORCE = "in_force"
    IN_REVIEW = "in_review"
    LAPSED = "lapsed"
    MISSING = "missing"


class AskedOut(BaseModel):
    """A kind of evidence that is asked of the organisation."""

    kind: str
    level: int
    state: AskedState
    valid_through: date | None = Field(description="The last day of what is, or was, in force")


class ApplicationOut(BaseModel):
    """How far an organisation is verified, and what it lacks."""

    organisation_id: OrganisationId
    status: OrganisationStatus
    verification_level: int
    level_through: date | None = Field(
        description="The last day on which the level holds if nothing is renewed"
    )
    list_valid_from: date
    asked: list[AskedOut]
    identifier_valid: bool = Field(
        description="The number has the form and the check digit it must"
    )
    name_hints: list[NameHintOut] = Field(
        description="Names in several languages that look like those of different parties"
    )
    version: int
