"""Landed cost: what goods cost delivered, duty paid, step by step. Pure.

`compute` is all of it; `inputs.py` and `results.py` are what goes in and comes out. The order of
computation is in docs/landed-cost.md.
"""

from api.rules.landed_cost.computing import FORMULA, NotComputable, compute
from api.rules.landed_cost.inputs import Inputs
from api.rules.landed_cost.results import Result

__all__ = ["FORMULA", "Inputs", "NotComputable", "Result", "compute"]
