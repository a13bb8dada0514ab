"""Numbers of registers that are described as data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.identifiers import Register

BIN = Register(
    "KZ-BIN", 12, [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]]
)
DIGITS = st.text("0123456789", min_size=11, max_size=11)


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("941240000193", True),  # Kazakhtelecom
        ("970740000838", True),  # KEGOC
        ("050740000406", True),  # the first sum is 10, so the second counts
        ("941240000194", False),
        ("94124000019", False),
        ("94124000019３", False),  # a digit that is not ASCII
        ("94124000019x", False),
    ],
)
def test_a_number_has_its_length_and_its_check_digit(number: str, good: bool) -> None:
    assert BIN.accepts(number) is good


@given(DIGITS)
def test_at_most_one_check_digit_fits_and_none_where_both_sums_are_ten(digits: str) -> None:
    fitting = [last for last in "0123456789" if BIN.accepts(digits + last)]
    sums = [
        sum(n * by for n, by in zip(map(int, digits), weights, strict=True)) % 11
        for weights in BIN.weights
    ]
    assert fitting == [str(found) for found in sums if found < 10][:1]


@given(DIGITS)
def test_without_weights_every_number_of_the_length_is_taken(digits: str) -> None:
    assert Register("UZ-INN", 11).accepts(digits)
    assert not Register("UZ-INN", 9).accepts(digits)
