"""Duty, trade remedies, excise, tax and fee. Every amount is in the currency of the result."""

from decimal import Decimal

from api.rules.landed_cost.allocation import rounded
from api.rules.landed_cost.inputs import ZERO, Duty, Excise, Inputs, Line, Parameters
from api.rules.landed_cost.kinds import DutyKind

KILOGRAM = "KGM"


def measure(line: Line, unit: str) -> Decimal | None:
    """The quantity of the whole line in a unit; kilograms are the net weight unless given.

    None when it is not known.
    """
    if unit == line.unit_code:
        return line.quantity
    if unit in line.measures:
        return line.measures[unit]
    return line.net_weight_kg if unit == KILOGRAM and line.net_weight_kg else None


def customs_fee(customs_value: Decimal, parameters: Parameters) -> Decimal:
    """`clamp(value x rate, min, max)`, once for a declaration."""
    fee = customs_value * parameters.fee_rate
    return rounded(max(parameters.fee_min, min(parameters.fee_max, fee)))


def duty(line: Line, customs_value: Decimal, inputs: Inputs) -> Decimal:
    """The import duty of a line: of the value, of the quantity, the greater, or the sum."""
    rate = line.duty
    if rate is None:
        return ZERO
    of_value = customs_value * rate.ad_valorem
    match rate.kind:
        case DutyKind.AD_VALOREM:
            return rounded(of_value)
        case DutyKind.SPECIFIC:
            return rounded(_specific(line, rate, inputs))
        case DutyKind.COMBINED_MAX:
            return rounded(max(of_value, _specific(line, rate, inputs)))
        case DutyKind.COMBINED_SUM:
            return rounded(of_value + _specific(line, rate, inputs))


def remedies(line: Line, customs_value: Decimal) -> Decimal:
    """Anti-dumping and the like: of each kind the producer's own rate, else everybody else's."""
    total = ZERO
    if not line.remedies:
        return total
    for kind in dict.fromkeys(each.kind for each in line.remedies):
        rates = {each.producer: each.rate for each in line.remedies if each.kind is kind}
        rate = rates.get(line.producer, rates.get(None, ZERO))
        total += rounded(customs_value * rate)
    return total


def excise(line: Line, customs_value: Decimal, duty_paid: Decimal, inputs: Inputs) -> Decimal:
    """The excise: a fraction of value and duty, an amount by unit, or both together."""
    rate = line.excise
    if rate is None:
        return ZERO
    return rounded((customs_value + duty_paid) * rate.ad_valorem + _specific(line, rate, inputs))


def vat(line: Line, base: Decimal, fee: Decimal, parameters: Parameters) -> Decimal:
    """VAT on value, duty, remedies and excise, and on the fee where the flag says so; at the rate of
    the goods, if they have one of their own."""
    whole = base + fee if parameters.vat_base_includes_fee else base
    return rounded(whole * (parameters.vat_rate if line.vat is None else line.vat.rate))


def _specific(line: Line, rate: Duty | Excise, inputs: Inputs) -> Decimal:
    if rate.specific_unit is None or rate.specific_currency is None:
        return ZERO
    quantity = measure(line, rate.specific_unit) or ZERO
    return quantity * rate.specific_amount * in_home(rate.specific_currency, inputs)


def in_home(currency: str, inputs: Inputs) -> Decimal:
    """What one unit of a currency costs in that of the result."""
    return Decimal(1) if currency == inputs.home else inputs.rates.rates[currency].value
