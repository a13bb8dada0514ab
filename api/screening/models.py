"""Lists that parties and goods are held against, what is held against them, and the cases."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import JSON, TEXTS, TIMESTAMP, Table, state
from api.rules.screening import CaseStatus, EntryKind, MatchedBy, SubjectKind
from api.screening.lists import ListFormat


class WatchList(Table, table=True):
    """A list as it was imported last, by `org_id`. `generation` counts its imports."""

    __tablename__ = "watch_list"

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    name: str = Field(max_length=60, unique=True)
    title: str = Field(max_length=200)
    source: str = Field(max_length=500)
    format: ListFormat = Field(sa_type=state(ListFormat))
    as_of: date | None = None
    sha256: str | None = Field(default=None, max_length=64)
    generation: int = 0
    imported_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    entries: int = 0
    version: int = 1


class WatchListEntry(Table, table=True):
    """One party, or one group of goods, of a list. `removed_at` when its list has it no more."""

    __tablename__ = "watch_list_entry"
    __table_args__ = (
        UniqueConstraint("list_id", "external_id"),
        Index("ix_watch_list_entry_identifiers", "identifiers", postgresql_using="gin"),
        Index(
            "ix_watch_list_entry_goods",
            "list_id",
            postgresql_where=text("kind = 'goods' AND removed_at IS NULL"),
        ),
    )

    list_id: UUID = Field(foreign_key="watch_list.id", ondelete="CASCADE")
    external_id: str = Field(max_length=200)
    kind: EntryKind = Field(sa_type=state(EntryKind))
    names: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    identifiers: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    countries: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    hs_prefixes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    programme: str | None = Field(default=None, max_length=1000)
    listed_on: date | None = None
    digest: str = Field(max_length=64)
    generation: int
    removed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class WatchListName(Table, table=True):
    """A name of an entry in the form in which names are compared."""

    __tablename__ = "watch_list_name"
    __table_args__ = (
        Index(
            "ix_watch_list_name_key",
            "key",
            postgresql_using="gin",
            postgresql_ops={"key": "gin_trgm_ops"},
        ),
    )

    entry_id: UUID = Field(foreign_key="watch_list_entry.id", index=True, ondelete="CASCADE")
    key: str = Field(max_length=300)


class ScreeningSubject(Table, table=True):
    """What is held against the lists, daily: `digest` tells whether it changed."""

    __tablename__ = "screening_subject"
    __table_args__ = (UniqueConstraint("kind", "reference"),)

    kind: SubjectKind = Field(sa_type=state(SubjectKind))
    reference: UUID
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    names: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    identifiers: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    hs_codes: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    country: str | None = Field(default=None, max_length=2)
    digest: str = Field(max_length=64)
    screened_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class ScreeningCase(Table, table=True):
    """A likeness of a subject to an entry, and what people of the list's `org_id` made of it.

    `facts` are both as they were compared; digests tell whether they are still that.
    """

    __tablename__ = "screening_case"
    __table_args__ = (
        UniqueConstraint("subject_id", "entry_id"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score_of_hundred"),
        CheckConstraint("cleared_by <> proposed_by", name="four_eyes"),
        CheckConstraint(
            "status <> 'cleared' OR (proposed_by IS NOT NULL AND cleared_by IS NOT NULL)",
            name="cleared_by_two",
        ),
        Index("ix_screening_case_status", "status"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    subject_id: UUID = Field(foreign_key="screening_subject.id", ondelete="RESTRICT")
    entry_id: UUID = Field(foreign_key="watch_list_entry.id", index=True, ondelete="RESTRICT")
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    status: CaseStatus = Field(default=CaseStatus.OPEN, sa_type=state(CaseStatus))
    matched_by: MatchedBy = Field(sa_type=state(MatchedBy))
    matched: str = Field(max_length=500)
    score: int
    subject_digest: str = Field(max_length=64)
    entry_digest: str = Field(max_length=64)
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    proposed_by: str | None = Field(default=None, max_length=80)
    reason: str | None = Field(default=None, max_length=5000)
    cleared_by: str | None = Field(default=None, max_length=80)
    version: int = 1
