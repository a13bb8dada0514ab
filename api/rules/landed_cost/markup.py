"""What a price is multiplied by to be its delivered cost, where neither weight nor route is known.

For putting many offers in order, not for comparing bids: carriage is a share of the price (an
assumption of the parameters), and duty a rate of the value.
"""

from decimal import Decimal

from api.rules.incoterms import Incoterm, buyer_insures, names_delivery
from api.rules.landed_cost.inputs import Parameters
from api.rules.landed_cost.kinds import Regime

ONE, ZERO = Decimal(1), Decimal(0)
PLACES = Decimal("0.000001")


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
