"""People, and the organisations that they act for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table, state
from api.rules.permissions import MemberRole


class Member(Table, table=True):
    """A person who acts for an organisation in one role."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("org_id", "email"),)

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    name: str = Field(max_length=200)
    email: str = Field(max_length=254)
    role: MemberRole = Field(sa_type=state(MemberRole))
    removed_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
