"""How bids are compared and ranked: from published terms and opened bids to every figure. Pure.

Whoever builds on it needs `Inputs`, `evaluate` and `Result`; api/procurement/evaluation writes
and checks the file that holds them.
"""

from api.rules.evaluation.inputs import ComparablePrice, Inputs, stated_price
from api.rules.evaluation.ranking import FORMULA, NotEvaluable, evaluate
from api.rules.evaluation.results import Result
from api.rules.evaluation.terms import LotTerms

__all__ = [
    "FORMULA",
    "ComparablePrice",
    "Inputs",
    "LotTerms",
    "NotEvaluable",
    "Result",
    "evaluate",
    "stated_price",
]
