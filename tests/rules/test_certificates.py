"""Renewals of certificates."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.rules.certificates import RenewalFault, Span, not_about, renewal_fault

DAY = st.dates(date(2026, 1, 1), date(2026, 3, 31))
SPANS = st.builds(Span, st.none() | DAY, st.none() | DAY)


@given(SPANS, SPANS, DAY)
def test_a_renewal_ends_later_and_leaves_no_coming_day_uncovered(
    former: Span, new: Span, today: date
) -> None:
    if renewal_fault(former, new, today) is not None:
        return

    assert former.ends is not None
    assert new.ends is None or new.ends > former.ends
    day = max(today, former.ends + timedelta(days=1))
    assert new.begins is None or new.begins <= day


def test_what_is_no_renewal_is_told_why() -> None:
    former, today = Span(date(2025, 1, 1), date(2026, 1, 31)), date(2026, 1, 10)
    next_day = date(2026, 2, 1)

    def fault(begins: date | None, ends: date | None) -> RenewalFault | None:
        return renewal_fault(former, Span(begins, ends), today)

    assert fault(next_day, date(2027, 1, 31)) is None
    assert fault(None, None) is None
    assert fault(next_day, date(2026, 1, 31)) is RenewalFault.NOT_LATER
    assert fault(date(2024, 12, 31), date(2027, 1, 31)) is RenewalFault.NOT_LATER
    assert fault(date(2026, 2, 2), date(2027, 1, 31)) is RenewalFault.NOT_BEGUN
    assert renewal_fault(Span(None, None), former, today) is RenewalFault.NEVER_ENDS


def test_goods_that_a_scheme_is_never_about_are_found_by_the_longest_part_of_their_code() -> None:
    excluded = {"CE": ("04", "3304")}

    assert not_about(excluded, "CE", ["040900", "330499", "850440", "330300"]) == [
        "040900",
        "330499",
    ]
    assert not_about(excluded, "ISO9001", ["040900"]) == []
