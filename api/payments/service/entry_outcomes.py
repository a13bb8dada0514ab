"""What an entry of a bank's statement becomes, and how it is named in the books."""

from typing import NamedTuple
from uuid import UUID

from api.payments.models import BankEntry
from api.rules.bank_statements import EntryOutcome
from api.rules.ledger import AccountKey, AccountKind

ACTOR = "bank"


class Became(NamedTuple):
    """The outcome of an entry, why, and what it belongs to."""

    outcome: EntryOutcome
    reason: str | None = None
    collection: UUID | None = None
    order: UUID | None = None
    item: UUID | None = None
    reverses: UUID | None = None


def key(entry: BankEntry) -> str:
    """By what receipts and items of suspense know the entry."""
    return f"bank:{entry.platform_account_id.hex}:{entry.external_id}"


def clearing(entry: BankEntry) -> AccountKey:
    """The account of the ledger that the bank's is."""
    return AccountKey(AccountKind.BANK_CLEARING, entry.currency)


def details(entry: BankEntry, reference: str | None) -> dict[str, str | None]:
    """By what reconciling finds the entry in the ledger."""
    return {"external_id": entry.external_id, "reference": reference}
