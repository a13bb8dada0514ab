"""Documents by their SHA-256, and which of them belong to a tender."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field

from api.core.tables import JSON, TIMESTAMP, Table, state
from api.rules.documents import Confidentiality, ScanState


class Document(Table, table=True):
    """A file that an organisation has uploaded; the same bytes are kept once for each."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("org_id", "sha256"),
        CheckConstraint("size > 0", name="size_positive"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    sha256: str = Field(max_length=64, index=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    format: str = Field(max_length=100)
    name: str = Field(max_length=500)
    scan_state: ScanState = Field(default=ScanState.PENDING, sa_type=state(ScanState))
    scanned_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1


class DocumentChunk(Table, table=True):
    """A piece of a file; all but the last have `rules.documents.CHUNK_BYTES`."""

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
