"""What must hold of every landed cost, whatever the numbers."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.rules.evaluation.inputs import Rate
from api.rules.landed_cost import Inputs, compute
from api.rules.landed_cost.allocation import allocate, settle
from api.rules.landed_cost.inputs import Charge, Duty, Line, Stated
from api.rules.landed_cost.kinds import (
    ChargeKind,
    Driver,
    DutyKind,
    Segment,
    StatedKind,
)
from tests.rules.landed_cost import worked
from tests.rules.landed_cost.worked import ASSUMED, BISHKEK, KASHI, TORUGART, YIWU

D = Decimal
MONEY = st.decimals(min_value=1, max_value=10**7, places=2)
RATE = st.decimals(min_value=D("0.01"), max_value=D("0.4"), places=4)
TERMS = st.sampled_from(["EXW", "FCA", "FOB", "CPT", "CIP", "DAP", "DDP"])
DRIVERS = st.sampled_from([*Driver])


@st.composite
def lines(draw: Any, count: int | None = None) -> list[Line]:
    """One to five lines of unequal weight, value and duty."""
    made = []
    for n in range(count or draw(st.integers(1, 5))):
        kind = draw(st.sampled_from([*DutyKind]))
        duty = Duty(kind, ASSUMED, draw(RATE), draw(RATE), "EUR", "KGM")
        made.append(
            worked.pumps(
                draw(MONEY),
                id=str(n),
                net_weight_kg=draw(MONEY),
                gross_weight_kg=draw(MONEY),
                volume_m3=draw(st.decimals(0, 40, places=2)),
                duty=duty,
            )
        )
    return made


@st.composite
def bids(draw: Any, count: int | None = None) -> Inputs:
    """A bid under any of the seven terms, with lines of its own."""
    base = worked.BIDS[draw(TERMS)]
    return replace(base, lines=tuple(draw(lines(count))), stated=())


def total(inputs: Inputs) -> Decimal:
    return compute(inputs).total_gross


def dearer(inputs: Inputs, factor: Decimal) -> Inputs:
    """The same with every price multiplied."""
    return replace(
        inputs,
        lines=tuple(
            replace(
                line,
                price_tiers=tuple(
                    replace(t, unit_price=t.unit_price * factor) for t in line.price_tiers
                ),
            )
            for line in inputs.lines
        ),
    )


@given(bids(), st.decimals(min_value=1, max_value=3, places=3))
@settings(max_examples=50, deadline=None)
def test_a_higher_price_never_lowers_the_total(bid: Inputs, factor: Decimal) -> None:
    assert total(dearer(bid, factor)) >= total(bid)


@given(bids(), st.decimals(min_value=1, max_value=3, places=4))
@settings(max_examples=50, deadline=None)
def test_a_dearer_foreign_currency_never_lowers_the_total(bid: Inputs, factor: Decimal) -> None:
    rates = {
        code: Rate(rate.value * factor, rate.day, rate.source)
        for code, rate in bid.rates.rates.items()
    }
    moved = replace(bid, rates=replace(bid.rates, rates=rates))
    assert total(moved) >= total(bid)


@given(
    bids(), st.sampled_from(["fee_rate", "vat_rate", "insurance_rate"]), st.decimals(1, 2, places=3)
)
@settings(max_examples=50, deadline=None)
def test_a_higher_rate_never_lowers_the_total(bid: Inputs, name: str, factor: Decimal) -> None:
    value = getattr(bid.parameters, name) * factor
    moved = replace(bid, parameters=replace(bid.parameters, **{name: value}))
    # A larger premium is shared anew; each line's duty may round by a unit.
    slack = D("0.01") * 2 * len(bid.lines) if name == "insurance_rate" else D(0)
    assert total(moved) >= total(bid) - slack


@given(bids(), st.integers(0, 4), st.decimals(1, 3, places=3))
@settings(max_examples=50, deadline=None)
def test_a_higher_duty_never_lowers_the_total(bid: Inputs, n: int, factor: Decimal) -> None:
    found = [*bid.lines]
    line = found[n % len(found)]
    assert line.duty is not None
    duty = replace(
        line.duty,
        ad_valorem=line.duty.ad_valorem * factor,
        specific_amount=line.duty.specific_amount * factor,
    )
    found[n % len(found)] = replace(line, duty=duty)
    assert total(replace(bid, lines=tuple(found))) >= total(bid)


@given(bids(), st.integers(0, 20), st.decimals(1, 3, places=3))
@settings(max_examples=50, deadline=None)
def test_a_dearer_charge_of_the_rate_card_never_lowers_the_total(
    bid: Inputs, n: int, factor: Decimal
) -> None:
    assert bid.route is not None
    found = [*bid.route.charges]
    n %= len(found)
    found[n] = replace(found[n], rate=found[n].rate * factor)
    moved = replace(bid, route=replace(bid.route, charges=tuple(found)))
    # A larger charge is shared anew; each line's duty may round by a unit.
    assert total(moved) >= total(bid) - D("0.01") * 2 * len(bid.lines)


def added(bid: Inputs, amount: Decimal, segment: Segment, driver: Driver = Driver.WEIGHT) -> Inputs:
    """The bid with one more charge that the buyer pays at the end of the way."""
    assert bid.route is not None
    more = Charge(
        "more",
        ChargeKind.PAYMENT,
        segment,
        BISHKEK,
        None,
        worked.ROAD.charges[0].basis,
        amount,
        "KGS",
        driver,
        ASSUMED,
    )
    route = replace(bid.route, charges=(*bid.route.charges, more))
    return replace(bid, route=route)


@given(bids(), MONEY, st.sampled_from([*Segment]), DRIVERS)
@settings(max_examples=50, deadline=None)
def test_one_more_charge_raises_the_total_by_at_least_the_charge(
    bid: Inputs, amount: Decimal, segment: Segment, driver: Driver
) -> None:
    raised = total(added(bid, amount, segment, driver)) - total(bid)
    # Shares by the largest remainder move by a unit for each line.
    slack = D("0.01") * 2 * len(bid.lines) if len(bid.lines) > 1 else D(0)
    assert raised >= amount - slack


@given(bids(count=3), MONEY, DRIVERS)
@settings(max_examples=50, deadline=None)
def test_a_charge_moved_across_the_border_changes_nothing_but_fee_duty_and_vat(
    bid: Inputs, amount: Decimal, driver: Driver
) -> None:
    before = compute(added(bid, amount, Segment.PRE_BORDER, driver))
    after = compute(added(bid, amount, Segment.POST_BORDER, driver))

    assert before.insurance == after.insurance
    assert before.buyer_logistics == after.buyer_logistics
    assert [line.paid for line in before.lines] == [line.paid for line in after.lines]
    taxes = [
        sum((getattr(each, name) or D(0) for name in ("fee", "duty", "vat")), D(0))
        for each in (before, after)
    ]
    if before.duty is not None:
        assert before.total_gross - after.total_gross == taxes[0] - taxes[1]
        assert taxes[0] >= taxes[1]
    else:
        assert before.total_gross == after.total_gross


@given(bids())
@settings(max_examples=50, deadline=None)
def test_the_lines_sum_to_the_whole_in_every_figure(bid: Inputs) -> None:
    found = compute(bid)
    for name in ("customs_value", "fee", "duty", "remedies", "excise", "vat"):
        whole = getattr(found, name)
        if whole is not None and found.duty is not None:
            assert sum(getattr(line, name) for line in found.lines) == whole, name
    assert sum(line.total_gross for line in found.lines) == found.total_gross
    if found.total_net is not None:
        assert sum((line.total_net or D(0) for line in found.lines), D(0)) == found.total_net


@given(
    st.lists(st.decimals(0, 10**6, places=4), min_size=1, max_size=20),
    st.decimals(-(10**7), 10**7, places=2),
)
def test_shares_sum_to_the_whole_and_none_is_off_by_a_unit(
    weights: list[Decimal], amount: Decimal
) -> None:
    found = allocate(amount, weights)
    assert sum(found) == amount
    whole = sum(weights)
    for share, weight in zip(found, weights, strict=True):
        exact = amount * weight / whole if whole else amount / len(weights)
        assert abs(share - exact) <= D("0.01")


def test_of_equal_remainders_the_earlier_line_gets_the_unit() -> None:
    assert allocate(D("0.01"), [D(1), D(1), D(1)]) == [D("0.01"), D("0.00"), D("0.00")]
    assert settle([D("1.005"), D("1.005")], D("2.00")) == [D("1.00"), D("1.00")]


def built(term: str, price: Decimal, *, stated: tuple[Stated, ...] = ()) -> Inputs:
    place = {"EXW": YIWU, "FCA": KASHI}.get(term, BISHKEK)
    return worked.bid(term, place, price, stated=stated)


@given(
    st.decimals(10_000, 5_000_000, places=2),
    st.decimals(0, 100_000, places=2),
    st.decimals(0, 60_000, places=2),
    st.decimals(8, 16, places=4),
    RATE,
)
@settings(max_examples=50, deadline=None)
def test_prices_built_from_one_set_of_costs_come_to_one_total_under_every_term(
    exw_price: Decimal, haul: Decimal, inland: Decimal, fx: Decimal, duty: Decimal
) -> None:
    """From EXW: what the buyer would pay is added to the price, as far as the term has it in."""
    charges = {each.code: each for each in worked.ROAD.charges}
    charges["main_haul"] = replace(charges["main_haul"], rate=haul)
    charges["inland"] = replace(charges["inland"], rate=inland)
    route = replace(worked.ROAD, charges=tuple(charges.values()))
    rates = worked.rates(str(fx))

    def cost(term: str, price: Decimal, *stated: Stated) -> Any:
        # A price is rounded as a catalogue keeps it: six places by unit.
        unit = (price / 100).quantize(D("0.000001"), ROUND_HALF_UP)
        line = worked.pumps(unit * 100, duty=Duty(DutyKind.AD_VALOREM, ASSUMED, duty))
        bid = replace(built(term, price, stated=stated), lines=(line,), route=route, rates=rates)
        return compute(bid)

    exw = cost("EXW", exw_price)
    before_yard = sum(charges[c].rate for c in ("loading", "main_haul", "export"))
    logistics = exw.buyer_logistics
    inside = Stated(StatedKind.POST_BORDER_CARRIAGE, inland, "CNY", documented=True)
    totals = {
        "FCA": cost("FCA", exw_price + before_yard),
        "CPT": cost("CPT", exw_price + logistics, inside),
        "CIP": cost("CIP", exw_price + logistics + exw.insurance, inside),
        "DAP": cost("DAP", exw_price + logistics + exw.insurance, inside),
        "DDP": cost("DDP", (exw.total_gross - 3000) / fx),
    }

    for term, found in totals.items():
        assert abs(found.total_gross - exw.total_gross) <= D("0.05"), term


@pytest.mark.parametrize("term", [*worked.BIDS])
def test_order_and_context_of_the_program_make_no_difference(term: str) -> None:
    import decimal

    with decimal.localcontext(decimal.Context(prec=6)):
        assert compute(worked.BIDS[term]) == compute(worked.BIDS[term])
        found = compute(worked.BIDS[term])
    assert found == compute(worked.BIDS[term])
    assert TORUGART in worked.ROAD.places
