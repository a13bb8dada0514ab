"""Documents by their SHA-256, and which of them belong to a tender."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field, Relationship

from api.core.files.models import File
from api.core.tables import JSON, TIMESTAMP, Table, state
from api.rules.documents import Confidentiality
from api.rules.files import ScanState


class Document(Table, table=True):
    """A file that an organisation has uploaded, under a name; the same bytes once for each.

    `sha256` is what terms and signed papers name; a constraint keeps it that of the file.
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("org_id", "sha256"),
        CheckConstraint("size > 0", name="size_positive"),
        ForeignKeyConstraint(
            ["file_id", "sha256"], ["file.id", "file.sha256"], ondelete="RESTRICT"
        ),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    file_id: UUID = Field(unique=True)
    sha256: str = Field(max_length=64, index=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    format: str = Field(max_length=100)
    name: str = Field(max_length=500)
    file: File = Relationship(sa_relationship_kwargs={"lazy": "joined", "innerjoin": True})

    @property
    def scan_state(self) -> ScanState:
        return self.file.scan_state

    @property
    def scanner(self) -> str | None:
        return self.file.scanner

    @property
    def scanned_at(self) -> datetime | None:
        return self.file.scanned_at

    @property
    def version(self) -> int:
        return self.file.version


class DocumentChunk(Table, table=True):
    """A piece of a file where files were kept before there was a store: read until it is moved."""

    __tablename__ = "document_chunk"
    __table_args__ = (UniqueConstraint("document_id", "seq"),)

    document_id: UUID = Field(foreign_key="document.id", ondelete="RESTRICT")
    seq: int
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class TenderDocument(Table, table=True):
    """A version of a document of a tender; versions of one document have the same `series`."""

    __tablename__ = "tender_document"
    __table_args__ = (
        UniqueConstraint("series", "number"),
        Index(
            "uq_tender_document_current",
            "series",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    document_id: UUID = Field(foreign_key="document.id", index=True, ondelete="RESTRICT")
    series: UUID
    number: int
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    document_type: str = Field(max_length=60)
    confidentiality: Confidentiality = Field(sa_type=state(Confidentiality))
    lot_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    added_at: datetime = Field(sa_type=TIMESTAMP)
    replaced_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
