"""What a landed cost comes to, figure by figure."""

from dataclasses import dataclass
from decimal import Decimal

from api.rules.incoterms import Incoterm, Party, Point, Severity
from api.rules.landed_cost.kinds import ChargeKind, Driver, Segment


@dataclass(frozen=True, slots=True)
class Component:
    """A charge of the way: what it costs, who pays it, whether the customs value has it.

    `home_amount` is in the currency of the result. What the seller pays is inside the price.
    """

    code: str
    kind: ChargeKind
    segment: Segment
    payer: Party
    amount: Decimal
    currency: str
    home_amount: Decimal
    driver: Driver
    in_customs_value: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the terms that the reader must know; `proposal` is a rule to restate in."""

    code: str
    severity: Severity
    detail: str
    proposal: Incoterm | None = None


@dataclass(frozen=True, slots=True)
class FreightSplit:
    """What the buyer would save if the seller's invoice stated carriage after the Union's border
    separately: the carriage in the price's currency, the total then, and the difference."""

    carriage: Decimal
    currency: str
    total_gross: Decimal
    saving: Decimal


# Not frozen, though nobody alters it: freezing cost a fifth of a whole computation.
@dataclass(slots=True)
class LineResult:
    """One line in the currency of the result; the lines sum to the whole in every figure.

    `unit_price` and `goods` are in the price's currency, after tier and discount. `paid` is the
    price with the line's share of all shared charges, before duties and taxes.
    """

    id: str
    unit_price: Decimal
    goods: Decimal
    customs_value: Decimal | None
    paid: Decimal
    fee: Decimal | None
    duty: Decimal | None
    remedies: Decimal | None
    excise: Decimal | None
    vat: Decimal | None
    total_gross: Decimal
    total_net: Decimal | None


@dataclass(frozen=True, slots=True)
class Result:
    """The landed cost. None where a figure is inside a price that does not state it (DDP).

    `goods`, `buyer_logistics` (what the buyer pays for the way, but the local part) and `insurance`
    are in the price's currency; everything else in `currency`.
    """

    currency: str
    evaluated_as: Incoterm
    risk_point: Point
    cost_point: Point
    goods: Decimal
    buyer_logistics: Decimal
    insurance: Decimal
    local_charges: Decimal
    customs_value: Decimal | None
    fee: Decimal | None
    duty: Decimal | None
    remedies: Decimal | None
    excise: Decimal | None
    vat: Decimal | None
    total_gross: Decimal
    total_net: Decimal | None
    components: tuple[Component, ...]
    lines: tuple[LineResult, ...]
    notices: tuple[Notice, ...]
    unreviewed: tuple[str, ...]
    freight_split: FreightSplit | None
