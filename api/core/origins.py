"""Where requests came from that left audit entries: beside the chain, by reference, for a time.

An entry names its request (`AuditEntry.request_id`), also when a job of that request wrote it. The
network address is of a person: it is outside of what the entry's hash covers, so that it can be
forgotten while the chain and its proofs hold. The API writes such rows and cannot read them.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, Session

from api.core import bulk
from api.core.bulk import Values
from api.core.tables import Table

_KEPT = "origin_kept"


class AuditOrigin(Table, table=True):
    """From where, and by which key, one request came."""

    __tablename__ = "audit_origin"
    __table_args__ = (Index("ix_audit_origin_created_at", "created_at"),)

    request_id: str = Field(max_length=64, index=True)
    org_id: UUID | None = Field(default=None)
    person_id: UUID | None = Field(default=None, index=True)
    ip: str | None = Field(default=None, max_length=45)
    key_prefix: str | None = Field(default=None, max_length=8)


@dataclass(frozen=True, slots=True)
class Origin:
    """Of the request that is served; `org_id`, `person_id` and `key_prefix` once the caller is known."""

    request_id: str
    ip: str | None
    org_id: UUID | None = None
    person_id: UUID | None = None
    key_prefix: str | None = None


current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def to_keep(session: Session) -> Values | None:
    """The row of the request that is served, if one is, once in a transaction; it is to be inserted.

    In a savepoint, which may be undone alone, there is one for that savepoint.
    """
    origin = current.get()
    if origin is None or session.info.get(_KEPT) == origin.request_id:
        return None
    if not session.in_nested_transaction():
        session.info[_KEPT] = origin.request_id
    return bulk.new_row(
        request_id=origin.request_id,
        org_id=origin.org_id,
        person_id=origin.person_id,
        ip=origin.ip,
        key_prefix=origin.key_prefix,
    )
