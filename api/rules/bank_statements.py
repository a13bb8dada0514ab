"""What a statement of a bank says, whatever format it came in, and whether it agrees with itself. Pure.

Amounts are positive when money comes in. An entry is known by a key of its own: told again, in the same
statement or in another one, it is the same money.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class StatementFormat(StrEnum):
    """How a statement is written."""

    CAMT053 = "camt053"
    MT940 = "mt940"


class BankEntryKind(StrEnum):
    """What the bank says of an entry."""

    PAYMENT = "payment"
    RETURN = "return"
    """A payment that went out has come back."""
    REVERSAL = "reversal"
    """The bank takes back what it credited."""
    CHARGE = "charge"


class EntryOutcome(StrEnum):
    """What became of an entry."""

    RECEIVED = "received"
    RECEIVED_PART = "received_part"
    RECEIVED_TOO_MUCH = "received_too_much"
    SUSPENSE = "suspense"
    SETTLED = "settled"
    RETURNED = "returned"
    CHARGED = "charged"
    REVERSED = "reversed"
    """The bank took back what it had credited."""
    UNMATCHED = "unmatched"
    """Nothing was booked: a person decides."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A booked entry; `reference` is the bank's own of it, `texts` what was written by people."""

    amount: Decimal
    booked_on: date
    kind: BankEntryKind = BankEntryKind.PAYMENT
    value_on: date | None = None
    reference: str | None = None
    end_to_end_id: str | None = None
    texts: tuple[str, ...] = ()
    counterparty: str | None = None
    reason: str | None = None
    """Why a payment came back (ISO 20022 external code, such as AC04)."""
    counterparty_number: str | None = None
    """The account of who paid or was paid, and then what is said of its bank."""
    counterparty_bic: str | None = None
    counterparty_bank: str | None = None
    counterparty_country: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, or one page of it, of one account in one currency."""

    format: StatementFormat
    account: str
    currency: str
    id: str
    closing_on: date
    opening: Decimal
    closing: Decimal
    number: int | None = None
    page: int = 1
    is_last_page: bool = True
    entries: tuple[Entry, ...] = ()


type Place = tuple[int, int, int]
"""Where a statement stands among those of its account: year, number, page."""


def difference(statement: Statement) -> Decimal:
    """By how much the closing balance is more than the opening balance and the entries make."""
    moved = sum((each.amount for each in statement.entries), Decimal())
    return statement.closing - statement.opening - moved


def identity(statement: Statement) -> str:
    """The same for the same statement of an account (SHA-256), however often it is sent."""
    return _digest(
        statement.id,
        statement.number,
        statement.page,
        statement.closing_on,
        f"{statement.opening.normalize():f}",
        f"{statement.closing.normalize():f}",
    )


def keys(statement: Statement) -> list[str]:
    """The key of each entry, in order (SHA-256).

    An entry with a reference of the bank's is the same in every statement that has it. One without
    is told apart by all it says and its statement; entries that say the same are counted.
    """
    seen: Counter[tuple[object, ...]] = Counter()
    found = []
    for each in statement.entries:
        amount = f"{each.amount.normalize():f}"
        about: tuple[object, ...] = (each.booked_on, amount, each.reference)
        if each.reference is None:
            said = (each.end_to_end_id, each.texts, each.counterparty)
            about = (*about, statement.id, statement.number, statement.page, *said)
        seen[about] += 1
        found.append(_digest(*about, seen[about]))
    return found


def gap(before: Place | None, this: Place) -> tuple[int, int] | None:
    """The numbers that are missing between two statements of an account; None: none is.

    Numbers begin anew with the year. The first statement of all is not expected to be number 1.
    """
    if before is None:
        return None
    last = before[1] if before[0] == this[0] else 0
    return (last + 1, this[1] - 1) if this[1] > last + 1 else None


def account_numbers(text: str) -> list[str]:
    """What may be the account's number in a statement's word for it: banks write their code before
    it, or the currency behind it."""
    plain = "".join(text.split()).upper()
    found = [plain, *([plain.rpartition("/")[2]] if "/" in plain else [])]
    found += [each[:-3] for each in found if each[-3:].isalpha() and len(each) > 7]
    return [*dict.fromkeys(each for each in found if each)]


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(tuple(map(str, parts))).encode()).hexdigest()
