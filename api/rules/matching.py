"""How well an offer answers a request: what is compared, the features and the score. Pure.

Features lie in [0, 1]; 1/2 is neutral: nothing is known, or nothing was asked. What forbids an
offer is a blocker (matching_blockers.py), never a zero.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from os.path import commonprefix
from typing import Protocol
from uuid import UUID

from api.rules.offers import SupplyPeriod
from api.rules.units import Measure

ALGORITHM = "kerben-match/1"
PLACES = Decimal("0.000001")
ZERO, ONE, NEUTRAL = Decimal(0), Decimal(1), Decimal("0.5")

FEATURES = (
    "semantic",
    "lexical",
    "concept",
    "code",
    "quantity",
    "price",
    "lead_time",
    "incoterm",
    "certificates",
    "verification",
    "performance",
    "domestic",
)


class RequestKind(StrEnum):
    """What asks for goods."""

    TENDER = "tender"
    RFQ = "rfq"


class Coded(Protocol):
    """Anything that may have a code of the CPV and of the HS."""

    @property
    def cpv_code(self) -> str | None: ...
    @property
    def hs_code(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Demand:
    """One item of a published tender, with all that matching may know of it. Of a request for
    quotation `tender_id` is that of the request, and each item a lot of its own.

    `texts` is the item's title, `specification` and `context` (the lot's or tender's title and
    description) by language; `quantity` is in `unit_code` (Rec 20); `lot_budget` is for the whole
    lot of `lot_item_count` items. `public` tells whether a supplier may see the request at all.
    """

    item_id: UUID
    lot_id: UUID
    tender_id: UUID
    buyer_id: UUID
    texts: Mapping[str, str]
    quantity: Decimal
    unit_code: str
    delivery_country: str
    ordered_on: date
    deliver_by: date
    specification: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    cpv_code: str | None = None
    hs_code: str | None = None
    lot_budget: Decimal | None = None
    lot_budget_currency: str = "KGS"
    lot_item_count: int = 1
    delivery_place_code: str | None = None
    incoterms: tuple[str, ...] = ()
    required_certificates: tuple[str, ...] = ()
    public: bool = True


@dataclass(frozen=True, slots=True)
class PriceTier:
    """The price of one unit from a quantity on."""

    min_quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class LeadTier:
    """Days until the goods are ready, from a quantity on."""

    min_quantity: Decimal
    days: int


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate that stands behind an offer; `expires_on` is its last day, None for none."""

    scheme: str
    number: str
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Supply:
    """What an offer gives, and what is known of its seller. Tiers ascend by quantity.

    `markets` are the countries it is sold to; empty means everywhere. `barred` are those that ask
    of such goods what they lack. Weight, volume and packages are those of one unit.
    """

    offer_id: UUID
    seller_id: UUID
    seller_country: str
    unit_code: str
    min_order_quantity: Decimal
    order_multiple: Decimal
    currency: str
    incoterm: str
    price_tiers: tuple[PriceTier, ...]
    lead_time_tiers: tuple[LeadTier, ...] = ()
    markets: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    place_code: str | None = None
    place_country: str | None = None
    cpv_code: str | None = None
    hs_code: str | None = None
    supply_quantity: Decimal | None = None
    supply_period: SupplyPeriod | None = None
    certificates: tuple[Held, ...] = ()
    valid_through: date | None = None
    seller_verified: bool = False
    verification_level: int = 0
    debarred_until: date | None = None
    deliveries: int = 0
    good_deliveries: int = 0
    performance: Decimal | None = None
    gross_weight_kg: Decimal | None = None
    volume_m3: Decimal | None = None
    packages: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Signals:
    """What the texts say: standard scores against the rest of the catalogue, in [0, cap]."""

    semantic: Decimal = ZERO
    lexical: Decimal = ZERO
    concept: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else enters: the day, the rate (offer's currency to the budget's) and both units.

    `available` is what can be promised of the offer for the day of dispatch, from stock and
    capacity, in its unit; None where its seller does not say.
    """

    as_of: date
    rate: Decimal | None = None
    rate_on: date | None = None
    delivered_factor: Decimal | None = None
    demand_unit: Measure | None = None
    offer_unit: Measure | None = None
    available: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything of the model that is not a weight. Days of transit are assumptions.

    `routes` maps "CN>KG" to (mode, days) from the middle of the seller's country; `places` maps
    an origin that lies nearer to its own days; `caps` are the largest standard scores.
    """

    caps: Mapping[str, Decimal]
    routes: Mapping[str, tuple[str, int]]
    places: Mapping[str, int] = field(default_factory=dict)
    default_transit_days: int = 30
    min_verification_level: int = 1
    performance_prior: Decimal = NEUTRAL
    performance_strength: Decimal = Decimal(5)


def text_features(signals: Signals, caps: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Meaning, words and concepts: standard scores as shares of the most that is counted."""
    return {
        name: _bounded(getattr(signals, name) / caps[name])
        for name in ("semantic", "lexical", "concept")
    }


def code_fit(demand: Coded, supply: Coded) -> Decimal:
    """How near the codes lie in their hierarchies, the better of CPV and HS; neutral without.

    CPV: 2, 3, 4 and 5 common digits are division, group, class and category. HS: 2, 4 and 6.
    """
    found = []
    if demand.cpv_code and supply.cpv_code:
        found.append(cpv_fit(demand.cpv_code, supply.cpv_code))
    if demand.hs_code and supply.hs_code:
        found.append(hs_fit(demand.hs_code, supply.hs_code))
    return max(found, default=NEUTRAL)


_CPV_FIT = {2: Decimal("0.3"), 3: Decimal("0.55"), 4: Decimal("0.8"), 5: ONE}
_HS_FIT = {2: Decimal("0.3"), 4: Decimal("0.8"), 6: ONE}


def cpv_fit(one: str, other: str) -> Decimal:
    """How near two CPV codes lie; the check digit does not count."""
    return _depth(one[:8], other[:8], _CPV_FIT)


def hs_fit(one: str, other: str) -> Decimal:
    """How near two HS codes lie."""
    return _depth(one, other, _HS_FIT)


def performance_fit(supply: Supply, parameters: Parameters) -> Decimal:
    """What the seller's scorecard says overall, where it has enough data (rules/scorecards.py).

    Else the share of good deliveries, drawn towards the prior; the prior itself without data, so
    that a new seller stands neither before nor behind an ordinary one.
    """
    if supply.performance is not None:
        return _bounded(supply.performance)
    strength = parameters.performance_strength
    good = Decimal(supply.good_deliveries) + parameters.performance_prior * strength
    return _bounded(good / (Decimal(supply.deliveries) + strength))


def verification_fit(supply: Supply) -> Decimal:
    """The level of verification, 0 to 3, as a share."""
    return _bounded(Decimal(supply.verification_level) / 3)


def is_open_to(demand: Demand, supply: Supply) -> bool:
    """True when the offer is for the buyer's market, which lets such goods in, and nobody buys from
    itself."""
    market = not supply.markets or demand.delivery_country in supply.markets
    return market and not is_barred(demand, supply) and supply.seller_id != demand.buyer_id


def is_barred(demand: Demand, supply: Supply) -> bool:
    """True when the goods lack what the country that they go to asks of them."""
    return demand.delivery_country in supply.barred


def is_domestic(demand: Demand, supply: Supply) -> bool:
    """True when the seller is of the country the goods go to."""
    return supply.seller_country == demand.delivery_country


def score(features: Mapping[str, Decimal], weights: Mapping[str, Decimal]) -> Decimal:
    """The weighted mean of the features, to six places. KeyError for a weight without feature.

    No unit: it orders the offers of one request and is not a probability.
    """
    total = sum((weights[name] for name in weights), ZERO)
    if total <= 0:
        return ZERO.quantize(PLACES)
    # A fixed order, since the sum is rounded at the 28th digit.
    weighted = sum((weights[name] * features[name] for name in sorted(weights)), ZERO)
    return (weighted / total).quantize(PLACES)


def tie_seed(item_id: UUID) -> str:
    """The seed of an item's shuffle, written into each of its matches."""
    return f"{ALGORITHM}:{item_id.hex}"


def tie_key(seed: str, offer_id: UUID) -> str:
    """The offer's lot in the shuffle: among equal scores the smaller stands first."""
    return hashlib.sha256(f"{seed}:{offer_id.hex}".encode()).hexdigest()


def ranked(scores: Mapping[UUID, Decimal], seed: str) -> list[UUID]:
    """Offers by falling score; equal ones in an order that favours nobody and can be repeated."""
    return sorted(scores, key=lambda offer_id: (-scores[offer_id], tie_key(seed, offer_id)))


def near_duplicates(mine: frozenset[str], other: frozenset[str], share: float = 0.8) -> bool:
    """True when two offers of one seller say nearly the same: their common share of terms."""
    common = len(mine & other)
    return bool(mine) and common >= share * (len(mine) + len(other) - common)


def rounded(values: Sequence[float]) -> list[Decimal]:
    """Floats of the text layer as the decimals that are stored and computed with."""
    return [Decimal(repr(round(float(value), 6))).quantize(PLACES) for value in values]


def _depth(one: str, other: str, fit: Mapping[int, Decimal]) -> Decimal:
    if one == other:
        return ONE
    common = len(commonprefix((one, other)))
    return max((value for digits, value in fit.items() if common >= digits), default=ZERO)


def _bounded(value: Decimal) -> Decimal:
    return min(ONE, max(ZERO, value)).quantize(PLACES)
