"""What goes in and out about lists, cases and what is held against the lists."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.core.ids import PublicId
from api.core.inputs import printable
from api.identity.schemas import Input, OrganisationId
from api.rules.screening import CaseStatus, EntryKind, MatchedBy, SubjectKind
from api.screening.lists import ListFormat

WatchListName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,59}$")]
WatchListId = Annotated[UUID, PublicId("watchlist")]
CaseId = Annotated[UUID, PublicId("screeningcase")]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=10, max_length=5000),
    AfterValidator(printable),
]


class WatchListOut(BaseModel):
    """A list as it was imported last."""

    model_config = ConfigDict(from_attributes=True)

    id: WatchListId
    name: str = Field(examples=["un-consolidated"])
    title: str
    source: str = Field(description="Where its publisher has it")
    format: ListFormat
    as_of: date | None
    sha256: str | None = Field(description="Of the file that was imported last")
    imported_at: datetime | None
    entries: int
    version: int


class ImportedOut(BaseModel):
    """What an import changed; everything is screened anew by the job."""

    watch_list: WatchListOut
    added: int
    changed: int
    unchanged: int
    removed: int
    job_id: Annotated[UUID, PublicId("job")] | None = Field(
        description="The screening that follows; none when nothing changed"
    )


class CaseReasonIn(Input):
    """Why; auditors read it."""

    reason: Reason = Field(
        examples=["Another company: other founding year, address and registration number"]
    )


class ScreeningCaseOut(BaseModel):
    """A likeness of a party, bank or goods to an entry of a list, and what was made of it."""

    model_config = ConfigDict(from_attributes=True)

    id: CaseId
    organisation_id: OrganisationId = Field(description="Who is not paid while it is not cleared")
    status: CaseStatus
    matched_by: MatchedBy
    matched: str = Field(description="What they have in common", examples=["keremet bank"])
    score: int = Field(description="Likeness, of 100", examples=[91])
    facts: dict[str, Any] = Field(
        description="Both sides as they were compared: `subject`, `entry`, `watch_list`"
    )
    proposed_by: str | None
    reason: str | None
    cleared_by: str | None
    created_at: datetime
    updated_at: datetime
    version: int


class ScreenIn(Input):
    """Something to hold against the lists without keeping it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"names": ["ОАО «Керемет Банк»"], "identifiers": ["KRBKKG22"]}]
        }
    )

    kind: SubjectKind = Field(default=SubjectKind.ORGANISATION)
    names: list[Annotated[str, Field(min_length=1, max_length=500), AfterValidator(printable)]] = (
        Field(default_factory=list, max_length=20, examples=[["ОАО «Керемет Банк»"]])
    )
    identifiers: list[
        Annotated[str, Field(min_length=4, max_length=100), AfterValidator(printable)]
    ] = Field(default_factory=list, max_length=20, examples=[["KRBKKG22"]])
    hs_codes: list[Annotated[str, StringConstraints(pattern=r"^[0-9]{4,10}$")]] = Field(
        default_factory=list, max_length=200
    )


class HitOut(BaseModel):
    """An entry that is like what was asked for."""

    watch_list: str
    external_id: str
    kind: EntryKind
    names: list[str]
    countries: list[str]
    programme: str | None
    listed_on: date | None
    matched_by: MatchedBy
    matched: str
    score: int


class ScreenOut(BaseModel):
    """The likenesses above the threshold, the greatest first; and by which lists."""

    hits: list[HitOut]
    watch_lists: list[WatchListOut]
