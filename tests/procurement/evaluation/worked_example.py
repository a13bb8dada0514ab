"""The example of docs/evaluation.md: four bids for school desks, by price, warranty and method."""

from api.rules.evaluation import Inputs
from api.rules.evaluation.inputs import Reason, VatStatement
from api.rules.evaluation.terms import AwardCriterion, CommissionScore, CriterionType
from tests.rules.evaluation import samples
from tests.rules.evaluation.samples import D, bid, price, quality


def example() -> Inputs:
    """Prices in som and yuan, one domestic manufacturer, one bid disqualified."""
    return samples.inputs(
        _bid(1, price("5376000", VatStatement.GROSS), "24", "70", "80"),
        _bid(2, price("4650000"), "36", "60", "70", preference=samples.claim()),
        _bid(
            3,
            price("350000", VatStatement.NONE, currency="CNY"),
            "12",
            "90",
            "85",
            resident=False,
        ),
        _bid(
            4,
            price("3900000"),
            "36",
            "90",
            "90",
            disqualified=(Reason("certificate_missing", "No certificate of conformity"),),
        ),
        terms=samples.rated(
            AwardCriterion("price", CriterionType.PRICE, {"en": "Price"}, 6000),
            quality("warranty", 2500, samples.WARRANTY),
            quality("method", 1500, CommissionScore(D(40))),
        ),
        policy=samples.policy(
            domestic_preference_bp=1000, below_mean_bp=4000, alert_spread_bp=3000
        ),
    )


def _bid(
    number: int, asked: samples.Price, months: str, *points: str, **changed: object
) -> samples.Bid:
    scores = {"method": {f"member_{n}": D(each) for n, each in enumerate(points, start=1)}}
    return bid(number, 1, price=asked, answers={"warranty": months}, scores=scores, **changed)
