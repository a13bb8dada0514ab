"""Which of the prices of an offer stands for whom."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.rules.price_points import contract_price, standing, unit_price

US, THEM = UUID(int=1), UUID(int=2)
DAY = date(2026, 11, 28)


@dataclass(frozen=True)
class Tier:
    min_quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True)
class Point:
    buyer_id: UUID | None = None
    valid_from: date = date(2026, 1, 1)
    valid_through: date | None = None
    incoterm: str = "DAP"
    place_code: str = "kg-bishkek"
    currency: str = "CNY"
    price_tiers: list[Tier] = field(default_factory=lambda: [Tier(Decimal(10), Decimal(5))])


POINTS = st.lists(
    st.builds(
        Point,
        buyer_id=st.sampled_from([None, US, THEM]),
        valid_from=st.dates(date(2026, 11, 1), date(2026, 12, 31)),
        valid_through=st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 31)),
        incoterm=st.sampled_from(["DAP", "FCA"]),
        price_tiers=st.just([]),
    )
)


def test_a_contract_price_stands_before_a_price_for_all() -> None:
    ours, everybodys = Point(US), Point(valid_from=DAY)

    assert standing([everybodys, ours], US, DAY) == [ours]
    assert standing([everybodys, ours], THEM, DAY) == [everybodys]
    assert standing([everybodys, ours], None, DAY) == [everybodys]


def test_of_two_that_hold_the_one_that_began_last_stands() -> None:
    old, new = Point(), Point(valid_from=DAY)

    assert standing([old, new], US, DAY) == [new]
    assert standing([old, new], US, date(2026, 11, 27)) == [old]
    assert standing([Point(valid_through=date(2026, 11, 27))], US, DAY) == []


def test_an_offer_is_compared_by_the_contract_price_in_its_own_terms() -> None:
    far = Point(US, valid_from=DAY, incoterm="DDP")
    near = Point(US, incoterm="FCA", place_code="cn-linyi")

    def found(*points: Point) -> Point | None:
        return contract_price(points, US, DAY, incoterm="FCA", place_code="cn-linyi")

    assert found(far, near) == near
    assert found(far) == far
    assert found(Point(THEM), Point()) is None


def test_below_the_first_tier_there_is_no_price() -> None:
    assert unit_price(Point(), Decimal(9)) is None
    assert unit_price(Point(), Decimal(10)) == 5


@given(POINTS)
def test_nobody_is_given_the_price_of_another(points: list[Point]) -> None:
    for buyer in (US, THEM, None):
        found = standing(points, buyer, DAY)

        assert all(point.buyer_id in (None, buyer) for point in found)
        assert all(point.valid_from <= DAY for point in found)
        terms = [(point.incoterm, point.place_code) for point in found]
        assert len(terms) == len(set(terms))
