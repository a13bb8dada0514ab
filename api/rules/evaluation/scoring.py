"""Points for quality, and for a price or cost against the lowest. Pure. Points go from 0 to 100."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from api.rules.evaluation.arithmetic import BASIS_POINTS, HUNDRED, ZERO, exact, figure
from api.rules.evaluation.inputs import Bid
from api.rules.evaluation.results import Points
from api.rules.evaluation.terms import (
    AwardCriterion,
    Better,
    CommissionScore,
    CriterionType,
    Linear,
    LotTerms,
    PointsTable,
)

NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
"""How a number is written in an answer."""


@exact
def weighted(criterion: AwardCriterion, points: Decimal, mean: Decimal | None = None) -> Points:
    """Points with what they count: points x weight."""
    return Points(points, figure(points * criterion.weight_bp / BASIS_POINTS), mean)


@exact
def against_lowest(lowest: Decimal, own: Decimal) -> Decimal:
    """100 x lowest / own: the lowest price or cost has 100 points, twice as much has 50."""
    return figure(HUNDRED * lowest / own)


def quality_points(criterion: AwardCriterion, bid: Bid) -> Points:
    """Points for a bid's answer, or the mean of the commission's.

    Table: the points of the answer. Linear: 100 x (answer - minimum) / (maximum - minimum), or
    100 x (maximum - answer) / (maximum - minimum) where lower is better, from 0 to 100. An answer
    that is not in the table or not a number has 0 points, as no answer has.
    """
    match criterion.scoring:
        case PointsTable() | Linear():
            return weighted(criterion, _answered(criterion, bid.answers.get(criterion.id, "")))
        case CommissionScore():
            mean = mean_score(bid.scores.get(criterion.id, {}))
            return weighted(criterion, mean, mean)
        case _:
            raise ValueError(f"{criterion.id} has no scoring of quality")


def answers_of(terms: LotTerms, said: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The answer of a bid for a lot to each requirement, of what it `said`: once, or for every item
    of the lot. Of several answers the one that gives the fewest points counts: an item that is
    better does not make up for another. Several that no criterion judges are left out.
    """
    judged = {each.id: each for each in terms.criteria if each.type is CriterionType.QUALITY}
    found = {}
    for name, answers in said.items():
        if len({*answers}) == 1:
            found[name] = answers[0]
        elif name in judged:
            criterion = judged[name]
            found[name] = min(answers, key=lambda each: (_answered(criterion, each), each))
    return found


def _answered(criterion: AwardCriterion, answer: str) -> Decimal:
    match criterion.scoring:
        case PointsTable(points=table):
            return table.get(answer, ZERO)
        case Linear() as scoring:
            return _linear(scoring, answer)
        case _:
            return ZERO


@exact
def mean_score(by_member: Mapping[str, Decimal]) -> Decimal:
    """The mean of the members' points; 0 when nobody scored."""
    if not by_member:
        return figure(ZERO)
    return figure(sum(by_member.values(), Decimal()) / len(by_member))


def below_threshold(criterion: AwardCriterion, bid: Bid) -> bool:
    """True when the commission's mean does not reach the least points that the tender asks for."""
    scoring = criterion.scoring
    return (
        criterion.type is CriterionType.QUALITY
        and isinstance(scoring, CommissionScore)
        and scoring.threshold is not None
        and mean_score(bid.scores.get(criterion.id, {})) < scoring.threshold
    )


@exact
def _linear(scoring: Linear, answer: str) -> Decimal:
    if not NUMBER.fullmatch(answer):
        return figure(ZERO)
    value = min(max(Decimal(answer), scoring.minimum), scoring.maximum)
    reached = (
        value - scoring.minimum if scoring.better is Better.HIGHER else scoring.maximum - value
    )
    return figure(HUNDRED * reached / (scoring.maximum - scoring.minimum))
