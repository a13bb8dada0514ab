"""What a bank says of a file of payments (ISO 20022 pain.002, payment status report). Pure.

That a bank has accepted a payment books nothing: only a statement says that money went. That it has
rejected one says that no money went and none will.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_REJECTED = frozenset({"RJCT", "CANC"})
_PARTLY = frozenset({"PART"})
_PENDING = frozenset({"RCVD", "PDNG", "PATC"})


class ReportVerdict(StrEnum):
    """What a status of ISO 20022's external code sets means for a payment, or for a file."""

    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly_accepted"
    PENDING = "pending"
    REJECTED = "rejected"


class ReportOutcome(StrEnum):
    """What became of a word of the bank's."""

    NOTED = "noted"
    """It changes nothing: the statement will say what became of the payment."""
    FAILED = "failed"
    """The payment was not made: its money is free again."""
    UNMATCHED = "unmatched"
    """It contradicts what is known: a person decides."""


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of a payment, a group of payments or the file: a status, and why (codes such as
    AC04, AM04)."""

    status: str
    reason: str | None = None
    text: str | None = None

    @property
    def verdict(self) -> ReportVerdict:
        """What the status means; one that is not known is no rejection."""
        if self.status in _REJECTED:
            return ReportVerdict.REJECTED
        if self.status in _PARTLY:
            return ReportVerdict.PARTLY_ACCEPTED
        return ReportVerdict.PENDING if self.status in _PENDING else ReportVerdict.ACCEPTED


@dataclass(frozen=True, slots=True)
class PaymentWord:
    """What is said of one payment, by its end-to-end id; the amount where it is repeated."""

    end_to_end_id: str
    word: Word
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report on the file whose message id is `original_id`.

    `of_file` is said of all payments that nothing is said of one by one.
    """

    id: str
    original_id: str
    of_file: Word | None
    payments: tuple[PaymentWord, ...] = ()
