"""What a price comes to under the other rules of Incoterms, for the same goods on the same way. Pure.

The seller keeps what it had: a rule that gives it a charge, the insurance or the taxes raises the
price by them, one that takes them from it lowers it. Every price is taken to its delivered cost by
the same computation, so that what a buyer pays in the end can be compared.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from api.rules.evaluation.arithmetic import exact
from api.rules.incoterms import Incoterm, Party, names_delivery
from api.rules.landed_cost.allocation import rounded
from api.rules.landed_cost.computing import NotComputable, compute
from api.rules.landed_cost.duties import in_home
from api.rules.landed_cost.inputs import ZERO, Inputs, PriceTier, Terms
from api.rules.landed_cost.way import goods_of, in_price_currency, priced
from api.rules.tenders import Fault

SUGGESTED = (
    *(Incoterm.EXW, Incoterm.FCA, Incoterm.CPT, Incoterm.CIP),
    *(Incoterm.DAP, Incoterm.DPU, Incoterm.DDP),
)
"""The rules for any mode of transport, from the least that a seller does to the most."""
UNIT = Decimal("0.0001")
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class ExportPrice:
    """The price of one unit under a rule, in the currency of the offer; and what all of it costs
    delivered, duty paid, in the currency of the destination."""

    incoterm: Incoterm
    place_code: str
    unit_price: Decimal
    delivered: Decimal


@exact
def export_prices(inputs: Inputs, origin_country: str) -> list[ExportPrice]:
    """Prices by each of `SUGGESTED`, of inputs with one line and a route, which begins in
    `origin_country` where the seller has the goods.

    EXW and FCA are at the beginning of the route, the others at its end; the rule that the price is
    offered under is where it is offered. Raises NotComputable for what the price itself cannot be
    computed from, and for one with duties in it (DDP), which nobody can take out exactly.
    """
    term = inputs.terms.incoterm
    if term is Incoterm.DDP:
        detail = "a price with duties in it is not taken apart; offer it under another rule"
        raise NotComputable([Fault("#/terms/incoterm", "duties_in_price", detail)])
    compute(inputs)
    (line,) = inputs.lines
    goods = goods_of(line)
    bare = goods - _paid(inputs, inputs.terms, Party.SELLER)
    if term is Incoterm.CIP:
        bare -= _premium(inputs) * goods
    return [_price(inputs, origin_country, bare, each) for each in SUGGESTED]


def _price(inputs: Inputs, origin: str, bare: Decimal, term: Incoterm) -> ExportPrice:
    terms = _terms(inputs, origin, term)
    whole = bare + _paid(inputs, terms, Party.SELLER)
    if term is Incoterm.CIP:
        whole /= ONE - _premium(inputs)
    if term is Incoterm.DDP:
        whole += _taxes(inputs, origin, bare)
    (line,) = inputs.lines
    unit = (whole / line.quantity).quantize(UNIT, ROUND_HALF_UP)
    if term is Incoterm.DDP:
        rest = _paid(inputs, terms, Party.BUYER)
        delivered = rounded((unit * line.quantity + rest) * in_home(inputs.currency, inputs))
    else:
        delivered = compute(_at(inputs, terms, unit)).total_gross
    return ExportPrice(term, terms.place_code, unit, delivered)


def _taxes(inputs: Inputs, origin: str, bare: Decimal) -> Decimal:
    """Fee, duty and taxes on the price as it is delivered before them, in its currency."""
    terms = _terms(inputs, origin, Incoterm.DAP)
    (line,) = inputs.lines
    whole = bare + _paid(inputs, terms, Party.SELLER)
    found = compute(_at(inputs, terms, whole / line.quantity))
    taxes = (found.fee, found.duty, found.remedies, found.excise, found.vat)
    return sum((each or ZERO for each in taxes), ZERO) / in_home(inputs.currency, inputs)


def _terms(inputs: Inputs, origin: str, term: Incoterm) -> Terms:
    if term is inputs.terms.incoterm:
        return inputs.terms
    assert inputs.route is not None
    if not names_delivery(term):
        return Terms(term, inputs.destination, inputs.destination_country)
    premises = True if term is Incoterm.FCA else None
    return Terms(term, inputs.route.places[0], origin, is_seller_premises=premises)


def _at(inputs: Inputs, terms: Terms, unit_price: Decimal) -> Inputs:
    """The same goods at another price, under other terms."""
    (line,) = inputs.lines
    price = (PriceTier(ZERO, unit_price),)
    return replace(
        inputs, terms=terms, lines=(replace(line, price_tiers=price, discount_rate=ZERO),)
    )


def _paid(inputs: Inputs, terms: Terms, who: Party) -> Decimal:
    """The charges of the way that one side pays under the terms, in the currency of the price."""
    way = priced(replace(inputs, terms=terms), terms.incoterm)
    return sum((in_price_currency(each, inputs) for each in way if each.payer is who), ZERO)


def _premium(inputs: Inputs) -> Decimal:
    """What of a price with its insurance in it is the insurance."""
    return inputs.parameters.insurance_rate * inputs.parameters.insurance_coverage
