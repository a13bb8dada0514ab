"""What a tender asks of a bid beside its lots: envelopes, bid security, criteria."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field

from api.core.tables import JSON, MONEY, Table
from api.rules.tenders import Value


class SubmissionTerms(Table, table=True):
    """OCDS `submissionTerms` of a tender. `criteria` are in the OCDS/ESPD shape of
    schemas/criteria.py; a tender without a row asks for one envelope and nothing else.

    `shortlist` is {maximum_candidates, ranked_by: [{requirement_id, order}]}: how many of the
    qualified are invited at most, and by what they are compared.
    """

    __tablename__ = "submission_terms"
    __table_args__ = (
        CheckConstraint("bid_security_amount > 0", name="security_positive"),
        CheckConstraint(
            "(bid_security_amount IS NULL) = (bid_security_currency IS NULL)",
            name="security_has_currency",
        ),
    )

    tender_id: UUID = Field(foreign_key="tender.id", unique=True, ondelete="CASCADE")
    two_envelopes: bool = False
    bid_security_amount: Decimal | None = Field(default=None, sa_type=MONEY)
    bid_security_currency: str | None = Field(default=None, max_length=3)
    bid_security_declaration: bool = False
    criteria: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    shortlist: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    version: int = 1

    @property
    def bid_security(self) -> Value | None:
        if self.bid_security_amount is None or self.bid_security_currency is None:
            return None
        return Value(self.bid_security_amount, self.bid_security_currency)
