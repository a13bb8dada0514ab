"""The evaluation of a lot: from the opened bids to their rank. Pure; the formula has a name.

The steps, in their order: prices on one basis (prices.py); reasons for which a bid is not ranked;
abnormally low prices (abnormal.py); the cost (lifecycle.py); points (scoring.py); the rank and
what decides ties (ties.py). docs/evaluation.md tells each formula for readers of the file.
"""

from decimal import Decimal
from itertools import pairwise

from api.rules.evaluation import abnormal, lifecycle, prices, scoring, ties
from api.rules.evaluation.arithmetic import exact
from api.rules.evaluation.inputs import Bid, Decision, Inputs, Reason, faults
from api.rules.evaluation.results import (
    AbnormallyLow,
    BidResult,
    CostFigures,
    LowConsequence,
    LowFlag,
    Points,
    PriceFigures,
    Result,
)
from api.rules.evaluation.terms import AwardCriteria, CriterionType, LifeCycle, LotTerms
from api.rules.tenders import Fault

FORMULA = "kerben-evaluation-formula/1"
REJECTED = "abnormally_low"


class NotEvaluable(Exception):
    """The inputs contradict themselves; `faults` says where."""

    def __init__(self, found: list[Fault]) -> None:
        super().__init__("; ".join(f"{each.pointer}: {each.detail}" for each in found))
        self.faults = found


@exact
def evaluate(inputs: Inputs) -> Result:
    """The ranking of a lot, with every figure on the way. Raises NotEvaluable.

    The order of the bids in the input has no influence.
    """
    found = faults(inputs)
    if found:
        raise NotEvaluable(found)
    return _Evaluation(inputs).result()


class _Evaluation:
    """The figures of all bids by their ids, as the steps fill them in.

    `reasons` grows from step to step: a bid with a reason is not ranked.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.inputs, self.terms = inputs, inputs.terms
        self.bids = sorted(inputs.bids, key=lambda bid: bid.id)
        self.reasons = {bid.id: _reasons(bid, self.terms) for bid in self.bids}
        self.figures = self._figures()
        self.comparable = self._comparable()
        self.low = abnormal.low_flags(self.comparable, inputs.policy)
        self._reject()
        life = self.terms.life_cycle
        self.factors = lifecycle.factors_of(life) if life else None
        self.costs = self._costs(life) if life else dict[str, CostFigures]()
        self.points = self._points()
        self.order = self._order()

    def result(self) -> Result:
        """What the file shows."""
        ranks = {bid: rank for rank, bid in enumerate(self.order, start=1)}
        amounts = [*self.comparable.values()]
        return Result(
            bids=tuple(self._bid(bid, ranks.get(bid.id)) for bid in self.bids),
            ranking=tuple(self.order),
            mean=abnormal.mean(amounts),
            spread=abnormal.spread(amounts, self.inputs.policy),
            factors=self.factors,
            justification_awaited=tuple(
                bid.id for bid in self.bids if bid.id in self.low and not bid.justification
            ),
        )

    def _ranked(self) -> list[Bid]:
        return [bid for bid in self.bids if not self.reasons[bid.id]]

    def _figures(self) -> dict[str, PriceFigures]:
        policy = self.inputs.policy
        with_margin = any(prices.is_preferred(bid, policy) for bid in self._ranked())
        return {
            bid.id: prices.price_figures(bid, self.inputs, with_margin=with_margin)
            for bid in self.bids
        }

    def _comparable(self) -> dict[str, Decimal]:
        """The prices that are compared with each other, those of bids without a reason."""
        for bid in self._ranked():
            if self.figures[bid.id].comparable <= 0:
                said = "the price with its adjustments is not above 0"
                self.reasons[bid.id] = (Reason("price_not_positive", said),)
        return {bid.id: self.figures[bid.id].comparable for bid in self._ranked()}

    def _reject(self) -> None:
        for bid in self.bids:
            decided = bid.justification
            if bid.id in self.low and decided and decided.decision is Decision.REJECTED:
                self.reasons[bid.id] = (Reason(REJECTED, decided.reason),)

    def _costs(self, life: LifeCycle) -> dict[str, CostFigures]:
        factors, found = lifecycle.factors_of(life), dict[str, CostFigures]()
        for bid in self._ranked():
            cost = lifecycle.cost_figures(bid, life, factors, self.figures[bid.id].ranking)
            found[bid.id] = cost
            if cost.total <= 0:
                said = "what is paid back at the end is more than all costs"
                self.reasons[bid.id] = (Reason("cost_not_positive", said),)
        return found

    def _points(self) -> dict[str, dict[str, Points]]:
        """Points of the ranked bids; the lowest price or cost is the lowest among them."""
        ranked = self._ranked()
        found = {bid.id: dict[str, Points]() for bid in ranked}
        if not ranked:
            return found
        amounts = {
            CriterionType.PRICE: {bid.id: self.figures[bid.id].ranking for bid in ranked},
            CriterionType.COST: {
                bid.id: self.costs[bid.id].total for bid in ranked if bid.id in self.costs
            },
        }
        for criterion in self.terms.criteria:
            own = amounts.get(criterion.type)
            lowest = min(own.values()) if own else None
            for bid in ranked:
                found[bid.id][criterion.id] = (
                    scoring.quality_points(criterion, bid)
                    if own is None or lowest is None
                    else scoring.weighted(criterion, scoring.against_lowest(lowest, own[bid.id]))
                )
        return found

    def _order(self) -> dict[str, str | None]:
        """The ranked bids in their order, each with what put it behind the one above."""
        keys = {
            bid.id: ties.key(self._leading(bid), bid, self.figures[bid.id], self.inputs)
            for bid in self._ranked()
        }
        ordered = sorted(keys, key=lambda bid: ties.values(keys[bid]))
        decided = [ties.decided_by(keys[a], keys[b]) for a, b in pairwise(ordered)]
        return dict(zip(ordered, [None, *decided], strict=False))

    def _leading(self, bid: Bid) -> Decimal:
        """The figure that decides first, the lower the better."""
        match self.terms.award_criteria:
            case AwardCriteria.PRICE_ONLY:
                return self.figures[bid.id].ranking
            case AwardCriteria.COST_ONLY:
                return self.costs[bid.id].total
            case AwardCriteria.RATED:
                return -self._score(bid)

    def _score(self, bid: Bid) -> Decimal:
        return sum((each.weighted for each in self.points[bid.id].values()), Decimal())

    def _bid(self, bid: Bid, rank: int | None) -> BidResult:
        own = self.points.get(bid.id, {})
        return BidResult(
            id=bid.id,
            price=bid.price,
            figures=self.figures[bid.id],
            cost=self.costs.get(bid.id),
            criteria=own,
            score=self._score(bid) if own else None,
            abnormally_low=_consequence(bid, self.low.get(bid.id, ())),
            reasons=self.reasons[bid.id],
            draw=ties.draw(self.inputs.lot.root, self.inputs.lot.lot, bid.id),
            rank=rank,
            decided_by=self.order.get(bid.id),
        )


def _reasons(bid: Bid, terms: LotTerms) -> tuple[Reason, ...]:
    """Why a bid is not compared: what the commission decided, and what the terms say."""
    found = list(bid.disqualified)
    found += [
        Reason("below_threshold", f"{each.id}: the mean score is below the least that is asked for")
        for each in terms.criteria
        if scoring.below_threshold(each, bid)
    ]
    if terms.life_cycle:
        found += [
            Reason("cost_missing", f"{each}: the bid states no such cost")
            for each in lifecycle.missing_costs(bid, terms.life_cycle)
        ]
    return tuple(found)


def _consequence(bid: Bid, flags: tuple[LowFlag, ...]) -> AbnormallyLow | None:
    if not flags:
        return None
    decision = bid.justification.decision if bid.justification else None
    return AbnormallyLow(flags, LowConsequence(decision.value if decision else "requested"))
