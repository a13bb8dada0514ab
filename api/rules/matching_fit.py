"""What an offer comes to for one request: quantity, price, time and terms as features. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from api.rules import incoterms, matching, offers, units
from api.rules.matching import (
    NEUTRAL,
    ONE,
    PLACES,
    ZERO,
    Circumstances,
    Demand,
    Parameters,
    Signals,
    Supply,
)

_DAYS = {
    offers.SupplyPeriod.DAY: Decimal(1),
    offers.SupplyPeriod.WEEK: Decimal(7),
    offers.SupplyPeriod.MONTH: Decimal(30),
    offers.SupplyPeriod.YEAR: Decimal(365),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """The figures behind the features; None where something is not known.

    `quantity` is the demand in the offer's unit, `ordered` what must be ordered to get it,
    `total` its price in the offer's currency and `converted` in the budget's, `delivered` what
    that comes to with carriage, duties and taxes, `share` the part of the lot's budget that falls
    to the item. `period_days` runs from order to delivery. `available` is what can be promised for
    the day of dispatch, where the seller says it.
    """

    quantity: Decimal | None
    ordered: Decimal | None
    unit_price: Decimal | None
    total: Decimal | None
    converted: Decimal | None
    delivered: Decimal | None
    share: Decimal | None
    lead_days: int | None
    transit_days: int
    transit_mode: str
    period_days: int
    available: Decimal | None = None

    @property
    def needed_days(self) -> int | None:
        """Lead time and transit together."""
        return None if self.lead_days is None else self.lead_days + self.transit_days


def facts(demand: Demand, supply: Supply, around: Circumstances, parameters: Parameters) -> Facts:
    """Work out the figures at the quantity asked for, or at the minimum order when that is more."""
    quantity = _in_offer_unit(demand, supply, around)
    ordered = _ordered(quantity, supply)
    price = lead = None
    if ordered is not None:
        price = offers.price_at(supply.price_tiers, ordered)
        lead = offers.lead_days_at(supply.lead_time_tiers, ordered)
    total = None if price is None or ordered is None else (price * ordered).quantize(PLACES)
    converted = None
    if total is not None and around.rate is not None:
        converted = (total * around.rate).quantize(PLACES)
    delivered = converted
    if converted is not None and around.delivered_factor is not None:
        delivered = (converted * around.delivered_factor).quantize(PLACES)
    share = None
    if demand.lot_budget is not None:
        share = (demand.lot_budget / max(1, demand.lot_item_count)).quantize(PLACES)
    mode, transit = transit_days(demand, supply, parameters)
    return Facts(
        quantity=quantity,
        ordered=ordered,
        unit_price=price,
        total=total,
        converted=converted,
        delivered=delivered,
        share=share,
        lead_days=lead,
        transit_days=transit,
        transit_mode=mode,
        period_days=(demand.deliver_by - demand.ordered_on).days,
        available=around.available,
    )


def unit_price(demand: Demand, supply: Supply, around: Circumstances) -> Decimal | None:
    """The price of one unit at the quantity that would be ordered; None when the units differ."""
    ordered = _ordered(_in_offer_unit(demand, supply, around), supply)
    return None if ordered is None else offers.price_at(supply.price_tiers, ordered)


def transit_days(demand: Demand, supply: Supply, parameters: Parameters) -> tuple[str, int]:
    """Mode and days of the way, by the model's table of assumptions.

    The named place of the terms is the origin only when it lies in the seller's country.
    """
    route = f"{supply.seller_country}>{demand.delivery_country}"
    mode, days = parameters.routes.get(route, ("unknown", parameters.default_transit_days))
    if supply.place_code and supply.place_country == supply.seller_country:
        days = parameters.places.get(supply.place_code, days)
    return mode, days


def features(
    demand: Demand,
    supply: Supply,
    signals: Signals,
    parameters: Parameters,
    found: Facts,
) -> dict[str, Decimal]:
    """Every feature of `matching.FEATURES`."""
    values = {
        **matching.text_features(signals, parameters.caps),
        "code": matching.code_fit(demand, supply),
        "quantity": quantity_fit(supply, found),
        "price": price_fit(demand, found),
        "lead_time": lead_time_fit(found),
        "incoterm": incoterm_fit(demand, supply),
        "certificates": certificates_fit(demand, supply),
        "verification": matching.verification_fit(supply),
        "performance": matching.performance_fit(supply, parameters),
        "domestic": ONE if matching.is_domestic(demand, supply) else ZERO,
    }
    return {name: value.quantize(PLACES) for name, value in values.items()}


def quantity_fit(supply: Supply, found: Facts) -> Decimal:
    """The worst of: minimum order, surplus through the order multiple, what can be promised in the
    time, or else what the offer's capacity makes in it.

    Neutral when the units cannot be compared.
    """
    if found.quantity is None or found.ordered is None or found.quantity <= 0:
        return NEUTRAL
    fits = [min(ONE, found.quantity / found.ordered)]
    makeable = capacity(supply, found) if found.available is None else found.available
    if makeable is not None:
        fits.append(min(ONE, makeable / found.ordered))
    return max(ZERO, min(fits)).quantize(PLACES)


def capacity(supply: Supply, found: Facts) -> Decimal | None:
    """What the seller can make between order and dispatch, in its unit; None when not stated."""
    if supply.supply_quantity is None or supply.supply_period is None:
        return None
    days = max(0, found.period_days - found.transit_days)
    return supply.supply_quantity * days / _DAYS[supply.supply_period]


def price_fit(demand: Demand, found: Facts) -> Decimal:
    """1 up to 70 % of the item's share of the budget, 0.6 at all of it, 0 from 160 % on; by the
    price as it comes to delivered, duty paid, where that is known.

    A lot's budget is not split by item, so that with n items only 1/n of the distance from
    neutral is taken.
    """
    if found.delivered is None or not found.share:
        return NEUTRAL
    fit = _line(found.delivered / found.share, _PRICE)
    return (NEUTRAL + (fit - NEUTRAL) / max(1, demand.lot_item_count)).quantize(PLACES)


def lead_time_fit(found: Facts) -> Decimal:
    """1 when half the delivery period is enough, 0.5 when all of it is needed, 0 at twice."""
    if found.needed_days is None:
        return NEUTRAL
    if found.period_days <= 0:
        return ZERO.quantize(PLACES)
    return _line(Decimal(found.needed_days) / found.period_days, _TIME).quantize(PLACES)


_PRICE = ((Decimal("0.7"), ONE), (ONE, Decimal("0.6")), (Decimal("1.6"), ZERO))
_TIME = ((Decimal("0.5"), ONE), (ONE, NEUTRAL), (Decimal(2), ZERO))


def incoterm_fit(demand: Demand, supply: Supply) -> Decimal:
    """How far the seller brings the goods, as the request accepts it.

    1 for accepted terms; half of what they would be worth for others. Without a list: delivered
    (D) 1, carriage paid (C) 0.8, handed over (F) 0.6, ex works 0.4.
    """
    worth = _BY_GROUP.get(supply.incoterm[:1], NEUTRAL)
    if not demand.incoterms:
        return worth
    return ONE if supply.incoterm in demand.incoterms else worth / 2


_BY_GROUP = {"D": ONE, "C": Decimal("0.8"), "F": Decimal("0.6"), "E": Decimal("0.4")}


def incoterm_proposal(demand: Demand, supply: Supply) -> str | None:
    """The rule in which an offer under a sea rule can be restated, when no ship gets there."""
    for finding in incoterms.check(supply.incoterm, supply.place_country, demand.delivery_country):
        if finding.severity is incoterms.Severity.BLOCKER and finding.proposal:
            return str(finding.proposal)
    return None


def certificates_fit(demand: Demand, supply: Supply) -> Decimal:
    """The share of the required certificates that hold at the order; 1 when none is required."""
    if not demand.required_certificates:
        return ONE
    held = sum(holds(supply, scheme, demand.ordered_on) for scheme in demand.required_certificates)
    return (Decimal(held) / len(demand.required_certificates)).quantize(PLACES)


def holds(supply: Supply, scheme: str, day: date) -> bool:
    """True when the seller has a certificate of the scheme that is valid on `day`."""
    return any(
        held.scheme == scheme and (held.expires_on is None or held.expires_on >= day)
        for held in supply.certificates
    )


def _ordered(quantity: Decimal | None, supply: Supply) -> Decimal | None:
    if quantity is None:
        return None
    multiple = supply.order_multiple or ONE
    return offers.nearest_order(quantity, supply.min_order_quantity, multiple)


def _in_offer_unit(demand: Demand, supply: Supply, around: Circumstances) -> Decimal | None:
    if demand.unit_code == supply.unit_code:
        return demand.quantity
    if around.demand_unit is None or around.offer_unit is None:
        return None
    return units.converted(demand.quantity, around.demand_unit, around.offer_unit)


def _line(value: Decimal, points: tuple[tuple[Decimal, Decimal], ...]) -> Decimal:
    """The broken line through `points`, level before the first and after the last."""
    if value <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if value <= x1:
            return y0 + (y1 - y0) * (value - x0) / (x1 - x0)
    return points[-1][1]
