"""How figures are computed and rounded: the one rule of rounding of an evaluation. Pure.

Decimal arithmetic with 60 significant digits. Each figure that the file shows is rounded once,
half up (away from zero at exactly a half), to six digits after the point; a factor, by which
others are multiplied, to twelve. What follows is computed from the rounded figures, so that
whoever recomputes it by hand from the printed figures comes to the same result. The context of
the calling program has no influence.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from decimal import localcontext as _localcontext
from functools import wraps

CONTEXT = Context(
    prec=60, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow]
)
PLACES, FACTOR_PLACES = Decimal("0.000001"), Decimal("0.000000000001")
BASIS_POINTS = 10_000
HUNDRED, ZERO = Decimal(100), Decimal(0)


def exact[**P, T](call: Callable[P, T]) -> Callable[P, T]:
    """Run a function in the context of evaluations, whatever that of the program is."""

    @wraps(call)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with _localcontext(CONTEXT):
            return call(*args, **kwargs)

    return run


def figure(value: Decimal) -> Decimal:
    """An amount, a score or points, as the file shows it: six places, half up."""
    return value.quantize(PLACES, ROUND_HALF_UP, CONTEXT)


def factor(value: Decimal) -> Decimal:
    """A factor as the file shows it: twelve places, half up."""
    return value.quantize(FACTOR_PLACES, ROUND_HALF_UP, CONTEXT)


def share(amount: Decimal, basis_points: int) -> Decimal:
    """A share of an amount, as a figure."""
    return figure(amount * basis_points / BASIS_POINTS)
