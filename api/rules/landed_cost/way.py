"""The way of the goods in money: quantities, charges and who pays them, insurance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from api.rules.incoterms import Incoterm, Party, buyer_insures
from api.rules.landed_cost.allocation import rounded, shares
from api.rules.landed_cost.duties import in_home
from api.rules.landed_cost.inputs import ZERO, Charge, Inputs, Line, Route
from api.rules.landed_cost.kinds import Basis, Driver, Regime, Segment
from api.rules.landed_cost.payers import payer

ONE = Decimal(1)
_MEASURES = {
    Driver.WEIGHT: "gross_weight_kg",
    Driver.VOLUME: "volume_m3",
    Driver.PACKAGE: "packages",
}


@dataclass(frozen=True, slots=True)
class Priced:
    """A charge with what it comes to and who pays it."""

    charge: Charge
    amount: Decimal
    payer: Party

    @property
    def by_buyer(self) -> bool:
        return self.payer is Party.BUYER


def unit_price(line: Line) -> Decimal:
    """The price of the tier that the line's quantity reaches, before the discount."""
    if len(line.price_tiers) == 1:
        return line.price_tiers[0].unit_price
    reached = [tier for tier in line.price_tiers if tier.min_quantity <= line.quantity]
    return max(reached, key=lambda tier: tier.min_quantity).unit_price


def goods_of(line: Line) -> Decimal:
    """The price of the line, exact: tier by quantity, then the discount."""
    whole = unit_price(line) * line.quantity
    return whole * (ONE - line.discount_rate) if line.discount_rate else whole


def priced(inputs: Inputs, term: Incoterm) -> list[Priced]:
    """Every charge of the route that arises, with its payer. Nothing without a route."""
    route = inputs.route
    if route is None:
        return []
    counts = _counts(inputs.lines, route)
    found = []
    for charge in route.charges:
        who = payer(charge, route, term, inputs.terms)
        if who is not Party.NOT_APPLICABLE:
            found.append(Priced(charge, charge.rate * counts[charge.basis], who))
    return found


def insurance(inputs: Inputs, term: Incoterm, goods: Decimal, way: Sequence[Priced]) -> Decimal:
    """The premium that the buyer pays, in the price's currency.

    `1.1 r (G + A) / (1 - 1.1 r)`: 110 % of a value that has the premium itself in it, for the
    goods and the carriage that the buyer pays, but the local part. Nothing where the seller
    insures (CIP, CIF) or bears the risk up to the destination (D rules), or where nothing is
    imported.
    """
    if inputs.regime is not Regime.IMPORT or not buyer_insures(term):
        return ZERO
    rate = inputs.parameters.insurance_rate * inputs.parameters.insurance_coverage
    carried = sum((in_price_currency(each, inputs) for each in insured(way)), ZERO)
    return rounded(rate * (goods + carried) / (ONE - rate))


def insured(way: Sequence[Priced]) -> list[Priced]:
    """The buyer's charges of the main transport: all but the local ones."""
    return [each for each in way if each.by_buyer and each.charge.segment is not Segment.LOCAL]


def in_price_currency(each: Priced, inputs: Inputs) -> Decimal:
    """A charge in the currency of the price."""
    if each.charge.currency == inputs.currency:
        return each.amount
    home = each.amount * in_home(each.charge.currency, inputs)
    return home / in_home(inputs.currency, inputs)


class Weights:
    """The lines' shares by each driver, as fractions, each computed when it is first asked for.

    Where no line has the measure, value stands in for it; where nothing has a value, all lines
    share alike.
    """

    def __init__(self, lines: Sequence[Line], goods: Sequence[Decimal]) -> None:
        self._lines, self._goods = lines, goods
        self._found = dict[Driver, list[Decimal]]()

    def __getitem__(self, driver: Driver) -> list[Decimal]:
        if driver not in self._found:
            self._found[driver] = self._shares(driver)
        return self._found[driver]

    def _shares(self, driver: Driver) -> list[Decimal]:
        if driver is Driver.VALUE:
            return shares(self._goods)
        if driver is Driver.LINE:
            return shares([ONE] * len(self._lines))
        measured = [getattr(line, _MEASURES[driver]) for line in self._lines]
        return shares(measured) if any(measured) else self[Driver.VALUE]


def _counts(lines: Sequence[Line], route: Route) -> Mapping[Basis, Decimal]:
    """How many of each basis the shipment has; vehicles by weight or volume, whichever needs more."""
    kilograms = sum((line.gross_weight_kg for line in lines), ZERO)
    cubic_metres = sum((line.volume_m3 for line in lines), ZERO)
    vehicles = max(ONE, kilograms / route.capacity_kg, cubic_metres / route.capacity_m3)
    return {
        Basis.SHIPMENT: ONE,
        Basis.VEHICLE: vehicles.to_integral_value(ROUND_CEILING),
        Basis.KILOGRAM: kilograms,
        Basis.CUBIC_METRE: cubic_metres,
        Basis.PACKAGE: sum((line.packages for line in lines), ZERO),
    }
