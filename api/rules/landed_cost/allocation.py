"""Shares of a whole that sum to the whole exactly: the method of the largest remainder."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

MINOR = Decimal("0.01")
"""The smallest unit that amounts are rounded to (a tyiyn)."""


def rounded(amount: Decimal) -> Decimal:
    """To the smallest unit, half away from zero."""
    return amount.quantize(MINOR, ROUND_HALF_UP)


def shares(weights: Sequence[Decimal]) -> list[Decimal]:
    """Each weight as a fraction of all; equal fractions when all weights are zero."""
    whole = sum(weights, Decimal())
    if not whole:
        return [Decimal(1) / len(weights)] * len(weights)
    return [weight / whole for weight in weights]


def settle(exact: Sequence[Decimal], whole: Decimal) -> list[Decimal]:
    """Amounts rounded so that they sum to `whole`, which is rounded already.

    Each is rounded down; the units that then lack go to the largest remainders, of equal ones to
    the earlier. No amount is off its exact value by a unit or more when `whole` is their sum
    rounded.
    """
    found = [amount.quantize(MINOR, ROUND_FLOOR) for amount in exact]
    lacking = int((whole - sum(found, Decimal())) / MINOR)
    if lacking:
        short = [found[n] - amount for n, amount in enumerate(exact)]
        order = sorted(range(len(exact)), key=short.__getitem__)
        step = MINOR if lacking > 0 else -MINOR
        if lacking < 0:
            order.reverse()
        for turn in range(abs(lacking)):
            found[order[turn % len(order)]] += step
    return found


def allocate(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """A rounded amount shared out by weights, to the unit; the shares sum to it."""
    return settle([amount * share for share in shares(weights)], amount)
