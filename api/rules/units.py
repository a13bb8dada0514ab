"""Quantities in different units of one dimension (UN/ECE Recommendation 20)."""

from dataclasses import dataclass
from decimal import Decimal

PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit: `factor` is how many of its dimension's base unit (KGM, MTR, C62 …) it holds.

    None means that it depends on the goods: a box, a set, a roll.
    """

    code: str
    dimension: str
    factor: Decimal | None


def converted(quantity: Decimal, source: Measure, target: Measure) -> Decimal | None:
    """`quantity` of `source` in `target`, to six places; None when they cannot be compared."""
    if source.code == target.code:
        return quantity
    if source.dimension != target.dimension or not source.factor or not target.factor:
        return None
    return (quantity * source.factor / target.factor).quantize(PLACES)
