"""Single figures: prices on one basis, costs over a life, points, low prices. Values by hand."""

import decimal
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.evaluation import NotEvaluable, abnormal, evaluate, lifecycle, prices, scoring
from api.rules.evaluation import terms as published
from api.rules.evaluation.arithmetic import figure
from api.rules.evaluation.inputs import Adjustment, VatStatement
from api.rules.evaluation.results import LowRule
from api.rules.evaluation.terms import (
    AwardCriteria,
    AwardCriterion,
    Better,
    CommissionScore,
    CostElement,
    CostKind,
    CriterionType,
    LifeCycle,
    Linear,
    PointsTable,
    Timing,
    VatMode,
)
from tests.rules.evaluation import samples
from tests.rules.evaluation.samples import bid, inputs, policy, price, quality, rated, terms


def figures_of(one: Any, **changed: Any) -> Any:
    return prices.price_figures(one, inputs(one, **changed), with_margin=False)


def test_a_half_is_rounded_away_from_zero() -> None:
    assert [figure(D(text)) for text in ("0.0000005", "-0.0000005", "0.0000015")] == [
        D("0.000001"),
        D("-0.000001"),
        D("0.000002"),
    ]


@pytest.mark.parametrize(
    ("vat", "net", "gross"),
    [
        (VatStatement.NET, "1000", "1120"),
        (VatStatement.GROSS, "892.857143", "1000"),
        (VatStatement.NONE, "1000", "1000"),
    ],
)
def test_net_and_gross_are_both_kept(vat: VatStatement, net: str, gross: str) -> None:
    assert prices.net_and_gross(price(1000, vat)) == (D(net), D(gross))


@given(samples.AMOUNTS, st.integers(0, 3000))
def test_vat_taken_out_and_put_back_is_off_by_no_more_than_the_rounding(
    amount: D, rate: int
) -> None:
    net, gross = prices.net_and_gross(price(amount, VatStatement.GROSS, vat_rate_bp=rate))
    assert gross == amount
    again = prices.net_and_gross(price(net, VatStatement.NET, vat_rate_bp=rate))[1]
    assert abs(again - amount) <= D("0.000001")


def test_a_price_is_converted_at_the_named_rate_of_the_day() -> None:
    found = figures_of(
        bid(1, 100, price=price(100, VatStatement.NONE, currency="CNY"), resident=False)
    )
    assert (found.rate, found.converted_net, found.comparable) == (
        D("12.2345"),
        D("1223.45"),
        D("1223.45"),
    )


def test_a_nonresident_pays_import_vat_on_the_gross_basis_only() -> None:
    foreign = bid(1, 1000, price=price(1000, VatStatement.NONE), resident=False)
    gross = terms(vat_mode=VatMode.GROSS)
    assert figures_of(foreign).comparable == 1000
    found = figures_of(foreign, terms=gross)
    assert found.comparable == 1120
    assert found.adjustments == (Adjustment("importVat", D(120), "policy_1 vat_rate_bp"),)
    assert found.gross == 1000, "what it invoices has no such VAT"
    without = policy(nonresident_price_adjustment=False)
    assert figures_of(foreign, terms=gross, policy=without).comparable == 1000
    exempt = bid(1, 1000, price=price(1000, VatStatement.NONE), resident=True)
    assert figures_of(exempt, terms=gross).comparable == 1000


def test_adjustments_of_the_port_are_listed_and_added() -> None:
    duty = Adjustment("importDuty", D("75.5"), "tariff 8418, 5 %")
    found = figures_of(bid(1, 1000, adjustments=(duty,)))
    assert found.adjustments == (duty,)
    assert (found.converted_net, found.comparable) == (1000, D("1075.5"))


def test_the_present_value_of_costs_follows_the_formula() -> None:
    """Ten years at 8 %: A = 6.710081398941, E = 0.463193488084 (any table of annuities)."""
    factors = lifecycle.factors_of(samples.LIFE)
    assert (factors.annual, factors.end) == (D("6.710081398941"), D("0.463193488085"))
    one = bid(1, 1000, costs={"kwh": D(500), "service": D(100), "disposal": D(-200)})
    found = lifecycle.cost_figures(one, samples.LIFE, factors, D(1000))
    assert found.elements == {
        "kwh": figure(D(1300) * factors.annual),
        "service": figure(100 * factors.annual),
        "disposal": figure(-200 * factors.end),
    }
    assert found.total == D(1000) + sum(found.elements.values())


@given(st.integers(1, 60), st.integers(0, 10_000))
def test_factors_agree_with_the_closed_formula(years: int, rate_bp: int) -> None:
    life = LifeCycle(years, rate_bp, samples.LIFE.elements)
    factors = lifecycle.factors_of(life)
    rate = rate_bp / 10_000
    closed = years if rate_bp == 0 else (1 - (1 + rate) ** -years) / rate
    assert float(factors.annual) == pytest.approx(closed, rel=1e-6)
    assert float(factors.end) == pytest.approx((1 + rate) ** -years, rel=1e-6, abs=1e-11)


def test_a_bid_that_states_a_cost_not_at_all_or_negative_is_not_ranked() -> None:
    costs = {"kwh": D(1), "service": D(1), "disposal": D(-1)}
    complete, silent = bid(1, 100, costs=costs), bid(2, 50, costs={"kwh": D(1)})
    negative = bid(3, 50, costs={**costs, "service": D(-1)})
    cost = terms(award_criteria=AwardCriteria.COST_ONLY, life_cycle=samples.LIFE)
    found = evaluate(inputs(complete, silent, negative, terms=cost))
    assert found.ranking == (complete.id,)
    reasons = {each.id: [reason.code for reason in each.reasons] for each in found.bids}
    assert reasons == {
        complete.id: [],
        silent.id: ["cost_missing", "cost_missing"],
        negative.id: ["cost_missing"],
    }


@pytest.mark.parametrize(
    ("answer", "higher", "lower"),
    [
        ("12", "0", "100"),
        ("36", "100", "0"),
        ("18", "25", "75"),
        ("20", "33.333333", "66.666667"),
        ("60", "100", "0"),
        ("0", "0", "100"),
        ("-1", "0", "100"),
        ("about 20", "0", "0"),
        ("1_8", "0", "0"),
        ("Infinity", "0", "0"),
        (None, "0", "0"),
    ],
)
def test_linear_points_go_from_one_bound_to_the_other(
    answer: str | None, higher: str, lower: str
) -> None:
    one = bid(1, 1, answers={} if answer is None else {"w": answer})
    for better, expected in ((Better.HIGHER, higher), (Better.LOWER, lower)):
        criterion = quality("w", 10_000, Linear(D(12), D(36), better))
        assert scoring.quality_points(criterion, one).points == D(expected)


def test_a_table_gives_its_points_and_nothing_for_other_answers() -> None:
    criterion = quality("wood", 2500, samples.PLACES)
    found = [
        scoring.quality_points(criterion, bid(1, 1, answers={"wood": wood}))
        for wood in ("oak", "pine", "chipboard")
    ]
    assert [(each.points, each.weighted) for each in found] == [(100, 25), (40, 10), (0, 0)]


def test_the_commissions_mean_decides_and_below_the_threshold_a_bid_is_not_ranked() -> None:
    by_member = {"a": D(50), "b": D(60), "c": D(61)}
    method = quality("method", 4000, CommissionScore(D("57.1")))
    whole = rated(AwardCriterion("price", CriterionType.PRICE, {}, 6000), method)
    low, good = (
        bid(1, 10, scores={"method": by_member}),
        bid(2, 20, scores={"method": {"a": D(80)}}),
    )
    found = evaluate(inputs(low, good, terms=whole))
    assert scoring.quality_points(method, low).mean == D(57)
    assert found.ranking == (good.id,)
    assert [each.code for each in found.bids[0].reasons] == ["below_threshold"]
    assert found.bids[1].criteria["price"].points == 100, "the lowest price of those ranked"


def test_lowest_price_has_all_points_and_twice_as_much_half() -> None:
    assert scoring.against_lowest(D(100), D(100)) == 100
    assert scoring.against_lowest(D(100), D(200)) == 50
    assert scoring.against_lowest(D(100), D(300)) == D("33.333333")


LOW = policy(below_mean_bp=4000, below_next_bp=3000)


def flagged(*amounts: int, rules: Any = LOW) -> list[list[str]]:
    found = abnormal.low_flags({str(n): D(amount) for n, amount in enumerate(amounts)}, rules)
    return [[flag.rule.value for flag in found.get(str(n), ())] for n in range(len(amounts))]


MEAN, NEXT = LowRule.BELOW_MEAN.value, LowRule.BELOW_NEXT.value


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((), []),
        ((1,), [[]]),
        ((100, 100), [[], []]),
        ((70, 100), [[NEXT], []]),
        ((71, 100), [[], []]),
        ((43, 100), [[NEXT], []]),
        ((42, 100), [[MEAN, NEXT], []]),
        ((40, 100), [[MEAN, NEXT], []]),
        ((10, 10, 100), [[MEAN], [MEAN], []]),
        ((10, 10, 10), [[], [], []]),
        ((60, 100, 140), [[MEAN, NEXT], [], []]),
        ((61, 87, 152), [[], [NEXT], []]),
        ((50, 100, 150, 100), [[MEAN, NEXT], [], [], []]),
        ((50, 51, 100, 199), [[MEAN], [MEAN, NEXT], [NEXT], []]),
    ],
)
def test_abnormally_low_prices_are_found_against_the_mean_and_the_next(
    amounts: tuple[int, ...], expected: list[list[str]]
) -> None:
    assert flagged(*amounts) == expected


def test_without_numbers_in_the_policy_no_price_is_low() -> None:
    assert flagged(1, 1000, rules=policy()) == [[], []]


def test_a_wide_spread_is_told_and_changes_nothing() -> None:
    found = evaluate(inputs(bid(1, 70), bid(2, 100), policy=policy(alert_spread_bp=3000)))
    assert found.spread is not None
    assert (found.spread.spread, found.spread.alert) == (D("0.3"), True)
    assert found.ranking == (bid(1, 0).id, bid(2, 0).id)
    narrow = evaluate(inputs(bid(1, 71), bid(2, 100), policy=policy(alert_spread_bp=3000)))
    assert narrow.spread is not None
    assert not narrow.spread.alert
    assert evaluate(inputs(bid(1, 70))).spread is None


def codes(found: Any) -> list[str]:
    return [each.code for each in published.faults(found)]


def test_weights_must_be_the_whole() -> None:
    half = AwardCriterion("price", CriterionType.PRICE, {}, 5000)
    assert codes(rated(half)) == ["weights_incomplete"]
    assert codes(rated(half, quality("w", 5000, samples.WARRANTY))) == []
    assert codes(rated(half, quality("w", 5001, samples.WARRANTY))) == ["weights_incomplete"]


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=8))
def test_exactly_the_weights_that_sum_to_a_hundred_percent_are_accepted(weights: list[int]) -> None:
    first = AwardCriterion("c0", CriterionType.PRICE, {}, weights[0])
    rest = [quality(f"c{n}", w, samples.WARRANTY) for n, w in enumerate(weights[1:], start=1)]
    assert ("weights_incomplete" in codes(rated(first, *rest))) == (sum(weights) != 10_000)


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (terms(criteria=(samples.PRICE,)), "not_rated"),
        (terms(award_criteria=AwardCriteria.COST_ONLY), "missing"),
        (terms(life_cycle=samples.LIFE), "not_used"),
        (rated(quality("w", 10_000, samples.WARRANTY)), "price_missing"),
        (rated(quality("w", 10_000, None)), "scoring_misplaced"),
        (rated(quality("w", 10_000, Linear(D(2), D(2), Better.LOWER))), "range_empty"),
        (rated(quality("w", 10_000, PointsTable({"a": D(101)}))), "out_of_range"),
        (rated(quality("w", 10_000, PointsTable({}))), "missing"),
        (rated(quality("w", 10_000, CommissionScore(D(101)))), "out_of_range"),
        (rated(samples.PRICE, samples.PRICE), "duplicate"),
        (rated(AwardCriterion("p", CriterionType.PRICE, {}, 0), samples.PRICE), "out_of_range"),
        (
            terms(
                award_criteria=AwardCriteria.COST_ONLY,
                life_cycle=LifeCycle(
                    0, 0, (CostElement("x", CostKind.OTHER, {}, Timing.END, unit_code="KWH"),)
                ),
            ),
            "unit_incomplete",
        ),
    ],
)
def test_terms_by_which_nothing_can_be_ranked_are_named(broken: Any, code: str) -> None:
    assert code in codes(broken)
    with pytest.raises(NotEvaluable):
        evaluate(inputs(bid(1, 1), terms=broken))


def test_the_programs_own_decimal_context_has_no_influence() -> None:
    one = inputs(bid(1, 70), bid(2, "99.99"), bid(3, 100), terms=samples.TERMS[1], policy=LOW)
    expected = evaluate(one)
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_DOWN)):
        assert evaluate(one) == expected


def test_of_the_answers_for_several_items_the_worst_counts() -> None:
    longer = quality("months", 5000, Linear(D(12), D(36), Better.HIGHER))
    sooner = quality("days", 3000, Linear(D(10), D(90), Better.LOWER))
    wood = quality("wood", 2000, PointsTable({"oak": D(100), "pine": D(40)}))
    said = {
        "months": ["24", "12", "36"],
        "days": ["10", "60", "20"],
        "wood": ["oak", "elm", "pine"],
        "same": ["x", "x"],
        "differs": ["x", "y"],
    }

    found = scoring.answers_of(rated(longer, sooner, wood), said)

    assert found == {"months": "12", "days": "60", "wood": "elm", "same": "x"}
