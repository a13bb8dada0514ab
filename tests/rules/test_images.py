"""Images: what is taken, and which pictures are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.images import (
    MAX_PIXELS,
    Refusal,
    difference_hash,
    size_refusal,
)

GREYS = st.lists(st.integers(0, 255), min_size=72, max_size=72)


def test_a_row_that_grows_lighter_is_all_ones() -> None:
    lighter = [value for _ in range(8) for value in range(9)]

    assert difference_hash(lighter) == 2**64 - 1
    assert difference_hash(lighter[::-1]) == 0


def test_the_first_comparison_is_the_highest_bit() -> None:
    assert difference_hash([0, 1, *[1] * 70]) == 1 << 63


def test_a_hash_is_of_nine_by_eight_values() -> None:
    with pytest.raises(ValueError, match="72"):
        difference_hash([0] * 64)


@given(GREYS, st.integers(1, 100))
def test_more_light_on_everything_changes_no_bit(grey: list[int], more: int) -> None:
    assert difference_hash(grey) == difference_hash([v + more for v in grey])


@pytest.mark.parametrize(
    ("size", "refusal"),
    [
        ((64, 64), None),
        ((5000, 5000), None),
        ((5001, 5000), Refusal.TOO_MANY_PIXELS),
        ((MAX_PIXELS // 10 + 1, 10), Refusal.TOO_MANY_PIXELS),
        ((63, 4000), Refusal.TOO_SMALL),
    ],
)
def test_a_picture_is_neither_too_large_nor_too_small(
    size: tuple[int, int], refusal: Refusal | None
) -> None:
    assert size_refusal(*size) is refusal
