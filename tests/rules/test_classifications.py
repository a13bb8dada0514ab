import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.classifications import Scheme, cpv_check_digit, key, level, parents, well_formed


@pytest.mark.parametrize(
    ("number", "digit"), [("03000000", 1), ("30197643", 5), ("39162100", 6), ("15511210", 8)]
)
def test_the_check_digit_of_known_cpv_codes(number: str, digit: int) -> None:
    assert cpv_check_digit(number) == digit


@pytest.mark.parametrize(
    ("scheme", "code", "expected"),
    [
        (Scheme.CPV, "03000000-1", 2),
        (Scheme.CPV, "30000000-9", 2),
        (Scheme.CPV, "30197600-2", 6),
        (Scheme.CPV, "30197643-5", 8),
        (Scheme.HS, "0101", 4),
        (Scheme.TNVED, "0101210000", 10),
        (Scheme.UNSPSC, "10000000", 2),
        (Scheme.UNSPSC, "14111507", 8),
        (Scheme.UNSPSC, "14111500", 6),
    ],
)
def test_the_level_counts_significant_digits(scheme: Scheme, code: str, expected: int) -> None:
    assert level(scheme, code) == expected


def test_possible_parents_come_nearest_first() -> None:
    assert parents(Scheme.CPV, "30197600-2") == ["30197000", "30190000", "30100000", "30000000"]
    assert parents(Scheme.HS, "010121") == ["01012", "0101", "010", "01"]
    assert parents(Scheme.UNSPSC, "14111507") == ["14111500", "14110000", "14000000"]
    assert parents(Scheme.CPV, "30000000-9") == []


@pytest.mark.parametrize(
    ("scheme", "code"),
    [
        (Scheme.CPV, "30197643"),
        (Scheme.CPV, "30197643-55"),
        (Scheme.CPV, "３0197643-5"),
        (Scheme.HS, "01012"),
        (Scheme.TNVED, "101210000 "),
        (Scheme.UNSPSC, "1411150"),
    ],
)
def test_malformed_codes_are_not_codes(scheme: Scheme, code: str) -> None:
    assert not well_formed(scheme, code)


@given(st.integers(0, 99_999_999))
def test_every_parent_is_a_shorter_code_of_the_same_branch(number: int) -> None:
    code = f"{number:08d}-0"
    above = parents(Scheme.CPV, code)

    lengths = [len(parent.rstrip("0")) for parent in above]
    assert lengths == sorted(lengths, reverse=True)
    for parent in above:
        assert parent != key(Scheme.CPV, code)
        assert parent.startswith(code[:2])
