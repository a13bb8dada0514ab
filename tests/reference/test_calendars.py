"""Work calendars as shipped, loaded and read."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from api.cli.reference import app
from api.reference import calendars, loaders
from api.reference.calendars import CalendarYearMissing
from api.reference.models import WorkCalendarDay, WorkCalendarYear

YEARS = "calendar,year,weekend,source,reviewed\n"
DAYS = "calendar,day,working,ru,source,reviewed\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["load", *arguments])


@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_the_fixed_holidays_of_the_labour_code_are_days_off(session: Session, year: int) -> None:
    calendar = calendars.work_calendar(session, "KG")

    for month, day in ((1, 1), (1, 7), (3, 8), (3, 21), (5, 1), (5, 5), (5, 9), (8, 31)):
        assert not calendar.is_working(date(year, month, day)), (month, day)
    for month, day in ((2, 23), (4, 7), (11, 7), (11, 8)):  # holidays on which people work
        weekday = date(year, month, day).isoweekday()
        assert calendar.is_working(date(year, month, day)) == (weekday < 6)


def test_movable_holidays_and_a_working_saturday_are_rows(session: Session) -> None:
    calendar = calendars.work_calendar(session, "KG")

    assert not calendar.is_working(date(2026, 3, 20))
    assert not calendar.is_working(date(2026, 5, 27))
    assert calendar.is_working(date(2025, 1, 11))
    assert not calendar.is_working(date(2025, 1, 18))


def test_nothing_of_the_shipped_calendar_is_called_reviewed(session: Session) -> None:
    shipped = session.exec(select(WorkCalendarDay)).all()

    assert shipped
    assert not any(day.reviewed for day in shipped)
    assert all(day.source for day in shipped)


def test_a_year_that_nobody_entered_is_a_problem_with_a_name(session: Session) -> None:
    with pytest.raises(CalendarYearMissing, match="KG has no year 1999"):
        calendars.work_calendar(session, "KG").is_working(date(1999, 1, 4))
    with pytest.raises(CalendarYearMissing, match="XX has no year 2027"):
        calendars.work_calendar(session, "XX").is_working(date(2027, 1, 4))


def test_a_decree_is_a_row_that_a_reload_of_the_package_does_not_undo(
    session: Session, tmp_path: Path
) -> None:
    years, days = tmp_path / "years.csv", tmp_path / "days.csv"
    years.write_text(f"{YEARS}KG,2098,6 7,Decree,yes\n")
    days.write_text(
        f"{DAYS}KG,2098-03-15,yes,Рабочая суббота,Decree 12,yes\n"
        "KG,2098-03-17,no,Перенос,Decree 12,yes\n"
    )

    results = [run("work-years", str(years)), run("work-days", str(days)), run("bundled")]

    assert [result.exit_code for result in results] == [0, 0, 0], results[1].output
    calendar = calendars.work_calendar(session, "KG")
    assert date(2098, 3, 15).isoweekday() == 6
    assert calendar.is_working(date(2098, 3, 15))
    assert not calendar.is_working(date(2098, 3, 17))
    assert calendar.count(date(2098, 3, 14), 2) == date(2098, 3, 18)


def test_a_reload_of_the_package_keeps_what_the_operator_corrected(
    session: Session,
) -> None:
    holiday = session.exec(
        select(WorkCalendarDay).where(WorkCalendarDay.day == date(2027, 3, 9))
    ).one()
    holiday.working, holiday.source = True, "Decision of the muftiate"
    session.flush()

    loaders.load_bundled(session)
    session.refresh(holiday)

    assert (holiday.working, holiday.source) == (True, "Decision of the muftiate")
    session.rollback()


@pytest.mark.parametrize(
    ("what", "row", "said"),
    [
        ("work-years", "KG,99,6 7,x,no", "'99' is not a year"),
        ("work-years", "KG,2098,7 8,x,no", "is not ISO weekdays"),
        ("work-years", "KG,2098,1 2 3 4 5 6 7,x,no", "is not ISO weekdays"),
        ("work-years", "KG,2098,6 7,x,maybe", "'maybe' is neither yes nor no"),
        ("work-days", "KG,2098-03-15,yes,Суббота,x,no", "KG lacks 2098"),
        ("work-days", "KG,15.03.2027,yes,Суббота,x,no", "is not a day like"),
    ],
)
def test_a_bad_row_is_explained_and_changes_nothing(
    session: Session, tmp_path: Path, what: str, row: str, said: str
) -> None:
    before = len(session.exec(select(WorkCalendarYear)).all())
    file = tmp_path / "rows.csv"
    file.write_text((YEARS if what == "work-years" else DAYS) + row + "\n")

    result = run(what, str(file))

    assert result.exit_code == 1
    assert said in result.output
    session.rollback()
    assert len(session.exec(select(WorkCalendarYear)).all()) == before


def test_everybody_reads_a_year_with_its_days(client: Any) -> None:
    years = client.get("/public/work-calendars").json()["items"]
    answer = client.get("/public/work-calendars/KG/2026").json()
    unknown = client.get("/public/work-calendars/KG/2099")

    assert {(row["calendar"], row["year"]) for row in years} >= {("KG", 2025), ("KG", 2027)}
    assert (answer["weekend"], answer["reviewed"]) == ([6, 7], False)
    days = {row["day"]: row for row in answer["days"]}
    assert days["2026-03-21"]["names"]["en"] == "Nooruz"
    assert [*days] == sorted(days)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
