"""Which customs codes are controlled."""

from hypothesis import given
from hypothesis import strategies as st

from api.rules.screening import controlled

CODES = st.text("0123456789", min_size=2, max_size=10)


@given(CODES, CODES)
def test_a_code_is_controlled_within_and_around_what_the_list_has(code: str, listed: str) -> None:
    within = code[: len(listed)] == listed or listed[: len(code)] == code
    assert controlled([code], [listed]) == (code if within else None)


@given(st.lists(CODES), CODES)
def test_goods_without_a_code_and_entries_without_one_are_nobodys(
    codes: list[str], listed: str
) -> None:
    assert controlled([], [listed]) is None
    assert controlled([""], [listed]) is None
    assert controlled(codes, [""]) is None
