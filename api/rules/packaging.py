"""How goods are packed: levels that hold one another, from the unit outwards. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

from api.rules.offers import Finding, plain

MAX_LEVELS = 6
MAX_UNITS = 10**9
"""Of the outermost package."""


class Level(Protocol):
    """A package that holds `quantity` of the level below it; the first one, units of the product.

    Gross weight (kg) and volume (m3) are of one such package with all that it holds.
    """

    @property
    def package_type(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def gross_weight_kg(self) -> Decimal | None: ...
    @property
    def volume_m3(self) -> Decimal | None: ...


def units_in(quantities: Sequence[int]) -> list[int]:
    """How many units of the product a package of each level holds.

    >>> units_in([12, 4, 20])
    [12, 48, 960]
    """
    held, found = 1, []
    for quantity in quantities:
        held *= quantity
        found.append(held)
    return found


def findings(levels: Sequence[Level], net_weight_kg: Decimal | None = None) -> list[Finding]:
    """Contradictions between the levels; `net_weight_kg` is of one unit, without any package.

    A package neither weighs less nor takes less room than all that it holds.
    """
    found = []
    for i, held in enumerate(units_in([level.quantity for level in levels])):
        if held > MAX_UNITS:
            detail = f"A package may hold {MAX_UNITS} units at most"
            found.append(Finding(f"pack_levels/{i}/quantity", "too_many_units", detail))
            break
    if levels and net_weight_kg is not None:
        found += _lighter(0, levels[0], net_weight_kg)
    for i, (inner, outer) in enumerate(pairwise(levels), start=1):
        if inner.gross_weight_kg is not None:
            found += _lighter(i, outer, inner.gross_weight_kg)
        if inner.volume_m3 is not None and outer.volume_m3 is not None:
            least = inner.volume_m3 * outer.quantity
            if outer.volume_m3 < least:
                detail = f"What it holds takes {plain(least)} m3"
                found.append(Finding(f"pack_levels/{i}/volume_m3", "smaller_than_content", detail))
    return found


def _lighter(position: int, level: Level, weight_kg: Decimal) -> list[Finding]:
    """That a package weighs less than `level.quantity` times what one of its content weighs."""
    least = weight_kg * level.quantity
    if level.gross_weight_kg is None or level.gross_weight_kg >= least:
        return []
    at = f"pack_levels/{position}/gross_weight_kg"
    return [Finding(at, "lighter_than_content", f"What it holds weighs {plain(least)} kg")]
