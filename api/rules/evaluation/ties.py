"""What decides between bids that are equal in price, cost or score. Pure.

The tie-breaks that the tender publishes are asked in their order. The last word has a lot that
nobody can choose: the SHA-256 of a text of the Merkle root over all sealed envelopes, of the lot
and of the bid, the lowest first. The root is fixed at the deadline, before anybody has opened a
price, and depends on the random salt of every bid: whoever does not know all bids cannot tell
what another salt would do.
"""

import hashlib
from decimal import Decimal

from api.rules.evaluation.inputs import Bid, Inputs
from api.rules.evaluation.results import PriceFigures
from api.rules.evaluation.terms import TieBreak

DRAW_PREFIX = "kerben-evaluation-draw/1"
FIGURE, DRAW = "figure", "draw"

type Key = tuple[tuple[str, Decimal | str | int], ...]
"""Named parts, compared in their order; the lower part is ranked before."""


def draw(root: str, lot: str, bid: str) -> str:
    """The number of a bid in the lot: SHA-256 of `prefix LF root LF lot LF bid` in hexadecimal."""
    return hashlib.sha256(f"{DRAW_PREFIX}\n{root}\n{lot}\n{bid}".encode()).hexdigest()


def key(leading: Decimal, bid: Bid, figures: PriceFigures, inputs: Inputs) -> Key:
    """What a bid is sorted by: `leading` (lower is better), the tie-breaks, the lot."""
    parts: list[tuple[str, Decimal | str | int]] = [(FIGURE, leading)]
    for each in inputs.terms.tie_breaks:
        match each:
            case TieBreak.DOMESTIC:
                parts.append((each.value, 0 if figures.preferred else 1))
            case TieBreak.LOWER_PRICE:
                parts.append((each.value, figures.ranking))
            case TieBreak.EARLIER_RECEIPT:
                parts.append((each.value, Decimal(_microseconds(bid))))
    parts.append((DRAW, draw(inputs.lot.root, inputs.lot.lot, bid.id)))
    return tuple(parts)


def values(key: Key) -> tuple[Decimal | str | int, ...]:
    """The parts without their names, for sorting."""
    return tuple(value for _, value in key)


def decided_by(above: Key, below: Key) -> str:
    """The name of the first part in which two keys differ; bids' keys differ at the latest in
    the draw, since their ids do."""
    return next(
        name for (name, first), (_, second) in zip(above, below, strict=True) if first != second
    )


def _microseconds(bid: Bid) -> int:
    at = bid.received_at
    return int(at.timestamp()) * 1_000_000 + at.microsecond
