"""From the price of a bid to the one by which it is compared. Pure."""

from decimal import Decimal

from api.rules.evaluation.arithmetic import BASIS_POINTS, exact, figure, share
from api.rules.evaluation.inputs import (
    Adjustment,
    Bid,
    Inputs,
    PolicyTerms,
    Price,
    VatStatement,
)
from api.rules.evaluation.results import PriceFigures
from api.rules.evaluation.terms import VatMode

IMPORT_VAT = "importVat"


@exact
def net_and_gross(price: Price) -> tuple[Decimal, Decimal]:
    """The price without and with VAT, both in its own currency.

    Stated net: gross = net x (1 + rate). Stated gross: net = gross / (1 + rate). Free of VAT:
    both are what was stated. Sources of the rates are the bid and the policy.
    """
    stated = figure(price.amount)
    with_vat = Decimal(BASIS_POINTS + price.vat_rate_bp) / BASIS_POINTS
    match price.vat:
        case VatStatement.NET:
            return stated, figure(stated * with_vat)
        case VatStatement.GROSS:
            return figure(stated / with_vat), stated
        case VatStatement.NONE:
            return stated, stated


def is_preferred(bid: Bid, policy: PolicyTerms) -> bool:
    """True for an accepted claim of an origin that the policy prefers."""
    claim = bid.preference
    return claim is not None and claim.accepted and claim.origin in policy.preferred_origins


@exact
def price_figures(bid: Bid, inputs: Inputs, *, with_margin: bool) -> PriceFigures:
    """Every step from the stated price to the ranking price.

    converted = price x rate of the day. comparable = converted on the tender's basis (net or
    gross) + adjustments. On the gross basis a non-resident's price, which has no VAT of the
    buyer's country in it, gets the VAT that the buyer pays at import, where the policy adds
    costs to prices of non-residents. ranking = comparable, plus the margin of preference unless
    the bid itself is preferred (World Bank Procurement Regulations, annex VI: the price of the
    others is raised); `with_margin` is False when no compared bid is preferred.
    """
    terms, policy = inputs.terms, inputs.policy
    own = bid.price.currency == terms.currency
    rate = Decimal(1) if own else inputs.rates.rates[bid.price.currency].value
    net, gross = net_and_gross(bid.price)
    converted_net, converted_gross = figure(net * rate), figure(gross * rate)
    added = [Adjustment(a.reason, figure(a.amount), a.source) for a in bid.adjustments]
    if (
        terms.vat_mode is VatMode.GROSS
        and not bid.resident
        and bid.price.vat is VatStatement.NONE
        and policy.nonresident_price_adjustment
        and policy.vat_rate_bp
    ):
        due = share(converted_net, policy.vat_rate_bp)
        added.append(Adjustment(IMPORT_VAT, due, f"{policy.policy_set} vat_rate_bp"))
    basis = converted_net if terms.vat_mode is VatMode.NET else converted_gross
    comparable = basis + sum((a.amount for a in added), Decimal())
    preferred = is_preferred(bid, policy)
    margin = Decimal()
    if with_margin and not preferred:
        margin = share(comparable, policy.domestic_preference_bp)
    return PriceFigures(
        net=net,
        gross=gross,
        rate=rate,
        converted_net=converted_net,
        converted_gross=converted_gross,
        adjustments=tuple(added),
        comparable=comparable,
        preferred=preferred,
        margin=margin,
        ranking=comparable + margin,
    )
