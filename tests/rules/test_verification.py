"""Levels of verification: monotone in evidence, never higher after an end, never kept."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.rules import expiry
from api.rules.verification import (
    Attested,
    Vouched,
    accepted_through,
    evidenced,
    level_on,
    missing,
    standing,
)

KINDS = ("registry", "tax", "bank", "audit")
REQUIRED = {1: frozenset({"registry", "tax"}), 2: frozenset({"bank"}), 3: frozenset({"audit"})}
FIRST = date(2027, 1, 1)
days = st.integers(0, 60).map(lambda n: FIRST + timedelta(days=n))
requirements = st.dictionaries(
    st.sampled_from([1, 2, 3]), st.frozensets(st.sampled_from(KINDS), max_size=3)
)
words = st.none() | st.builds(Vouched, st.integers(0, 3), days)


@st.composite
def evidence(draw: st.DrawFn) -> Attested:
    begins, ends = sorted((draw(days), draw(days)))
    return Attested(draw(st.sampled_from(KINDS)), begins, ends, draw(st.none() | days))


held = st.lists(evidence(), max_size=6)


@given(requirements, held, words, evidence(), days)
def test_more_evidence_never_lowers_a_level(
    required: dict[int, frozenset[str]],
    held: list[Attested],
    word: Vouched | None,
    more: Attested,
    day: date,
) -> None:
    assert level_on(required, [*held, more], word, day) >= level_on(required, held, word, day)


@given(requirements, held, words, days, st.integers(0, 60))
def test_what_has_begun_only_lapses(
    required: dict[int, frozenset[str]],
    held: list[Attested],
    word: Vouched | None,
    day: date,
    later: int,
) -> None:
    begun = [each for each in held if each.valid_from <= day]
    now = level_on(required, begun, word, day)
    assert level_on(required, begun, word, day + timedelta(days=later)) <= now


@given(requirements, held, words, days)
def test_a_standing_says_to_the_day_how_long_its_level_lasts(
    required: dict[int, frozenset[str]], held: list[Attested], word: Vouched | None, day: date
) -> None:
    found = standing(required, held, word, day)
    assert found.level == level_on(required, held, word, day)
    last = found.through or FIRST + timedelta(days=90)
    asked = day
    while asked <= last:
        assert level_on(required, held, word, asked) >= found.level
        asked += timedelta(days=1)
    if found.through is not None:
        assert level_on(required, held, word, found.through + timedelta(days=1)) < found.level
    else:
        assert found.level == 0


@given(st.sets(st.sampled_from(KINDS)), st.sampled_from([1, 2, 3]))
def test_a_level_is_reached_exactly_when_nothing_of_it_is_missing(
    kinds: set[str], level: int
) -> None:
    assert (evidenced(REQUIRED, kinds) >= level) is (not missing(REQUIRED, kinds, level))


def test_nobody_is_verified_by_an_empty_list() -> None:
    assert evidenced({}, KINDS) == 0
    assert evidenced({2: frozenset({"bank"})}, KINDS) == 0


def test_evidence_renewed_before_its_end_leaves_no_gap() -> None:
    required = {1: frozenset({"tax"})}
    first = Attested("tax", FIRST, FIRST + timedelta(days=9))
    second = Attested("tax", FIRST + timedelta(days=5), FIRST + timedelta(days=20))
    late = Attested("tax", FIRST + timedelta(days=11), FIRST + timedelta(days=20))

    assert standing(required, [first, second], None, FIRST).through == second.valid_through
    assert standing(required, [first, late], None, FIRST).through == first.valid_through


@given(days, st.none() | days, st.integers(1, 36), days)
def test_accepted_evidence_counts_no_longer_than_the_paper_or_the_list_says(
    begins: date, stated: date | None, months: int, looked_at: date
) -> None:
    through = accepted_through(begins, stated, months, looked_at)
    assert stated is None or through <= stated
    longest = max(begins, looked_at) + timedelta(days=31 * months)
    assert through <= longest
    if stated is None:
        assert through >= max(begins, looked_at) + timedelta(days=28 * months - 1)


def test_months_end_with_their_month() -> None:
    assert accepted_through(date(2027, 1, 31), None, 1, date(2027, 1, 1)) == date(2027, 2, 28)
    assert accepted_through(date(2027, 1, 1), None, 11, date(2027, 1, 1)) == date(2027, 12, 1)
    assert accepted_through(date(2027, 12, 5), None, 12, date(2027, 1, 1)) == date(2028, 12, 5)


@given(st.integers(0, 200), st.lists(st.integers(1, 40), max_size=12))
def test_each_notice_is_given_once_and_the_last_one_at_the_end(left: int, steps: list[int]) -> None:
    today, last = FIRST, FIRST + timedelta(days=left)
    told = expiry.passed_at(last, today)
    given_: list[int] = []
    for step in [*steps, 300]:
        today += timedelta(days=step)
        notice = expiry.due(last, today, told)
        told = expiry.passed_at(last, today)
        if notice is not None:
            given_.append(notice)
        assert expiry.due(last, today, told) is None
    assert given_ == sorted(set(given_), reverse=True)
    assert given_[-1] == 0


@given(st.integers(-3, 200))
def test_the_next_day_is_that_of_a_notice(left: int) -> None:
    last = FIRST + timedelta(days=left)
    day = expiry.next_day(last, FIRST)
    if day is None:
        assert left < 0
    else:
        assert expiry.passed_at(last, day) != expiry.passed_at(last, FIRST)
        before = day - timedelta(days=1)
        assert expiry.passed_at(last, before) == expiry.passed_at(last, FIRST)
