"""Durations become instants: calendar and working days, forward and backward, without I/O."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.rules.clock import BISHKEK, local_date
from api.rules.digests import MORNING, next_morning
from api.rules.periods import DayUnit, Duration, Rounding, Timetable, WorkCalendar, YearMissing
from api.rules.tracking.due import ends_at

MILLISECOND = timedelta(milliseconds=1)
WEEKEND = frozenset({6, 7})
YEAR_2027 = WorkCalendar(
    "KG",
    {2027: WEEKEND},
    {
        date(2027, 3, 8): False,  # a Monday
        date(2027, 3, 13): True,  # a Saturday that a decree makes a working day
    },
)
TABLE = Timetable(YEAR_2027)
DURATIONS = st.builds(
    Duration,
    days=st.integers(0, 60),
    unit=st.sampled_from(DayUnit),
    rounding=st.sampled_from(Rounding),
)
INSTANTS = st.one_of(
    st.timedeltas(timedelta(0), timedelta(days=6_700)).map(
        lambda since: datetime(2021, 1, 1, tzinfo=UTC) + since
    ),
    st.dates(date(2021, 1, 1), date(2039, 6, 1)).map(
        lambda day: datetime.combine(day, time.min, BISHKEK).astimezone(UTC)
    ),
)
CALENDARS = st.builds(
    WorkCalendar,
    code=st.just("test"),
    weekends=st.sampled_from([{6, 7}, {7}, {5, 6}]).map(
        lambda days: dict.fromkeys(range(2020, 2041), frozenset(days))
    ),
    exceptions=st.dictionaries(
        st.dates(date(2021, 1, 1), date(2039, 12, 31)), st.booleans(), max_size=20
    ),
)


def days(number: int, unit: str = "calendar", rounding: str = "none") -> Duration:
    return Duration(number, DayUnit(unit), Rounding(rounding))


def local(text: str) -> datetime:
    """An instant written in Bishkek's time."""
    return datetime.fromisoformat(text).replace(tzinfo=BISHKEK)


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        # Calendar days: the same hour, or the end of the last day.
        ("2027-03-01 10:00", days(5), "2027-03-06 10:00"),
        ("2027-03-01 10:00", days(5, rounding="day_end"), "2027-03-07 00:00"),
        ("2027-03-01 23:59:59.999", days(5, rounding="day_end"), "2027-03-07 00:00"),
        # At midnight a day has ended: five whole days follow, not six.
        ("2027-03-02 00:00", days(5, rounding="day_end"), "2027-03-07 00:00"),
        ("2027-03-02 00:00:00.001", days(5, rounding="day_end"), "2027-03-08 00:00"),
        # Working days: Friday + 1 is Monday; but Monday 8 March is a holiday.
        ("2027-02-26 10:00", days(1, "working"), "2027-03-01 10:00"),
        ("2027-03-05 10:00", days(1, "working"), "2027-03-09 10:00"),
        ("2027-03-05 10:00", days(1, "working", "day_end"), "2027-03-10 00:00"),
        # The working Saturday counts; the Saturday after it does not.
        ("2027-03-12 10:00", days(1, "working"), "2027-03-13 10:00"),
        ("2027-03-19 10:00", days(1, "working"), "2027-03-22 10:00"),
        # A start on a day off is the beginning of the next working day.
        ("2027-02-27 10:00", days(1, "working"), "2027-03-02 00:00"),
        ("2027-02-27 10:00", days(1, "working", "day_end"), "2027-03-02 00:00"),
        # Whole days from midnight on: Friday ends on Friday, and does not jump to Monday.
        ("2027-02-26 00:00", days(1, "working"), "2027-02-27 00:00"),
        ("2027-02-26 00:00", days(1, "working", "day_end"), "2027-02-27 00:00"),
        # Nothing is nothing, except that rounding reaches the end of the day.
        ("2027-03-01 10:00", days(0), "2027-03-01 10:00"),
        ("2027-03-01 10:00", days(0, "working", "day_end"), "2027-03-02 00:00"),
        ("2027-03-01 00:00", days(0, rounding="day_end"), "2027-03-01 00:00"),
    ],
)
def test_a_period_ends_where_the_law_counts(start: str, duration: Duration, end: str) -> None:
    assert TABLE.after(local(start), duration) == local(end)


@pytest.mark.parametrize(
    ("end", "duration", "closes"),
    [
        ("2027-03-10 12:00", days(5), "2027-03-05 12:00"),
        # Backward, rounding goes down: it must never shorten the five days.
        ("2027-03-10 12:00", days(5, rounding="day_end"), "2027-03-05 00:00"),
        ("2027-03-08 00:00", days(5, rounding="day_end"), "2027-03-03 00:00"),
        # Monday 8 March is a holiday: two working days before Wednesday noon is Friday noon.
        ("2027-03-10 12:00", days(2, "working"), "2027-03-05 12:00"),
        ("2027-03-10 12:00", days(2, "working", "day_end"), "2027-03-05 00:00"),
        # The working Saturday counts backward too.
        ("2027-03-15 12:00", days(1, "working"), "2027-03-13 12:00"),
        ("2027-03-22 12:00", days(1, "working"), "2027-03-19 12:00"),
        # A deadline on a Sunday: the working day before is all of Friday.
        ("2027-03-21 12:00", days(1, "working"), "2027-03-19 00:00"),
        ("2027-03-20 00:00", days(1, "working"), "2027-03-19 00:00"),
    ],
)
def test_a_window_closes_so_long_before_the_deadline(
    end: str, duration: Duration, closes: str
) -> None:
    assert TABLE.before(local(end), duration) == local(closes)


def test_a_year_that_the_calendar_lacks_is_named_and_never_guessed() -> None:
    with pytest.raises(YearMissing, match="KG has no year 2028") as missing:
        TABLE.after(local("2027-12-31 10:00"), days(1, "working"))
    assert (missing.value.calendar, missing.value.year) == ("KG", 2028)
    with pytest.raises(YearMissing, match="2026"):
        TABLE.before(local("2027-01-01 10:00"), days(3, "working"))
    with pytest.raises(YearMissing, match="2028"):
        TABLE.after(local("2028-05-05 10:00"), days(1, "working"))


def test_the_last_working_day_of_a_known_year_needs_no_other_year() -> None:
    end = TABLE.after(local("2027-12-30 10:00"), days(1, "working", "day_end"))

    assert end == local("2028-01-01 00:00")


def test_calendar_days_need_no_work_calendar() -> None:
    nothing = Timetable(WorkCalendar("KG", {}, {}))

    assert nothing.after(local("2030-01-01 10:00"), days(30)) == local("2030-01-31 10:00")


@given(CALENDARS, INSTANTS, DURATIONS)
def test_a_period_is_never_shorter_than_its_days(
    calendar: WorkCalendar, start: datetime, duration: Duration
) -> None:
    end = Timetable(calendar).after(start, duration)

    assert end.tzinfo is UTC
    assert end >= start + timedelta(days=duration.days)
    if duration.rounding is Rounding.DAY_END:
        assert end.astimezone(BISHKEK).time() == time.min
    if duration.unit is DayUnit.CALENDAR:
        assert end <= start + timedelta(days=duration.days + 1)


@given(CALENDARS, INSTANTS, DURATIONS)
def test_a_window_before_a_deadline_leaves_all_of_its_days(
    calendar: WorkCalendar, end: datetime, duration: Duration
) -> None:
    closes = Timetable(calendar).before(end, duration)

    assert closes <= end - timedelta(days=duration.days)
    if duration.rounding is Rounding.DAY_END:
        assert closes.astimezone(BISHKEK).time() == time.min


@given(CALENDARS, INSTANTS, st.integers(1, 40))
def test_a_period_to_the_end_of_a_day_holds_exactly_its_working_days(
    calendar: WorkCalendar, start: datetime, number: int
) -> None:
    """Counted day by day, without the engine: the working days that begin inside the period."""
    end = Timetable(calendar).after(start, days(number, "working", "day_end"))

    local_start = start.astimezone(BISHKEK)
    first = local_start.date() + timedelta(days=local_start.time() > time.min)
    last = local_date(end - MILLISECOND)
    whole = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert sum(map(calendar.is_working, whole)) == number
    assert calendar.is_working(last)


@given(CALENDARS, INSTANTS, DURATIONS)
def test_what_is_counted_back_and_forth_never_passes_the_deadline(
    calendar: WorkCalendar, end: datetime, duration: Duration
) -> None:
    assume(duration.rounding is Rounding.NONE)
    table = Timetable(calendar)

    assert table.after(table.before(end, duration), duration) <= end


@given(CALENDARS, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=30)), DURATIONS)
def test_a_later_start_never_ends_earlier(
    calendar: WorkCalendar, start: datetime, later: timedelta, duration: Duration
) -> None:
    table = Timetable(calendar)

    assert table.after(start + later, duration) >= table.after(start, duration)
    assert table.before(start + later, duration) >= table.before(start, duration)


@given(INSTANTS, DURATIONS, st.integers(2, 86_400))
def test_a_sandbox_divides_every_day_and_needs_no_calendar(
    start: datetime, duration: Duration, accelerator: int
) -> None:
    table = Timetable(WorkCalendar("KG", {}, {}), accelerator)
    shortened = timedelta(days=duration.days) / accelerator

    assert table.after(start, duration) == start + shortened
    assert table.before(start, duration) == start - shortened


@given(INSTANTS, DURATIONS, st.sampled_from(["Asia/Almaty", "Asia/Tashkent", "Asia/Dushanbe"]))
def test_another_region_counts_as_bishkek_does_at_the_same_local_time(
    start: datetime, duration: Duration, name: str
) -> None:
    """Where the zone has a fixed distance: the same hours on the clock, so the same days."""
    zone = ZoneInfo(name)
    assume(start.month != 2 or start.day != 29)
    start = start.replace(year=2027)
    local = start.astimezone(BISHKEK).replace(tzinfo=zone)
    known = replace(YEAR_2027, weekends=dict.fromkeys(range(2026, 2030), WEEKEND))
    theirs = Timetable(replace(known, code="KZ", zone=zone))

    for ours, other in (
        (Timetable(known).after(start, duration), theirs.after(local, duration)),
        (Timetable(known).before(start, duration), theirs.before(local, duration)),
    ):
        assert other.astimezone(zone).replace(tzinfo=BISHKEK) == ours


ZONES = (
    "Asia/Bishkek",  # until 2005, in 1992 at midnight: 0:00 did not come
    "Asia/Almaty",  # on 1 March 2024 from +06 to +05
    "Europe/Berlin",
    "Africa/Cairo",  # at midnight
    "America/Havana",  # 0:00 comes twice
    "Australia/Lord_Howe",  # by half an hour
)
CHANGES = st.integers(0, 4 * 366 * 24 * 6).map(lambda n: timedelta(minutes=10 * n))


def kept_in(zone: str) -> Timetable:
    years = dict.fromkeys(range(1990, 2032), WEEKEND)
    return Timetable(WorkCalendar("test", years, {}, zone=ZoneInfo(zone)))


def begins(table: Timetable, instant: datetime) -> bool:
    """Whether an instant is the first of a day."""
    zone = table.calendar.zone
    return local_date(instant - MILLISECOND, zone) != local_date(instant, zone)


@given(
    st.sampled_from(ZONES),
    st.sampled_from([datetime(1992, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)]),
    CHANGES,
    DURATIONS,
)
def test_job_05_where_clocks_change_a_period_has_its_days_and_the_hour_of_its_start(
    zone: str, base: datetime, since: timedelta, duration: Duration
) -> None:
    table, start = kept_in(zone), base + since
    there, whole = table.calendar.zone, begins(kept_in(zone), start)
    end, back = table.after(start, duration), table.before(start, duration)

    assert back <= start <= end
    if duration.rounding is Rounding.DAY_END:
        assert begins(table, end), end
        assert begins(table, back), back
    if not duration.days and duration.rounding is Rounding.NONE:
        assert back == start == end
    if duration.unit is DayUnit.CALENDAR and duration.rounding is Rounding.NONE:
        days_on = timedelta(days=duration.days)
        assert local_date(end, there) == local_date(start, there) + days_on
        shown, wanted = (each.astimezone(there).time() for each in (end, start))
        if whole:
            assert begins(table, end)
        elif shown != wanted:  # that hour does not come on that day: as much later
            earlier = end - timedelta(hours=1)
            assert end.astimezone(there).utcoffset() != earlier.astimezone(there).utcoffset()
    if whole and duration.days:
        one = replace(duration, days=1)
        first, rest = table.after(start, one), replace(duration, days=duration.days - 1)
        assert begins(table, first)
        assert not rest.days or table.after(first, rest) == end, "a day is gained or lost"


@pytest.mark.parametrize(
    ("zone", "start", "duration", "end", "hours"),
    [
        # Kazakhstan, 29 February 2024: the clocks went from 24:00 back to 23:00.
        ("Asia/Almaty", "2024-02-28T12:00+06:00", days(2), "2024-03-01T12:00+05:00", 49),
        ("Asia/Almaty", "2024-02-29T10:00+06:00", days(0, rounding="day_end"),
         "2024-03-01T00:00+05:00", 15),
        ("Asia/Almaty", "2024-02-29T23:30+05:00", days(0), "2024-02-29T23:30+05:00", 0),
        # An hour that comes twice is counted twice, one that does not come is made up for.
        ("Europe/Berlin", "2024-10-26T02:30+02:00", days(1), "2024-10-27T02:30+01:00", 25),
        ("Europe/Berlin", "2024-03-30T02:30+01:00", days(1), "2024-03-31T03:30+02:00", 24),
        ("Europe/Berlin", "2024-03-28T12:00+01:00", days(2, "working"),
         "2024-04-01T12:00+02:00", 95),
        # From an hour that came twice, its second time, to one that does not come.
        ("Europe/Berlin", "2024-10-27T02:30+01:00", days(154), "2025-03-30T03:30+02:00", 3696),
        # Bishkek, 12 April 1992: the day began at 1:00, and ended the one before.
        ("Asia/Bishkek", "1992-04-12T01:00+06:00", days(1), "1992-04-13T00:00+06:00", 23),
    ],
)  # fmt: skip
def test_job_05_a_day_of_the_law_is_a_day_of_23_or_25_hours(
    zone: str, start: str, duration: Duration, end: str, hours: int
) -> None:
    begun = datetime.fromisoformat(start)
    found = kept_in(zone).after(begun, duration)
    assert found == datetime.fromisoformat(end)
    assert found - begun == timedelta(hours=hours)


@given(CHANGES, st.sampled_from([1992, 1996, 2000, 2004]))
def test_job_05_what_is_done_at_an_hour_of_bishkek_is_done_then_when_its_clocks_change(
    since: timedelta, year: int
) -> None:
    """Digests at eight in the morning; what is due on a day is late from the next day's first
    instant on."""
    now = datetime(year, 1, 1, tzinfo=UTC) + since
    morning = next_morning(now)
    assert timedelta(0) < morning - now <= timedelta(hours=25)
    assert morning.astimezone(UTC).astimezone(BISHKEK).time() == MORNING
    day = local_date(now)
    over = ends_at(day).astimezone(UTC)
    assert now < over
    assert local_date(over) == day + timedelta(days=1)
    assert local_date(over - MILLISECOND) == day
