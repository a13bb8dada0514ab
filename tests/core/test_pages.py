import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session, col, select

from api.core import pages
from api.core.errors import InvalidCursor
from api.core.pages import PageQuery
from api.core.sandbox import ClockShift
from tests import costs


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_api_04_a_cursor_reads_back_for_the_same_list(position: list[str]) -> None:
    cursor = pages.seal("offers:1", {"q": "насос"}, position)
    assert pages.unseal("offers:1", {"q": "насос", "hs": None}, cursor) == position


@pytest.mark.parametrize(
    ("scope", "filters"), [("offers:2", {"q": "x"}), ("offers:1", {"q": "y"}), ("offers:1", {})]
)
def test_api_04_a_cursor_of_another_caller_or_filter_is_refused(
    scope: str, filters: dict[str, str]
) -> None:
    cursor = pages.seal("offers:1", {"q": "x"}, ["1"])
    with pytest.raises(InvalidCursor):
        pages.unseal(scope, filters, cursor)


@given(st.text(max_size=80))
def test_api_04_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        pages.unseal("offers:1", {}, text)


def test_api_04_page_10000_reads_as_many_blocks_as_page_1(session: Session) -> None:
    """By the database's own count of the blocks it touched, not by the clock."""
    session.connection().execute(
        text(
            "INSERT INTO clock_shift (id, created_at, updated_at, seconds, actor)"
            " SELECT uuidv7(make_interval(secs => n)), now(), now(), 1, 't'"
            " FROM generate_series(1, 20002) n"
        )
    )
    session.connection().execute(text("ANALYZE clock_shift"))

    def blocks(cursor: str | None) -> tuple[int, str | None]:
        page = PageQuery(limit=2, cursor=cursor)
        with costs.asked("worker") as statements:
            rows, after = pages.newest_first(
                session, select(ClockShift), ClockShift, page, scope="t", filters={}
            )
        assert (len(rows), len(statements)) == (2, 1)
        return costs.blocks(session, statements), after

    first, _ = blocks(None)
    skipped = session.exec(
        select(ClockShift).order_by(col(ClockShift.id).desc()).offset(19_997).limit(1)
    ).one()
    deep, _ = blocks(pages.seal("t", {}, [skipped.id]))
    assert deep <= first * 1.2, (first, deep)
    assert first < 20
