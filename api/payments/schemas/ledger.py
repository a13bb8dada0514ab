"""What the API shows of the ledger."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.core.ids import PublicId
from api.rules.ledger import AccountKind
from api.rules.reconciling import Age

LedgerAccountId = Annotated[UUID, PublicId("ledgeraccount")]
LedgerTransactionId = Annotated[UUID, PublicId("ledgertransaction")]


class LedgerAccountOut(BaseModel):
    """An account; `balance` is on its normal side, `available` is what no hold has taken."""

    id: LedgerAccountId
    kind: AccountKind
    currency: str = Field(examples=["KGS"])
    reference: UUID | None = Field(description="Whose it is: a contract, a bid, an organisation")
    normal_side: Literal["debit", "credit"]
    balance: Decimal
    available: Decimal


class StatementLineOut(BaseModel):
    """An entry; `counter_accounts` are the kinds of the others of its transaction."""

    transaction_id: LedgerTransactionId
    sequence: int
    booking_date: date
    booked_at: datetime
    kind: str = Field(examples=["payment.received"])
    resource_id: UUID | None
    counter_accounts: list[AccountKind]
    debit: Decimal
    credit: Decimal
    balance: Decimal


class AccountStatementOut(BaseModel):
    """What happened on an account in a period of days, a page of it, oldest first."""

    account: LedgerAccountOut
    since: date
    until: date
    opening: Decimal
    closing: Decimal
    items: list[StatementLineOut]
    has_more: bool
    next_cursor: str | None


class TrialLineOut(BaseModel):
    """The sums of one kind of account in one currency."""

    kind: AccountKind
    currency: str
    debits: Decimal
    credits: Decimal
    balance: Decimal


class TrialBalanceOut(BaseModel):
    """All accounts at the end of a day; in each currency debits and credits are equal."""

    day: date
    items: list[TrialLineOut]


class ReconciliationOut(BaseModel):
    """A clearing account at the end of a day: the ledger, the lines told, the balance stated."""

    clearing: AccountKind
    currency: str
    day: date
    ledger_balance: Decimal
    lines_balance: Decimal
    stated_balance: Decimal | None
    difference: Decimal
    unmatched_entries: int
    unmatched_entries_amount: Decimal
    unmatched_lines: int
    unmatched_lines_amount: Decimal
    overdue: int = Field(description="Open for longer than KERBEN_RECONCILIATION_DAYS")
    oldest_on: date | None = Field(description="The day of the oldest that is open")


class UnmatchedOut(BaseModel):
    """A line of a provider, or an entry of the ledger, that is not matched yet."""

    id: str = Field(description="Of the line or the entry, as corrections name it")
    side: str = Field(examples=["provider"])
    clearing: AccountKind
    currency: str
    external_id: str | None
    reference: str | None
    amount: Decimal
    fee: Decimal
    day: date
    days: int
    age: Age


class AgeingOut(BaseModel):
    """What is open on both sides."""

    items: list[UnmatchedOut]
