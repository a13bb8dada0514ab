import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.core import pages
from api.core.errors import InvalidCursor


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_a_cursor_reads_back_for_the_same_list(position: list[str]) -> None:
    cursor = pages.seal("offers:1", {"q": "насос"}, position)
    assert pages.unseal("offers:1", {"q": "насос", "hs": None}, cursor) == position


@pytest.mark.parametrize(
    ("scope", "filters"), [("offers:2", {"q": "x"}), ("offers:1", {"q": "y"}), ("offers:1", {})]
)
def test_a_cursor_of_another_caller_or_filter_is_refused(
    scope: str, filters: dict[str, str]
) -> None:
    cursor = pages.seal("offers:1", {"q": "x"}, ["1"])
    with pytest.raises(InvalidCursor):
        pages.unseal(scope, filters, cursor)


@given(st.text(max_size=80))
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        pages.unseal("offers:1", {}, text)
