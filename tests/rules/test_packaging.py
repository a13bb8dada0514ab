"""Packages that hold one another."""

import itertools
import math
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from api.rules.packaging import findings, units_in

QUANTITIES = st.lists(st.integers(1, 50), min_size=1, max_size=6)


@dataclass
class Package:
    quantity: int
    gross_weight_kg: Decimal | None = None
    volume_m3: Decimal | None = None
    package_type: str = "CT"


def told(*levels: Package, net: str | None = None) -> list[tuple[str, str]]:
    found = findings(levels, Decimal(net) if net else None)
    return [(each.path, each.code) for each in found]


def test_quantities_multiply_outwards() -> None:
    assert units_in([12, 4, 20]) == [12, 48, 960]
    assert units_in([]) == []


@given(QUANTITIES)
def test_a_package_holds_whole_packages_of_every_level_below(quantities: list[int]) -> None:
    units = units_in(quantities)

    assert all(outer % inner == 0 for inner, outer in itertools.pairwise(units))
    assert units[-1] == math.prod(quantities)


def test_a_package_weighs_at_least_what_it_holds() -> None:
    inner, outer = Package(10, Decimal("7.5")), Package(4, Decimal("29.9"))

    assert told(inner, outer) == [("pack_levels/1/gross_weight_kg", "lighter_than_content")]
    assert told(inner, Package(4, Decimal(30))) == []
    assert told(inner, net="0.75") == []
    assert told(inner, net="0.751") == [("pack_levels/0/gross_weight_kg", "lighter_than_content")]


def test_a_package_takes_at_least_the_room_of_what_it_holds() -> None:
    inner = Package(10, volume_m3=Decimal("0.05"))

    small = Package(4, volume_m3=Decimal("0.19"))
    assert told(inner, small) == [("pack_levels/1/volume_m3", "smaller_than_content")]
    assert told(inner, Package(4, volume_m3=Decimal("0.2"))) == []


def test_what_is_not_told_contradicts_nothing() -> None:
    assert told(Package(10), Package(4, Decimal(1)), Package(2), net="5") == []


def test_levels_do_not_multiply_beyond_every_measure() -> None:
    assert told(Package(10**5), Package(10**4)) == []
    assert told(Package(10**5), Package(10**5), Package(2)) == [
        ("pack_levels/1/quantity", "too_many_units")
    ]
