from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from api.core import db
from api.reference import service
from api.reference.fx import Rate
from api.reference.models import FxRate
from api.rules.clock import local_date

DAY = date(2026, 11, 20)


def enter(session: Session, day: date, base: str, quote: str, rate: str, source: str = "A") -> None:
    session.add(FxRate(day=day, base=base, quote=quote, rate=Decimal(rate), source=source))
    session.flush()


def test_the_latest_rate_on_or_before_the_day_counts(session: Session) -> None:
    enter(session, date(2026, 11, 18), "CNY", "KGS", "12.10")
    enter(session, DAY, "CNY", "KGS", "12.30")
    enter(session, date(2026, 11, 23), "CNY", "KGS", "12.50")

    assert service.rate(session, "CNY", "KGS", date(2026, 11, 22)) == Rate(
        Decimal("12.30"), DAY, "A"
    )
    assert service.rate(session, "CNY", "KGS", date(2026, 11, 19)).value == Decimal("12.10")


def test_a_rate_is_turned_round_and_taken_through_the_som(session: Session) -> None:
    enter(session, DAY, "CNY", "KGS", "12.50", "Bank")
    enter(session, date(2026, 11, 18), "USD", "KGS", "87.50", "Other")

    assert service.rate(session, "KGS", "CNY", DAY).value == Decimal("0.08")
    crossed = service.rate(session, "USD", "CNY", DAY)
    assert crossed == Rate(Decimal(7), date(2026, 11, 18), "Other; Bank")
    assert service.convert(session, Decimal(100), "USD", "CNY", DAY) == Decimal("700.000000")


def test_a_direct_rate_is_preferred_and_the_last_source_counts(session: Session) -> None:
    enter(session, DAY, "USD", "KGS", "87", "First")
    enter(session, DAY, "USD", "KGS", "88", "Second")
    enter(session, DAY, "KGS", "USD", "0.01", "Inverse")

    assert service.rate(session, "USD", "KGS", DAY) == Rate(Decimal(88), DAY, "Second")


def test_without_a_rate_there_is_an_error_and_no_guess(session: Session) -> None:
    enter(session, DAY, "USD", "KGS", "87")

    with pytest.raises(service.RateUnknown, match="CNY to KGS is known on or before 2026-11-20"):
        service.rate(session, "CNY", "KGS", DAY)
    with pytest.raises(service.RateUnknown):
        service.rate(session, "USD", "CNY", DAY)
    with pytest.raises(service.RateUnknown):
        service.rate(session, "USD", "KGS", date(2026, 11, 19))


def test_a_currency_is_worth_itself(session: Session) -> None:
    assert service.convert(session, Decimal("5.5"), "KGS", "KGS", DAY) == Decimal("5.5")


@given(
    st.decimals(Decimal("0.0001"), Decimal(100000), places=4),
    st.decimals(Decimal("0.01"), Decimal("1e9"), places=2),
)
def test_there_and_back_loses_less_than_the_last_place(rate: Decimal, amount: Decimal) -> None:
    there = Rate(rate, DAY, "A").convert(amount)
    back = Rate(1 / rate, DAY, "A").convert(there)

    assert abs(back - amount) <= Decimal("0.000001") * (1 + 1 / rate)


def test_demo_rates_are_marked_as_an_assumption(session: Session) -> None:
    first = service.load_demo_rates(session)
    again = service.load_demo_rates(session)

    today = local_date(db.now(session))
    found = service.rate(session, "CNY", "KGS", today)
    assert (found.value, found.day, found.source) == (Decimal("12.30"), today, "demo assumption")
    assert (first.created, again.created, again.unchanged) == (35, 0, 35)
    assert set(session.exec(select(FxRate.source)).all()) == {"demo assumption"}
