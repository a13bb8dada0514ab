"""Packages that hold one another."""

import itertools
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from api.rules.packaging import findings, packages_for, units_in

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
    assert packages_for(quantities, Decimal(units[-1])) == [units[-1] // n for n in units]


@given(QUANTITIES, st.decimals(min_value=1, max_value=10**6, places=3))
def test_packages_hold_all_units_and_the_last_one_is_begun(
    quantities: list[int], units: Decimal
) -> None:
    for held, packages in zip(units_in(quantities), packages_for(quantities, units), strict=True):
        assert held * (packages - 1) < units <= held * packages


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
