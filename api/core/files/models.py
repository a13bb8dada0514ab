"""What is known of the files in the store."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.files import DocumentFormat, ScanState


class File(Table, table=True):
    """Bytes that an organisation has handed in, kept once for each. Only what a scanner finds changes.

    `key` is their random name in the store; None while they are where files were kept before there
    was a store (`kerben files move`), and from `expunged_at` on, when nothing needed them any more
    (`expunging`), until the same bytes come again. `finding` is what the scanner has said.
    """

    __tablename__ = "file"
    __table_args__ = (
        UniqueConstraint("org_id", "sha256"),
        UniqueConstraint("id", "sha256"),
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint("expunged_at IS NULL OR key IS NULL", name="expunged_without_key"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    key: str | None = Field(default=None, max_length=80, unique=True)
    sha256: str = Field(max_length=64)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    media_type: DocumentFormat = Field(sa_type=state(DocumentFormat))
    scan_state: ScanState = Field(default=ScanState.RECEIVED, sa_type=state(ScanState), index=True)
    scanner: str | None = Field(default=None, max_length=80)
    finding: str | None = Field(default=None, max_length=500)
    scanned_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    expunged_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1
