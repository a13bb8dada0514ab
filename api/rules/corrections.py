"""Acts on the books that no business event asks for: proposed by one person with a reason, carried
out by another. Pure.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from api.rules.reconciling import Item
from api.rules.states import Machine


class CorrectionKind(StrEnum):
    """What is done: a transaction is undone by another; lines and entries are taken for the same
    money; what fits nothing is booked as gained or lost."""

    REVERSAL = "reversal"
    MATCH = "match"
    WRITE_OFF = "write_off"


class CorrectionStatus(StrEnum):
    """What the second person made of it."""

    PROPOSED = "proposed"
    CARRIED_OUT = "carried_out"
    REFUSED = "refused"


_S = CorrectionStatus
CORRECTION = Machine(
    {
        "carry_out": (frozenset({_S.PROPOSED}), _S.CARRIED_OUT),
        "refuse": (frozenset({_S.PROPOSED}), _S.REFUSED),
    }
)


def difference(lines: Sequence[Item], entries: Sequence[Item]) -> Decimal:
    """By how much the provider's balance changed more than the ledger has booked."""
    told = sum((each.net for each in lines), Decimal())
    return told - sum((each.amount for each in entries), Decimal())
