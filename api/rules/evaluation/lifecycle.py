"""The cost of owning what is bought, over its life. Pure.

Net present cost by ISO 15686-5:2017 (life-cycle costing), with what Directive 2014/24/EU,
article 68, asks for: the costs that the buyer bears, by a method published beforehand:

    cost = P + sum of initial elements
             + sum over annual elements of  C x A,  A = 1/(1+d) + 1/(1+d)^2 + ... + 1/(1+d)^n
             + sum over elements at the end of  C x E,  E = 1/(1+d)^n

P is the ranking price, d the discount rate of a year, n the years, and C the money stated in the
bid, or the quantity stated in it at the published unit price. Annual costs fall due at the end of
their year. A and E are rounded to twelve digits, each present value to six.
"""

from decimal import Decimal

from api.rules.evaluation.arithmetic import BASIS_POINTS, exact, factor, figure
from api.rules.evaluation.inputs import Bid
from api.rules.evaluation.results import CostFigures, Factors
from api.rules.evaluation.terms import CostKind, LifeCycle, Timing


@exact
def factors_of(life: LifeCycle) -> Factors:
    """A and E. At a rate of zero they are n and 1."""
    growth = BASIS_POINTS + life.discount_rate_bp
    values = [
        Decimal(BASIS_POINTS**year) / Decimal(growth**year) for year in range(1, life.years + 1)
    ]
    return Factors(annual=factor(sum(values, Decimal())), end=factor(values[-1]))


def missing_costs(bid: Bid, life: LifeCycle) -> list[str]:
    """Elements that the bid says nothing of, or less than nothing: only a disposal can pay."""
    return [
        each.id
        for each in life.elements
        if each.id not in bid.costs
        or not bid.costs[each.id].is_finite()
        or (bid.costs[each.id] < 0 and each.kind is not CostKind.DISPOSAL)
    ]


@exact
def cost_figures(
    bid: Bid, life: LifeCycle, factors: Factors, ranking_price: Decimal
) -> CostFigures:
    """The present value of every element and their sum with the ranking price; the bid is
    complete (`missing_costs`)."""
    by_timing = {
        Timing.INITIAL: Decimal(1),
        Timing.ANNUAL: factors.annual,
        Timing.END: factors.end,
    }
    elements = {
        each.id: figure(
            bid.costs[each.id]
            * (Decimal(1) if each.unit_price is None else each.unit_price)
            * by_timing[each.timing]
        )
        for each in life.elements
    }
    return CostFigures(elements, ranking_price + sum(elements.values(), Decimal()))
