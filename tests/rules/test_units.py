from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from api.rules.units import Measure, converted

KILOGRAM = Measure("KGM", "mass", Decimal(1))
TONNE = Measure("TNE", "mass", Decimal(1000))
METRE = Measure("MTR", "length", Decimal(1))
BOX = Measure("XBX", "packaging", None)


def test_units_of_one_dimension_are_converted() -> None:
    assert converted(Decimal("2.5"), TONNE, KILOGRAM) == Decimal("2500.000000")


def test_what_cannot_be_compared_has_no_answer() -> None:
    assert converted(Decimal(1), KILOGRAM, METRE) is None
    assert converted(Decimal(1), BOX, Measure("XPK", "packaging", None)) is None


@given(st.decimals(Decimal("0.001"), Decimal("1e9"), places=3))
def test_there_and_back_is_the_same_quantity(quantity: Decimal) -> None:
    there = converted(quantity, TONNE, KILOGRAM)

    assert there is not None
    assert converted(there, KILOGRAM, TONNE) == quantity
    assert converted(quantity, BOX, BOX) == quantity
