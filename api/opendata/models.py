"""What everybody may read, kept as the bytes that are sent, and what was read from elsewhere."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    FetchedValue,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from api.core.tables import JSON, TEXTS, TIMESTAMP, Table

_XID = "pg_current_xact_id()::text::bigint"


def _xid() -> Any:
    return Column(BigInteger, nullable=False, server_default=text(_XID))


class PublicDocument(Table, table=True):
    """A document and the path under which it is served, written anew when its source changes."""

    __tablename__ = "public_document"

    path: str = Field(max_length=200, unique=True)
    media_type: str = Field(max_length=100)
    etag: str = Field(max_length=80)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class OcdsRelease(Table, table=True):
    """One OCDS release; never altered. (`xid`, `position`) is the order of commits for readers
    who read only what is below every open transaction (reads of the feed)."""

    __tablename__ = "ocds_release"
    __table_args__ = (
        UniqueConstraint("ocid", "number"),
        Index("ix_ocds_release_feed", "xid", "position"),
    )

    ocid: str = Field(max_length=40)
    number: int
    release_id: str = Field(max_length=60, unique=True)
    date: datetime = Field(sa_type=TIMESTAMP)
    tags: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    etag: str = Field(max_length=80)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    position: int | None = Field(
        default=None,
        sa_column=Column(BigInteger, nullable=False, server_default=FetchedValue()),  # a sequence
    )
    xid: int | None = Field(default=None, sa_column=_xid())


class OcdsRecord(Table, table=True):
    """The record of a process: its releases by address, and what they come to, merged."""

    __tablename__ = "ocds_record"
    __table_args__ = (
        Index("ix_ocds_record_feed", "xid", "ocid"),
        Index("ix_ocds_record_date", "date"),
    )

    ocid: str = Field(max_length=40, unique=True)
    number: int
    date: datetime = Field(sa_type=TIMESTAMP)
    compiled: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    etag: str = Field(max_length=80)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    xid: int | None = Field(default=None, sa_column=_xid())


class OcdsSchema(Table, table=True):
    """A release schema that the operator has loaded, with this publisher's extension applied."""

    __tablename__ = "ocds_schema"

    name: str = Field(max_length=40, unique=True)
    digest: str = Field(max_length=64)
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class ForeignRelease(Table, table=True):
    """A release of another publisher, as it was read; `source` says whose."""

    __tablename__ = "foreign_release"
    __table_args__ = (UniqueConstraint("source", "ocid", "release_id"),)

    source: str = Field(max_length=100)
    ocid: str = Field(max_length=100)
    release_id: str = Field(max_length=200)
    date: str = Field(max_length=40)
    digest: str = Field(max_length=64)
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class ForeignRecord(Table, table=True):
    """What the releases of another publisher's process come to, merged."""

    __tablename__ = "foreign_record"
    __table_args__ = (UniqueConstraint("source", "ocid"),)

    source: str = Field(max_length=100)
    ocid: str = Field(max_length=100)
    compiled: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class RedFlag(Table, table=True):
    """A process at which an indicator points, and the figures that made it do so."""

    __tablename__ = "red_flag"
    __table_args__ = (UniqueConstraint("indicator", "source", "ocid"),)

    indicator: str = Field(max_length=60)
    source: str = Field(max_length=100)
    ocid: str = Field(max_length=100, index=True)
    evidence: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
