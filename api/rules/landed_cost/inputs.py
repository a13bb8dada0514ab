"""What a landed cost is computed from, and nothing else. Pure; money is Decimal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from api.rules.evaluation.inputs import OMITTED, RateSet
from api.rules.incoterms import VERSION, Deviation, Incoterm
from api.rules.landed_cost.kinds import (
    Basis,
    ChargeKind,
    Driver,
    DutyKind,
    Regime,
    RemedyKind,
    Segment,
    StatedKind,
)
from api.rules.transport import TransportMode

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Sourced:
    """Where a number is from, since when it counts, and whether somebody has read it there."""

    source: str
    valid_from: date
    reviewed: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of delivery of a price.

    `deemed` lets a sea rule stand, for a destination without a sea, as the land rule that it would
    be restated in, at the same place; it is flagged. `unloading_in_carriage` says, under a C rule,
    that unloading is in the seller's contract of carriage. `deviations` are None, not empty, where
    the rule is agreed as it stands.
    """

    incoterm: Incoterm
    place_code: str
    place_country: str
    version: str = VERSION
    is_seller_premises: bool | None = None
    importer_of_record: str | None = None
    importer_tax_id: str | None = None
    vat_recovered_by: str | None = None
    unloading_in_carriage: bool = False
    deemed: bool = False
    deviations: tuple[Deviation, ...] | None = field(default=None, metadata={OMITTED: True})


@dataclass(frozen=True, slots=True)
class PriceTier:
    """The price of one unit from a quantity on."""

    min_quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Duty:
    """An import duty: a fraction of the value, or an amount by unit of quantity, or both."""

    kind: DutyKind
    sourced: Sourced
    ad_valorem: Decimal = ZERO
    specific_amount: Decimal = ZERO
    specific_currency: str | None = None
    specific_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """A trade remedy, as a fraction of the customs value; `producer` None is everybody else's."""

    kind: RemedyKind
    rate: Decimal
    producer: str | None
    sourced: Sourced


@dataclass(frozen=True, slots=True)
class Excise:
    """An excise: a fraction of value and duty together, an amount by unit, or both."""

    sourced: Sourced
    ad_valorem: Decimal = ZERO
    specific_amount: Decimal = ZERO
    specific_currency: str | None = None
    specific_unit: str | None = None


@dataclass(frozen=True, slots=True)
class ImportVat:
    """The VAT of goods that their country of destination does not tax at its usual rate."""

    rate: Decimal
    sourced: Sourced


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of goods.

    Weights (kg), volume (m³) and packages are of the whole line; `measures` gives its quantity in
    other units (UN/ECE Rec 20), as specific duties need it. `discount_rate` is a fraction that is
    taken off after the tier was chosen by the quantity. `vat` None is the rate of the parameters.
    """

    id: str
    quantity: Decimal
    unit_code: str
    price_tiers: tuple[PriceTier, ...]
    tnved_code: str | None = None
    origin: str | None = None
    producer: str | None = None
    net_weight_kg: Decimal = ZERO
    gross_weight_kg: Decimal = ZERO
    volume_m3: Decimal = ZERO
    packages: Decimal = ZERO
    measures: Mapping[str, Decimal] = field(default_factory=dict)
    discount_rate: Decimal = ZERO
    min_order_quantity: Decimal = ZERO
    minimum_waived: bool = False
    duty: Duty | None = None
    remedies: tuple[Remedy, ...] = ()
    excise: Excise | None = None
    vat: ImportVat | None = field(default=None, metadata={OMITTED: True})


@dataclass(frozen=True, slots=True)
class Stated:
    """A part of the price that the seller states separately; it lowers the customs value only
    when it is documented."""

    kind: StatedKind
    amount: Decimal
    currency: str
    documented: bool


@dataclass(frozen=True, slots=True)
class Charge:
    """A line of a rate card: `rate` for one unit of `basis`, at `from_place` or on to `to_place`."""

    code: str
    kind: ChargeKind
    segment: Segment
    from_place: str
    to_place: str | None
    basis: Basis
    rate: Decimal
    currency: str
    driver: Driver
    sourced: Sourced


@dataclass(frozen=True, slots=True)
class Route:
    """A way for the goods, its places in order; the last one is the destination."""

    code: str
    mode: TransportMode
    crossing: str
    places: tuple[str, ...]
    capacity_kg: Decimal
    capacity_m3: Decimal
    card: str
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The numbers of import in force on the day. Rates are fractions; the fee is in `home`.

    `sources` names where each is from, by its name here.
    """

    fee_rate: Decimal
    fee_min: Decimal
    fee_max: Decimal
    vat_rate: Decimal
    vat_base_includes_fee: bool
    insurance_rate: Decimal
    insurance_coverage: Decimal
    sources: Mapping[str, Sourced] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a landed cost is computed from.

    `day` is the day whose tariffs and rate card count; `rates` say what one unit of each currency
    costs in `home`, the currency of the result. `destination_country` is that of the last place.

    `rates` are those at which the price and the charges are paid; customs take the value, and amounts
    in a tariff, at `declaration_rates` where they are given: those of the day on which the declaration
    is registered.
    """

    subject: str
    day: date
    home: str
    destination: str
    destination_country: str
    regime: Regime
    terms: Terms
    currency: str
    price_includes_vat: bool
    lines: tuple[Line, ...]
    parameters: Parameters
    rates: RateSet
    route: Route | None = None
    stated: tuple[Stated, ...] = ()
    declaration_rates: RateSet | None = field(default=None, metadata={OMITTED: True})
