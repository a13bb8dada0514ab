"""Who wants the daily mail about requests that offers of their organisation answer."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from api.core.tables import TIMESTAMP, Table


class RequestDigest(Table, table=True):
    """A member of a seller that asked for the digest, until `stopped_at`; `sent_on` is the last day
    (in Bishkek) on which one went out."""

    __tablename__ = "request_digest"
    __table_args__ = (
        Index(
            "uq_request_digest_member",
            "member_id",
            unique=True,
            postgresql_where=text("stopped_at IS NULL"),
        ),
    )

    org_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    member_id: UUID = Field(foreign_key="member.id", ondelete="RESTRICT")
    sent_on: date | None = None
    stopped_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1
