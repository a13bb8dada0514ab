"""People who are logged in, and attempts to log in that failed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, LargeBinary
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state


class LoginMethod(StrEnum):
    """How a session began."""

    PASSWORD = "password"
    OIDC = "oidc"


class LoginSession(Table, table=True):
    """A person who acts for one of their organisations. Only an HMAC of the token is kept.

    `confined`: the organisation's own OpenID provider vouched, which must not open the others'
    doors; the session stays with the organisation. `challenge` is what a passkey signs next.
    """

    __tablename__ = "login_session"
    __table_args__ = (
        CheckConstraint(
            "(challenge IS NULL) = (challenge_expires_at IS NULL)", name="challenge_expires"
        ),
    )

    person_id: UUID = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    member_id: UUID = Field(foreign_key="member.id", index=True, ondelete="CASCADE")
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    token_hash: str = Field(max_length=64, unique=True)
    method: LoginMethod = Field(sa_type=state(LoginMethod))
    confined: bool = False
    ip: str | None = Field(default=None, max_length=45)
    user_agent: str | None = Field(default=None, max_length=300)
    second_factor_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    challenge: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    challenge_expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    last_used_at: datetime = Field(sa_type=TIMESTAMP)
    expires_at: datetime = Field(sa_type=TIMESTAMP, index=True)
    revoked_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)


class LoginThrottle(Table, table=True):
    """Failures in a row of one account from one address, or of either; `subject` is an HMAC."""

    __tablename__ = "login_throttle"

    subject: str = Field(max_length=64, unique=True)
    failures: int = Field(default=0, ge=0)
    last_failed_at: datetime = Field(sa_type=TIMESTAMP, index=True)
