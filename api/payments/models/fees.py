"""What the platform asks for its service: tariffs, frozen commissions, numbered invoices."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint
from sqlmodel import Field

from api.core.tables import JSON, MONEY, TIMESTAMP, Table, state
from api.rules.fees import Commission, FeePurpose, InvoiceKind


class CommissionTariff(Table, table=True):
    """The commission of contracts that are signed from a day on, in one currency or in any."""

    __tablename__ = "commission_tariff"
    __table_args__ = (
        CheckConstraint("rate_bp BETWEEN 0 AND 2000", name="rate_in_bounds"),
        CheckConstraint("minimum <= maximum", name="bounds_ordered"),
        CheckConstraint(
            "currency IS NOT NULL OR (minimum IS NULL AND maximum IS NULL)",
            name="bounds_have_currency",
        ),
        UniqueConstraint("valid_from", "currency", postgresql_nulls_not_distinct=True),
    )

    valid_from: date
    currency: str | None = Field(default=None, max_length=3)
    rate_bp: int
    minimum: Decimal | None = Field(default=None, sa_type=MONEY)
    maximum: Decimal | None = Field(default=None, sa_type=MONEY)
    source: str = Field(max_length=500)
    added_by: str = Field(max_length=80)


class ContractCommission(Table, table=True):
    """What was agreed by signing: the tariff of that day, whatever comes later. Never altered."""

    __tablename__ = "contract_commission"
    __table_args__ = (CheckConstraint("rate_bp >= 0 AND contract_value > 0", name="positive"),)

    contract_id: UUID = Field(foreign_key="contract.id", unique=True, ondelete="RESTRICT")
    supplier_id: UUID = Field(foreign_key="organisation.id", index=True, ondelete="RESTRICT")
    tariff_id: UUID = Field(foreign_key="commission_tariff.id", ondelete="RESTRICT")
    rate_bp: int
    minimum: Decimal | None = Field(default=None, sa_type=MONEY)
    maximum: Decimal | None = Field(default=None, sa_type=MONEY)
    contract_value: Decimal = Field(sa_type=MONEY)
    currency: str = Field(max_length=3)
    frozen_at: datetime = Field(sa_type=TIMESTAMP)

    @property
    def terms(self) -> Commission:
        return Commission(self.rate_bp, self.minimum, self.maximum)


class FeeInvoiceSeries(Table, table=True):
    """The last number of a series in a year. Its row is locked until the invoice is committed, so
    that a number is neither left out nor given twice."""

    __tablename__ = "fee_invoice_series"
    __table_args__ = (UniqueConstraint("series", "year"),)

    series: str = Field(max_length=4)
    year: int
    last: int = 0


class FeeInvoice(Table, table=True):
    """An invoice of the platform, or a credit note. Only `paid_at` and, once, `provider_tax` are ever
    written later: what Stripe Tax computed to be in `gross`, which is what is owed as tax.

    `content` is all that the PDF says, in no language; `sha256` is of its canonical JSON.
    """

    __tablename__ = "fee_invoice"
    __table_args__ = (
        UniqueConstraint("series", "year", "sequence"),
        CheckConstraint("gross = net + tax AND net >= 0 AND tax >= 0", name="adds_up"),
        CheckConstraint(
            "(kind = 'credit_note') = (credits_id IS NOT NULL)", name="credit_note_names_invoice"
        ),
        CheckConstraint("provider_tax BETWEEN 0 AND gross", name="provider_tax_within_gross"),
        Index("ix_fee_invoice_org_id", "org_id", "id"),
    )

    idempotency_key: str = Field(max_length=200, unique=True)
    org_id: UUID = Field(foreign_key="organisation.id", ondelete="RESTRICT")
    kind: InvoiceKind = Field(sa_type=state(InvoiceKind))
    purpose: FeePurpose = Field(sa_type=state(FeePurpose))
    resource_id: UUID | None = Field(default=None, index=True)
    series: str = Field(max_length=4)
    year: int
    sequence: int
    number: str = Field(max_length=20, unique=True)
    credits_id: UUID | None = Field(
        default=None, foreign_key="fee_invoice.id", unique=True, ondelete="RESTRICT"
    )
    issue_date: date
    due_date: date | None = None
    currency: str = Field(max_length=3)
    net: Decimal = Field(sa_type=MONEY)
    tax_rate_bp: int
    tax: Decimal = Field(sa_type=MONEY)
    gross: Decimal = Field(sa_type=MONEY)
    provider_tax: Decimal | None = Field(default=None, sa_type=MONEY)
    content: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    sha256: str = Field(max_length=64)
    paid_at: datetime | None = Field(default=None, sa_type=TIMESTAMP)
    version: int = 1
