"""What a price is multiplied by to be its delivered cost.

For putting many offers in order, not for comparing bids: carriage is what a unit of known weight
or volume takes of a full vehicle, or else a share of the price (an assumption of the parameters);
duty is a rate of the value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from api.rules.incoterms import Incoterm, Party, buyer_insures, names_delivery
from api.rules.landed_cost.inputs import Parameters, Route, Terms
from api.rules.landed_cost.kinds import Basis, Regime, Segment
from api.rules.landed_cost.payers import payer

ONE, ZERO = Decimal(1), Decimal(0)
PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Unit:
    """What one unit of goods weighs (kg) and takes (m³), packed, and its packages."""

    gross_weight_kg: Decimal = ZERO
    volume_m3: Decimal = ZERO
    packages: Decimal = ZERO


def unit_freight(
    route: Route, terms: Terms, unit: Unit, rates: Mapping[str, Decimal]
) -> Decimal | None:
    """What the buyer pays to carry one unit by a route, in the currency that `rates` lead to; the
    local charges are not in it.

    Charges of a shipment or a vehicle are shared out as in a full one: by weight or by volume,
    whichever fills it first. None where the named place is not on the route, or a rate is missing.
    """
    if terms.place_code not in route.places:
        return None
    load = max(unit.gross_weight_kg / route.capacity_kg, unit.volume_m3 / route.capacity_m3)
    of = {
        Basis.SHIPMENT: load,
        Basis.VEHICLE: load,
        Basis.KILOGRAM: unit.gross_weight_kg,
        Basis.CUBIC_METRE: unit.volume_m3,
        Basis.PACKAGE: unit.packages,
    }
    whole = ZERO
    for charge in route.charges:
        if charge.segment is Segment.LOCAL:
            continue
        if payer(charge, route, terms.incoterm, terms) is Party.BUYER:
            if charge.currency not in rates:
                return None
            whole += charge.rate * of[charge.basis] * rates[charge.currency]
    return whole


def delivered_factor(
    term: Incoterm,
    regime: Regime,
    parameters: Parameters,
    *,
    freight_share: Decimal,
    duty_rate: Decimal,
) -> Decimal:
    """`delivered cost = price x factor`, gross of VAT, to six places.

    At home, and under DDP, the price is the cost. From another state of the Union VAT comes on it.
    Imported goods get carriage where the seller does not pay it (E and F rules, FAS, FOB), the
    premium where the buyer insures, fee, duty and VAT.
    """
    if regime is Regime.DOMESTIC or term is Incoterm.DDP:
        return ONE
    if regime is Regime.UNION:
        return (ONE + parameters.vat_rate).quantize(PLACES)
    value = ONE + (freight_share if names_delivery(term) else ZERO)
    if buyer_insures(term):
        rate = parameters.insurance_rate * parameters.insurance_coverage
        value /= ONE - rate
    base = ONE + duty_rate + (parameters.fee_rate if parameters.vat_base_includes_fee else ZERO)
    factor = value * (ONE + duty_rate + parameters.fee_rate + base * parameters.vat_rate)
    return factor.quantize(PLACES)
