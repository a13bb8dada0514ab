"""What goods came to against what was computed: figure by figure, and why they differ. Pure.

A difference is divided in two that sum to it: what the amount itself changed by, at the rate that
the estimate used, and what the exchange rate did to the amount that was paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from api.rules.evaluation.arithmetic import exact
from api.rules.incoterms import Party
from api.rules.landed_cost import duties
from api.rules.landed_cost.allocation import rounded
from api.rules.landed_cost.inputs import ZERO, Inputs
from api.rules.landed_cost.kinds import Regime
from api.rules.landed_cost.results import Result
from api.rules.landed_cost.stating import taxes_in_price


class Figure(StrEnum):
    """A part of a delivered cost; `customs_value` is told beside, as nobody pays it."""

    GOODS = "goods"
    CHARGE = "charge"
    INSURANCE = "insurance"
    CUSTOMS_VALUE = "customs_value"
    FEE = "fee"
    DUTY = "duty"
    REMEDIES = "remedies"
    EXCISE = "excise"
    VAT = "vat"


class ActualSource(StrEnum):
    """The kind of document that says what a figure came to."""

    SUPPLIER_INVOICE = "supplier_invoice"
    CARRIER_INVOICE = "carrier_invoice"
    CUSTOMS_DECLARATION = "customs_declaration"
    INSURANCE_POLICY = "insurance_policy"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Key:
    """Which figure; a charge has its code of the rate card, or one that the card does not know."""

    figure: Figure
    charge: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """A figure of the estimate in its own currency, with the rate that it was taken home at."""

    amount: Decimal
    currency: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Actual:
    """What a document says a figure came to, with the rate of that document."""

    key: Key
    amount: Decimal
    currency: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Row:
    """A figure in the currency of the result. None: nothing has come in for it."""

    key: Key
    estimated: Decimal
    actual: Decimal | None
    difference: Decimal | None
    by_amount: Decimal | None
    by_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Variance:
    """All figures. `forecast` is the estimate with the differences known so far; `settled` says
    that every figure of the estimate has come in."""

    rows: tuple[Row, ...]
    estimated: Decimal
    forecast: Decimal
    difference: Decimal
    settled: bool


def expected(inputs: Inputs, result: Result) -> Mapping[Key, Expected]:
    """What the estimate says of each figure that somebody is paid or that customs set.

    What is inside a price (VAT at home, duties of a DDP price) is no figure of its own.
    """
    rate = duties.in_home(inputs.currency, inputs)
    found = {Key(Figure.GOODS): Expected(result.goods, inputs.currency, rate)}
    if result.insurance:
        found[Key(Figure.INSURANCE)] = Expected(result.insurance, inputs.currency, rate)
    for each in result.components:
        if each.payer is Party.BUYER and each.amount:
            of_charge = duties.in_home(each.currency, inputs)
            found[Key(Figure.CHARGE, each.code)] = Expected(each.amount, each.currency, of_charge)
    inside = (inputs.regime is Regime.DOMESTIC and inputs.price_includes_vat) or (
        taxes_in_price(inputs) and inputs.regime is Regime.IMPORT
    )
    for figure in (
        Figure.CUSTOMS_VALUE,
        Figure.FEE,
        Figure.DUTY,
        Figure.REMEDIES,
        Figure.EXCISE,
        Figure.VAT,
    ):
        amount = getattr(result, figure.value)
        if amount and not inside:
            found[Key(figure)] = Expected(amount, result.currency, Decimal(1))
    return found


@exact
def variance(inputs: Inputs, result: Result, actuals: Sequence[Actual]) -> Variance:
    """The figures of an estimate against what came in; figures that it did not foresee last."""
    foreseen = expected(inputs, result)
    came: dict[Key, list[Actual]] = {}
    for each in actuals:
        came.setdefault(each.key, []).append(each)
    keys = [*foreseen, *(key for key in came if key not in foreseen)]
    rows = tuple(_row(key, foreseen.get(key), came.get(key, [])) for key in keys)
    difference = sum(
        (row.difference or ZERO for row in rows if row.key.figure is not Figure.CUSTOMS_VALUE), ZERO
    )
    return Variance(
        rows,
        estimated=result.total_gross,
        forecast=result.total_gross + difference,
        difference=difference,
        settled=all(key in came for key in foreseen),
    )


def _row(key: Key, said: Expected | None, came: Sequence[Actual]) -> Row:
    estimated = rounded(said.amount * said.rate) if said else ZERO
    if not came:
        return Row(key, estimated, None, None, None, None)
    actual = rounded(sum((each.amount * each.rate for each in came), ZERO))
    by_rate = ZERO
    if said is not None:
        by_rate = rounded(
            sum(
                (
                    each.amount * (each.rate - said.rate)
                    for each in came
                    if each.currency == said.currency
                ),
                ZERO,
            )
        )
    difference = actual - estimated
    return Row(key, estimated, actual, difference, difference - by_rate, by_rate)
