"""The reverse auction: prices fall in the open until nobody goes lower in time. Pure.

An electronic reverse auction as chapter VI of the UNCITRAL Model Law on Public Procurement (2011)
describes it: it follows the opening of bids, its criteria and its mathematical formula are told
beforehand, every bidder knows where it stands at every moment, and its log can be replayed. Here
only the price of one lot changes.

The log is the truth: `replay` gives from it what every column and every answer says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from enum import StrEnum

from api.rules.offers import plain
from api.rules.states import Machine

_CENT = Decimal("0.01")
_SHARE = Decimal(10_000)


class AuctionStatus(StrEnum):
    """`planned`: announced with its start and end; prices count by the clock, not by this word."""

    PLANNED = "planned"
    COMPLETE = "complete"
    CANCELLED = "cancelled"


AUCTION = Machine(
    {
        "end": (frozenset({AuctionStatus.PLANNED}), AuctionStatus.COMPLETE),
        "cancel": (frozenset({AuctionStatus.PLANNED}), AuctionStatus.CANCELLED),
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is announced: when prices are taken, half-open as every period, and how they may fall.

    `initial` is what each bid asked at the opening, by the bid's id, in the auction's currency.
    A price that comes less than `pause` before the end moves the end to `pause` after it.
    """

    start: datetime
    end: datetime
    step: Decimal
    pause: timedelta
    initial: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Price:
    """One entry of the log: a bid went down to `amount`, received at `at` by the database clock."""

    bid: str
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand after some entries: the end as it is now, and every bid's price.

    `since` says when a bid came to its price: of two equal ones the earlier is ahead. Prices of
    the opening count as the same moment, so that of two equal ones neither is ahead.
    """

    end: datetime
    prices: Mapping[str, Decimal]
    since: Mapping[str, int] = field(default_factory=dict)
    entries: int = 0

    def ranking(self) -> list[tuple[int, str, Decimal]]:
        """(place, bid, price), the lowest price first; equal prices of the opening share a place."""
        ordered = sorted(self.prices.items(), key=lambda one: (self._key(one[0]), one[0]))
        found: list[tuple[int, str, Decimal]] = []
        for position, (bid, amount) in enumerate(ordered, start=1):
            same = found and self._key(found[-1][1]) == self._key(bid)
            found.append((found[-1][0] if same else position, bid, amount))
        return found

    def _key(self, bid: str) -> tuple[Decimal, int]:
        return self.prices[bid], self.since.get(bid, 0)


class Refused(ValueError):
    """A price that does not count; `code` says why, in a word that stays."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def least_step(value: Decimal, step_bp: int) -> Decimal:
    """The step that a share of the lot's value makes, in whole cents, rounded up: never nothing."""
    return max((value * step_bp / _SHARE).quantize(_CENT, ROUND_UP), _CENT)


def opened(terms: Terms) -> Standing:
    """How things stand before the first price."""
    return Standing(terms.end, dict(terms.initial))


def place(terms: Terms, standing: Standing, price: Price) -> Standing:
    """How things stand after one more price.

    Raises Refused: `auction_not_started`, `auction_ended` (at the end is late), `not_in_auction`,
    `not_in_cents`, or `step_too_small` when the bid does not go at least one step below its own
    last price.
    """
    if price.at < terms.start:
        raise Refused("auction_not_started", f"starts at {terms.start.isoformat()}")
    if price.at >= standing.end:
        raise Refused("auction_ended", f"ended at {standing.end.isoformat()}")
    if price.bid not in standing.prices:
        raise Refused("not_in_auction", "is not a bid of this auction")
    if price.amount != price.amount.quantize(_CENT):
        raise Refused("not_in_cents", "has more than two decimals")
    most = standing.prices[price.bid] - terms.step
    if not 0 < price.amount <= most:
        reached = "must be above 0" if most <= 0 else f"must be above 0 and at most {plain(most)}"
        raise Refused("step_too_small", reached)
    entries = standing.entries + 1
    return replace(
        standing,
        end=max(standing.end, price.at + terms.pause),
        prices={**standing.prices, price.bid: price.amount},
        since={**standing.since, price.bid: entries},
        entries=entries,
    )


def replay(terms: Terms, log: Iterable[Price]) -> Standing:
    """How things stand after the whole log. Raises Refused for an entry that cannot have counted."""
    standing = opened(terms)
    for price in log:
        standing = place(terms, standing, price)
    return standing
