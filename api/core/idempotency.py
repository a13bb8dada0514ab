"""A POST repeated with the same Idempotency-Key has one effect and one answer.

The answer is stored in the transaction of the effect: neither can exist without the other.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Column, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, Session

from api.core import bulk, settings
from api.core.errors import IdempotencyInFlight, IdempotencyKeyReused
from api.core.tables import JSON, TIMESTAMP, Table
from api.rules.clock import utcnow

LIFETIME, LONG_LIFETIME = timedelta(hours=24), timedelta(days=30)
"""How long an answer is kept; the long one is that of commands about bids, awards and money."""


_BEGIN = text("SELECT * FROM kerben_idempotency(:lock, :org_id, :principal, :operation, :key)")
_FORGET = text("DELETE FROM idempotency_record WHERE id = :id")


class IdempotencyRecord(Table, table=True):
    """The answer once given to (organisation, principal, method and path, key)."""

    __tablename__ = "idempotency_record"
    __table_args__ = (UniqueConstraint("org_id", "principal", "operation", "key"),)

    org_id: UUID
    principal: str = Field(max_length=80)
    operation: str = Field(max_length=300)
    key: str = Field(max_length=255)
    body_hash: str = Field(max_length=64)
    status: int
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    headers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    expires_at: datetime = Field(sa_type=TIMESTAMP, index=True)


class Stored(NamedTuple):
    """An answer as it was stored, in the columns of `kerben_idempotency` (migrations); without an
    id there is none, and unless `free` another request with the key is under way."""

    free: bool
    id: UUID | None
    body_hash: str
    status: int
    body: bytes
    headers: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Subject:
    """What a key belongs to, and the body it came with."""

    org_id: UUID
    principal: str
    operation: str
    key: str
    body: bytes

    @property
    def body_hash(self) -> str:
        """Keyed, so that whoever reads the table cannot try out bodies, for example prices."""
        key = settings.get().secret_key.get_secret_value().encode()
        return hmac.new(key, self.body, hashlib.sha256).hexdigest()


def begin(session: Session, subject: Subject) -> Stored | None:
    """The stored answer of an earlier execution, or None when this one is the first.

    Raises IdempotencyInFlight while another transaction works on the same key, and
    IdempotencyKeyReused when the key came with another body.
    """
    lock = f"{subject.org_id.hex}|{subject.principal}|{subject.operation}|{subject.key}"
    found = Stored(
        *session.connection()
        .execute(
            _BEGIN,
            {
                "lock": lock,
                "org_id": subject.org_id,
                "principal": subject.principal,
                "operation": subject.operation,
                "key": subject.key,
            },
        )
        .one()
    )
    if not found.free:
        raise IdempotencyInFlight(headers={"Retry-After": "1"})
    if found.id is None:
        return None
    if found.expires_at <= utcnow():
        session.connection().execute(_FORGET, {"id": found.id})
        return None
    if found.body_hash != subject.body_hash:
        raise IdempotencyKeyReused
    return found


def complete(
    session: Session,
    subject: Subject,
    *,
    status: int,
    answer: bytes,
    headers: dict[str, str],
    lifetime: timedelta = LIFETIME,
) -> None:
    """Keep the answer for later repeats, for so long."""
    row = bulk.new_row(
        org_id=subject.org_id,
        principal=subject.principal,
        operation=subject.operation,
        key=subject.key,
        body_hash=subject.body_hash,
        status=status,
        body=answer,
        headers=headers,
        expires_at=utcnow() + lifetime,
    )
    bulk.insert(session, IdempotencyRecord, [row])
