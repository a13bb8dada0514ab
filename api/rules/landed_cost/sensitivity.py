"""Which input moves a landed cost, and by how much. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from api.rules.evaluation.arithmetic import BASIS_POINTS, exact, figure
from api.rules.evaluation.inputs import RateSet
from api.rules.landed_cost.computing import compute
from api.rules.landed_cost.inputs import Inputs, Line


@dataclass(frozen=True, slots=True)
class Move:
    """The total when one input is multiplied by `1 + change_bp / 10000`.

    `elasticity` is the change of the total in per cent for each per cent of the input.
    """

    input: str
    change_bp: int
    total_gross: Decimal
    difference: Decimal
    elasticity: Decimal


@exact
def moves(inputs: Inputs, change_bp: int) -> list[Move]:
    """Each input moved by itself, the strongest first; inputs that are zero are left out.

    Raises NotComputable, as `compute` does.
    """
    base = compute(inputs).total_gross
    factor = 1 + Decimal(change_bp) / BASIS_POINTS
    found = []
    for name, changed in _moved(inputs, factor):
        total = compute(changed).total_gross
        difference = total - base
        relative = difference / base / (factor - 1) if base else Decimal()
        found.append(Move(name, change_bp, total, difference, figure(relative)))
    return sorted(found, key=lambda each: (-abs(each.difference), each.input))


def _moved(inputs: Inputs, factor: Decimal) -> Iterator[tuple[str, Inputs]]:
    yield "price", replace(inputs, lines=tuple(_dearer(each, factor) for each in inputs.lines))
    for code in inputs.rates.rates:
        yield f"fx {code}", replace(inputs, rates=_stronger(inputs.rates, code, factor))
    if inputs.declaration_rates is not None:
        for code in inputs.declaration_rates.rates:
            declared = _stronger(inputs.declaration_rates, code, factor)
            yield f"declaration fx {code}", replace(inputs, declaration_rates=declared)
    if inputs.route is not None:
        for n, charge in enumerate(inputs.route.charges):
            charges = [*inputs.route.charges]
            charges[n] = replace(charge, rate=charge.rate * factor)
            route = replace(inputs.route, charges=tuple(charges))
            yield f"charge {charge.code}", replace(inputs, route=route)
    for name in ("fee_rate", "vat_rate", "insurance_rate"):
        value = getattr(inputs.parameters, name)
        if value:
            parameters = replace(inputs.parameters, **{name: value * factor})
            moved = replace(inputs, parameters=parameters)
            if name == "vat_rate":
                lines = tuple(_dearer_vat(each, factor) for each in inputs.lines)
                moved = replace(moved, lines=lines)
            yield name, moved
    if any(line.duty and line.duty.ad_valorem for line in inputs.lines):
        yield "duty rates", replace(inputs, lines=tuple(_taxed(e, factor) for e in inputs.lines))


def _stronger(given: RateSet, code: str, factor: Decimal) -> RateSet:
    rate = given.rates[code]
    return replace(given, rates={**given.rates, code: replace(rate, value=rate.value * factor)})


def _dearer(line: Line, factor: Decimal) -> Line:
    tiers = tuple(replace(each, unit_price=each.unit_price * factor) for each in line.price_tiers)
    return replace(line, price_tiers=tiers)


def _dearer_vat(line: Line, factor: Decimal) -> Line:
    if line.vat is None:
        return line
    return replace(line, vat=replace(line.vat, rate=line.vat.rate * factor))


def _taxed(line: Line, factor: Decimal) -> Line:
    if line.duty is None:
        return line
    return replace(line, duty=replace(line.duty, ad_valorem=line.duty.ad_valorem * factor))
