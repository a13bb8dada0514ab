"""What goods came to against the estimate: the arithmetic of the differences."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from api.rules.landed_cost import compute
from api.rules.landed_cost.variance import Actual, Figure, Key, expected, variance
from tests.rules.landed_cost import worked

D = Decimal
EXW = worked.EXW
RESULT = compute(EXW)
FORESEEN = expected(EXW, RESULT)
AMOUNT = st.decimals(min_value=0, max_value=10**7, places=2)
RATE = st.decimals(min_value=D("0.01"), max_value=D(200), places=4)


def test_the_figures_of_an_estimate_that_come_in_as_foreseen_leave_it_as_it_is() -> None:
    came = [Actual(k, e.amount, e.currency, e.rate) for k, e in FORESEEN.items()]

    told = variance(EXW, RESULT, came)

    assert (told.difference, told.forecast, told.settled) == (0, D("9480269.19"), True)
    paid = [row.estimated for row in told.rows if row.key.figure is not Figure.CUSTOMS_VALUE]
    assert abs(sum(paid) - RESULT.total_gross) <= D("0.05")


def test_nothing_is_settled_while_nothing_came_and_ddp_foresees_no_duty_of_its_own() -> None:
    told = variance(EXW, RESULT, [])
    assert (told.difference, told.forecast, told.settled) == (0, RESULT.total_gross, False)
    ddp = worked.DDP
    foreseen = expected(ddp, compute(ddp))
    assert {key.figure for key in foreseen} == {Figure.GOODS, Figure.CHARGE}


@given(st.lists(st.tuples(st.sampled_from([*FORESEEN]), AMOUNT, RATE), max_size=12), AMOUNT)
def test_differences_sum_to_the_forecast_and_divide_into_amount_and_rate(
    drawn: list[tuple[Key, Decimal, Decimal]], storage: Decimal
) -> None:
    came = [Actual(key, amount, FORESEEN[key].currency, rate) for key, amount, rate in drawn]
    came.append(Actual(Key(Figure.CHARGE, "storage"), storage, "KGS", D(1)))

    told = variance(EXW, RESULT, came)

    known = [row for row in told.rows if row.difference is not None]
    assert all(row.difference == row.by_amount + row.by_rate for row in known)
    counted = [row for row in known if row.key.figure is not Figure.CUSTOMS_VALUE]
    assert told.difference == sum((row.difference for row in counted), D())
    assert told.forecast == told.estimated + told.difference
    (unforeseen,) = [row for row in told.rows if row.key.charge == "storage"]
    assert (unforeseen.estimated, unforeseen.difference) == (0, storage)
