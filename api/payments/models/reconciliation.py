"""What providers say of the money they keep for the platform, and which entries it was found in."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from api.core.tables import MONEY, TIMESTAMP, Table, state
from api.rules.ledger import AccountKind
from api.rules.reconciling import MatchRule


class ProviderLine(Table, table=True):
    """A line of a bank statement, or a balance transaction of Stripe; it never changes.

    `amount` is positive when money comes in; the provider's balance changes by it less `fee`. What
    is but a fee has the amount nothing. `source` is the file, or the call, that it came with.
    """

    __tablename__ = "provider_line"
    __table_args__ = (
        UniqueConstraint("provider", "account", "external_id"),
        CheckConstraint("amount <> 0 OR fee <> 0", name="amount_given"),
        CheckConstraint("clearing IN ('bank_clearing', 'stripe_clearing')", name="clearing_kind"),
        Index("ix_provider_line_clearing", "clearing", "currency", "booked_on"),
    )

    provider: str = Field(max_length=40)
    account: str = Field(max_length=64)
    clearing: AccountKind = Field(sa_type=state(AccountKind))
    external_id: str = Field(max_length=200)
    currency: str = Field(max_length=3)
    amount: Decimal = Field(sa_type=MONEY)
    fee: Decimal = Field(default=Decimal(0), sa_type=MONEY)
    occurred_at: datetime = Field(sa_type=TIMESTAMP)
    booked_on: date
    reference: str | None = Field(default=None, max_length=200)
    source: str = Field(max_length=200)


class ProviderBalance(Table, table=True):
    """The balance of an account at the end of a day, as the provider states it."""

    __tablename__ = "provider_balance"
    __table_args__ = (UniqueConstraint("provider", "account", "currency", "day"),)

    provider: str = Field(max_length=40)
    account: str = Field(max_length=64)
    clearing: AccountKind = Field(sa_type=state(AccountKind))
    currency: str = Field(max_length=3)
    day: date
    amount: Decimal = Field(sa_type=MONEY)
    source: str = Field(max_length=200)


class ReconciliationMatch(Table, table=True):
    """A line and an entry that are the same money. Several rows of one `group_id` are one match
    of several; a side that has fewer is empty in the rest of them."""

    __tablename__ = "reconciliation_match"
    __table_args__ = (
        UniqueConstraint("line_id"),
        UniqueConstraint("entry_id"),
        CheckConstraint("line_id IS NOT NULL OR entry_id IS NOT NULL", name="side_given"),
    )

    group_id: UUID = Field(index=True)
    line_id: UUID | None = Field(default=None, foreign_key="provider_line.id", ondelete="RESTRICT")
    entry_id: UUID | None = Field(default=None, foreign_key="ledger_entry.id", ondelete="RESTRICT")
    rule: MatchRule = Field(sa_type=state(MatchRule))
    actor: str = Field(max_length=80)


class Reconciliation(Table, table=True):
    """A clearing account at the end of a day, as the ledger, the lines and the provider have it.

    `ledger - lines` is what is not matched yet: entries less lines. `stated - lines` is what the
    provider has not told line by line. `overdue` is how many lines and entries are open for longer than
    they may be, `oldest_on` the day of the oldest that is open.
    """

    __tablename__ = "reconciliation"
    __table_args__ = (UniqueConstraint("clearing", "currency", "day"),)

    clearing: AccountKind = Field(sa_type=state(AccountKind))
    currency: str = Field(max_length=3)
    day: date
    ledger_balance: Decimal = Field(sa_type=MONEY)
    lines_balance: Decimal = Field(sa_type=MONEY)
    stated_balance: Decimal | None = Field(default=None, sa_type=MONEY)
    unmatched_entries: int
    unmatched_entries_amount: Decimal = Field(sa_type=MONEY)
    unmatched_lines: int
    unmatched_lines_amount: Decimal = Field(sa_type=MONEY)
    overdue: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    oldest_on: date | None = None

    @property
    def difference(self) -> Decimal:
        """By how much the ledger has more than the provider: what it states, or else its lines."""
        theirs = self.lines_balance if self.stated_balance is None else self.stated_balance
        return self.ledger_balance - theirs
