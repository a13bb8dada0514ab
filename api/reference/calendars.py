"""Work calendars: which days of which years are working days. Never commits."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from api.core.errors import Conflict, NotFound
from api.identity import regions
from api.reference.models import WorkCalendarDay, WorkCalendarYear
from api.rules.periods import WorkCalendar


class CalendarYearMissing(Conflict):
    """A deadline falls into a year of which nobody has entered the working days."""

    code, title = "calendar_year_missing", "The work calendar lacks a year"


def work_calendar(session: Session, code: str) -> WorkCalendar:
    """The calendar of a country with every year that is loaded, and its zone; asked about another
    year, it raises CalendarYearMissing."""
    years = session.exec(select(WorkCalendarYear).where(WorkCalendarYear.calendar == code))
    days = session.exec(select(WorkCalendarDay).where(WorkCalendarDay.calendar == code))
    return WorkCalendar(
        code=code,
        weekends={row.year: frozenset(row.weekend) for row in years},
        exceptions={row.day: row.working for row in days},
        missing=_missing,
        zone=regions.zone(session, code),
    )


def list_years(session: Session) -> Sequence[WorkCalendarYear]:
    """Every year of every calendar."""
    order = (col(WorkCalendarYear.calendar), col(WorkCalendarYear.year))
    return session.exec(select(WorkCalendarYear).order_by(*order)).all()


def get_year(
    session: Session, code: str, year: int
) -> tuple[WorkCalendarYear, Sequence[WorkCalendarDay]]:
    """A year and the days in it that differ from their week; NotFound when it is not loaded."""
    found = session.exec(
        select(WorkCalendarYear).where(
            WorkCalendarYear.calendar == code, WorkCalendarYear.year == year
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"The work calendar {code} has no year {year}.")
    days = session.exec(
        select(WorkCalendarDay)
        .where(WorkCalendarDay.calendar == code, WorkCalendarDay.year == year)
        .order_by(col(WorkCalendarDay.day))
    ).all()
    return found, days


def _missing(code: str, year: int) -> CalendarYearMissing:
    return CalendarYearMissing(
        f"The work calendar {code} has no year {year}: the operator must enter it"
        " (kerben reference load work-years, work-days)."
    )
