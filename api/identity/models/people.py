"""People: what proves who they are, and the organisations that they act for."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, LargeBinary, UniqueConstraint
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.permissions import MemberRole


class Person(Table, table=True):
    """Somebody who logs in. `totp_step` is the last time step whose code was taken."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(
            "totp_confirmed_at IS NULL OR totp_secret IS NOT NULL", name="confirmed_has_secret"
        ),
    )

    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=200)
    password_hash: str | None = Field(default=None, max_length=200)
    totp_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    totp_confirmed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    totp_step: int = 0
    disabled_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class Member(Table, table=True):
    """A person who acts for an organisation in one role; without `person_id`, not yet joined."""

    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("org_id", "email"),
        UniqueConstraint("org_id", "person_id"),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    person_id: UUID | None = Field(
        default=None, foreign_key="person.id", index=True, ondelete="RESTRICT"
    )
    name: str = Field(max_length=200)
    email: str = Field(max_length=254, index=True)
    role: MemberRole = Field(sa_type=state(MemberRole))
    removed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class FederatedIdentity(Table, table=True):
    """The name that an OpenID provider has for a person."""

    __tablename__ = "federated_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    person_id: UUID = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    issuer: str = Field(max_length=300)
    subject: str = Field(max_length=255)


class TokenPurpose(StrEnum):
    """What a token that is good once lets its holder do."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"


class OneTimeToken(Table, table=True):
    """An invitation, or the leave to choose a new password, for a member of an organisation."""

    __tablename__ = "one_time_token"

    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    member_id: UUID = Field(foreign_key="member.id", index=True, ondelete="CASCADE")
    purpose: TokenPurpose = Field(sa_type=state(TokenPurpose))
    token_hash: str = Field(max_length=64, unique=True)
    clears_second_factors: bool = False
    expires_at: datetime = Field(sa_type=TIMESTAMP, index=True)
    used_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class RecoveryCode(Table, table=True):
    """A code that stands in for a lost second factor, once."""

    __tablename__ = "recovery_code"

    person_id: UUID = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    code_hash: str = Field(max_length=64, unique=True)
    used_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class Passkey(Table, table=True):
    """The public half of a WebAuthn credential."""

    __tablename__ = "passkey"

    person_id: UUID = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    name: str = Field(max_length=100)
    credential_id: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    public_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sign_count: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    last_used_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
