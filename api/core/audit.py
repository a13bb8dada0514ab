"""Who changed what: append-only entries, each holding the hash of the one before it.

Streams (one per aggregate) are chained by SHA-256 over RFC 8785 canonical JSON, so that an
outsider with the entries can recompute them. The database lets no role change or delete a row.
"""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import rfc8785
import structlog
from sqlalchemy import Column, UniqueConstraint, text
from sqlmodel import Field, Session, col, select

from api.core.tables import JSON, Table

GENESIS = "0" * 64


class AuditEntry(Table, table=True):
    """One change of one aggregate; `hash` covers every other column and `prev_hash`."""

    __tablename__ = "audit_entry"
    __table_args__ = (UniqueConstraint("stream", "seq"),)

    stream: str = Field(max_length=80)
    seq: int
    org_id: UUID | None = Field(default=None, index=True)
    actor: str = Field(max_length=80)
    action: str = Field(max_length=80)
    change: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    request_id: str | None = Field(default=None, max_length=64)
    prev_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)

    def computed_hash(self) -> str:
        """The hash that the row's own columns give; differs from `hash` once one was altered."""
        content: dict[str, Any] = {
            "id": self.id.hex,
            "at": self.created_at.isoformat(),
            "stream": self.stream,
            "seq": self.seq,
            "org_id": self.org_id.hex if self.org_id else None,
            "actor": self.actor,
            "action": self.action,
            "change": self.change,
            "request_id": self.request_id,
        }
        return hashlib.sha256(self.prev_hash.encode() + rfc8785.dumps(content)).hexdigest()


def record(
    session: Session,
    stream: str,
    action: str,
    *,
    actor: str,
    org_id: UUID | None = None,
    change: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append an entry to `stream` ("tender:<hex id>"); writers of one stream wait in turn."""
    session.flush()
    session.connection().execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:stream, 11))"), {"stream": stream}
    )
    last = session.exec(
        select(AuditEntry.seq, AuditEntry.hash)
        .where(AuditEntry.stream == stream)
        .order_by(col(AuditEntry.seq).desc())
        .limit(1)
    ).one_or_none()
    seq, prev_hash = (last[0] + 1, last[1]) if last else (1, GENESIS)
    entry = AuditEntry(
        stream=stream,
        seq=seq,
        org_id=org_id,
        actor=actor,
        action=action,
        change=change or {},
        request_id=structlog.contextvars.get_contextvars().get("request_id"),
        prev_hash=prev_hash,
        hash="",
    )
    entry.hash = entry.computed_hash()
    session.add(entry)
    return entry


def first_broken(entries: Sequence[AuditEntry]) -> int | None:
    """The sequence number of the first entry that does not follow from those before it.

    `entries` is one whole stream in order. A cut tail cannot be seen without an outside anchor.
    """
    prev_hash = GENESIS
    for expected, entry in enumerate(entries, start=1):
        if (entry.seq, entry.prev_hash, entry.hash) != (expected, prev_hash, entry.computed_hash()):
            return expected
        prev_hash = entry.hash
    return None
