"""Questions of suppliers about a tender, and the buyer's answers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field

from api.core.tables import JSON, TIMESTAMP, Table, state
from api.rules.enquiries import EnquiryStatus


class Enquiry(Table, table=True):
    """A question; everybody reads it once it is answered, and never in this row who asked."""

    __tablename__ = "tender_enquiry"
    __table_args__ = (
        CheckConstraint(
            "(status = 'answered') = (answer IS NOT NULL AND answered_at IS NOT NULL"
            " AND answered_late IS NOT NULL)",
            name="answered_has_answer",
        ),
        Index("ix_tender_enquiry_tender_id_status", "tender_id", "status"),
    )

    tender_id: UUID = Field(foreign_key="tender.id", ondelete="RESTRICT")
    lot_id: UUID | None = Field(default=None, foreign_key="tender_lot.id", ondelete="RESTRICT")
    status: EnquiryStatus = Field(default=EnquiryStatus.PENDING, sa_type=state(EnquiryStatus))
    title: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    description: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    asked_at: datetime = Field(sa_type=TIMESTAMP)
    answer: dict[str, str] | None = Field(default=None, sa_column=Column(JSON))
    answered_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    answered_late: bool | None = None
    version: int = 1


class EnquiryAuthor(Table, table=True):
    """Who asked: a row of its own, so that the database can keep it from whoever reads questions."""

    __tablename__ = "tender_enquiry_author"

    enquiry_id: UUID = Field(foreign_key="tender_enquiry.id", unique=True, ondelete="RESTRICT")
    tender_id: UUID = Field(foreign_key="tender.id", index=True, ondelete="RESTRICT")
    author_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
