"""Abnormally low prices: which must be justified before they can win. Pure.

After Directive 2014/24/EU, article 69: the buyer asks, the supplier explains, and only a bid
whose explanation does not account for the price is rejected. A comparable price p of n prices is
abnormally low when

    belowMean:  p <= M x (1 - below_mean_bp / 10000),  M = sum of all n prices / n,  n >= 2
    belowNext:  p <= N x (1 - below_next_bp / 10000),  N = the lowest price of another bid >= p

Equal prices: the next price of each of two equal bids is that of the other, so that neither is
below the next; against the mean both are flagged alike. A single bid has neither a mean of
others nor a next price and is never flagged; of two bids only the lower can be.

Prices of bids that are disqualified for other reasons do not count. That of a bid rejected as
abnormally low still does: the finding stands on the prices as they were received, and does not
spread to others by the rejection.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from decimal import Decimal

from api.rules.evaluation.arithmetic import BASIS_POINTS, exact, figure, share
from api.rules.evaluation.inputs import PolicyTerms
from api.rules.evaluation.results import LowFlag, LowRule, Spread


@exact
def mean(prices: Sequence[Decimal]) -> Decimal | None:
    """The mean price as a figure; None of none."""
    return figure(sum(prices, Decimal()) / len(prices)) if prices else None


def low_flags(prices: Mapping[str, Decimal], policy: PolicyTerms) -> dict[str, tuple[LowFlag, ...]]:
    """The flags of every bid that has one, by bid."""
    found = dict[str, tuple[LowFlag, ...]]()
    if len(prices) < 2:
        return found
    ordered = sorted(prices.values())
    average = mean(ordered)
    for bid, price in prices.items():
        first = bisect_left(ordered, price)
        others = (
            (LowRule.BELOW_MEAN, average, policy.below_mean_bp),
            (
                LowRule.BELOW_NEXT,
                ordered[first + 1] if first + 1 < len(ordered) else None,
                policy.below_next_bp,
            ),
        )
        flags = tuple(
            LowFlag(rule, other, threshold)
            for rule, other, distance in others
            if other is not None
            and distance is not None
            and price <= (threshold := _threshold(other, distance))
            and price < other
        )
        if flags:
            found[bid] = flags
    return found


@exact
def spread(prices: Sequence[Decimal], policy: PolicyTerms) -> Spread | None:
    """(highest - lowest) / highest, of two prices or more; an alert at the policy's share."""
    if len(prices) < 2 or max(prices) <= 0:
        return None
    lowest, highest = min(prices), max(prices)
    wide = figure((highest - lowest) / highest)
    limit = policy.alert_spread_bp
    return Spread(lowest, highest, wide, limit is not None and wide * BASIS_POINTS >= limit)


@exact
def _threshold(other: Decimal, distance_bp: int) -> Decimal:
    return share(other, BASIS_POINTS - distance_bp)
