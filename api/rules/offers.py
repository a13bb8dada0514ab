"""What an offer promises: its life, its quantity tiers, and which quantities can be ordered."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

from api.rules.clock import BISHKEK
from api.rules.states import Machine


class OfferStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"


class CertificateStatus(StrEnum):
    """What is known of a certificate; whether it has run out is told by its last day."""

    CLAIMED = "claimed"
    VERIFIED = "verified"
    WITHDRAWN = "withdrawn"


class SupplyPeriod(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class LeadTimeStart(StrEnum):
    """The event from which the days of a lead time count."""

    PO = "po"
    ADVANCE = "advance"
    DRAWING_APPROVAL = "drawing_approval"


_S, _C = OfferStatus, CertificateStatus
OFFER = Machine(
    {
        "activate": (frozenset({_S.DRAFT, _S.EXPIRED}), _S.ACTIVE),
        "suspend": (frozenset({_S.ACTIVE}), _S.SUSPENDED),
        "resume": (frozenset({_S.SUSPENDED}), _S.ACTIVE),
        "expire": (frozenset({_S.ACTIVE, _S.SUSPENDED}), _S.EXPIRED),
    }
)
CERTIFICATE = Machine(
    {
        "verify": (frozenset({_C.CLAIMED}), _C.VERIFIED),
        "withdraw": (frozenset({_C.CLAIMED, _C.VERIFIED}), _C.WITHDRAWN),
        "renew": (frozenset({_C.CLAIMED, _C.VERIFIED}), _C.CLAIMED),
    }
)


class Tier(Protocol):
    """A lower bound of quantity; the tier ends where the next one begins."""

    @property
    def min_quantity(self) -> Decimal: ...


class PriceStep(Tier, Protocol):
    """The price of one unit from a quantity on."""

    @property
    def unit_price(self) -> Decimal: ...


class LeadStep(Tier, Protocol):
    """Days until the goods are ready, from a quantity on."""

    @property
    def days(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a field; `path` is its place in the input, "price_tiers/0/unit_price"."""

    path: str
    code: str
    detail: str


def price_at(tiers: Sequence[PriceStep], quantity: Decimal) -> Decimal | None:
    """The unit price at `quantity`; None below the first tier. `tiers` ascend by quantity."""
    position = _position(tiers, quantity)
    return None if position is None else tiers[position].unit_price


def lead_days_at(tiers: Sequence[LeadStep], quantity: Decimal) -> int | None:
    """Days until `quantity` is ready; None below the first tier. `tiers` ascend by quantity."""
    position = _position(tiers, quantity)
    return None if position is None else tiers[position].days


def nearest_order(quantity: Decimal, moq: Decimal, multiple: Decimal) -> Decimal:
    """The smallest quantity that covers `quantity` and can be ordered.

    It is a whole multiple of `multiple`, and at least `moq` (the minimum order quantity).
    """
    wanted = max(quantity, moq)
    surplus = wanted % multiple
    return wanted if not surplus else wanted - surplus + multiple


def offer_findings(
    *,
    moq: Decimal,
    multiple: Decimal,
    prices: Sequence[PriceStep],
    leads: Sequence[LeadStep],
    supply_quantity: Decimal | None,
    supply_period: SupplyPeriod | None,
    valid_from: date | None,
    valid_through: date | None,
    today: date,
) -> list[Finding]:
    """Contradictions inside an offer; empty when it can be published. `today` is Bishkek's."""
    found = []
    if moq % multiple:
        found.append(
            Finding(
                "min_order_quantity",
                "not_a_multiple",
                f"Must be a multiple of order_multiple ({plain(multiple)})",
            )
        )
    found += _tier_findings("price_tiers", prices, moq)
    found += _tier_findings("lead_time_tiers", leads, moq)
    found += _price_rises(prices)
    if (supply_quantity is None) != (supply_period is None):
        detail = "supply_quantity and supply_period belong together"
        found.append(Finding("supply_period", "incomplete", detail))
    if valid_through is not None and valid_through < today:
        found.append(Finding("valid_through", "in_the_past", "The last day of validity has passed"))
    if valid_from is not None and valid_through is not None and valid_through < valid_from:
        found.append(Finding("valid_through", "before_start", "It ends before it begins"))
    return found


def price_findings(prices: Sequence[PriceStep], moq: Decimal) -> list[Finding]:
    """Contradictions inside tiers of prices, alone and with the minimum order quantity."""
    return _tier_findings("price_tiers", prices, moq) + _price_rises(prices)


def validity_end(valid_through: date) -> datetime:
    """The instant at which the last day of validity is over in Bishkek, in UTC."""
    midnight = datetime.combine(valid_through + timedelta(days=1), time.min, tzinfo=BISHKEK)
    return midnight.astimezone(UTC)


def is_valid_on(day: date, valid_from: date | None, valid_through: date | None) -> bool:
    """True when `day` lies in the validity, both ends included; an open end has no limit."""
    return (valid_from is None or valid_from <= day) and (
        valid_through is None or day <= valid_through
    )


def gtin14(number: str) -> str | None:
    """The 14-digit form of a GTIN-8, -12, -13 or -14; None when its check digit is wrong.

    Source: GS1 General Specifications, section 7.9 (weights 3 and 1 from the right).
    """
    if len(number) not in (8, 12, 13, 14) or not (number.isascii() and number.isdigit()):
        return None
    padded = number.zfill(14)
    total = sum(int(digit) * (3, 1)[i % 2] for i, digit in enumerate(padded))
    return None if total % 10 else padded


def plain(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros: 12.500000 -> "12.5"."""
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _position(tiers: Sequence[Tier], quantity: Decimal) -> int | None:
    found = bisect_right(tiers, quantity, key=lambda tier: tier.min_quantity)
    return found - 1 if found else None


def _price_rises(prices: Sequence[PriceStep]) -> list[Finding]:
    return [
        Finding(
            f"price_tiers/{i}/unit_price",
            "price_rises",
            "A larger quantity may not cost more a unit",
        )
        for i, (before, after) in enumerate(pairwise(prices), start=1)
        if after.unit_price > before.unit_price
    ]


def _tier_findings(field: str, tiers: Sequence[Tier], moq: Decimal) -> list[Finding]:
    """Tiers start at the minimum order quantity and ascend, so that none of them can gape."""
    if not tiers:
        return [Finding(field, "too_short", "At least one tier is needed")]
    found = []
    if tiers[0].min_quantity != moq:
        detail = f"The first tier must start at min_order_quantity ({plain(moq)})"
        found.append(Finding(f"{field}/0/min_quantity", "not_the_minimum", detail))
    for i, (before, after) in enumerate(pairwise(tiers), start=1):
        if after.min_quantity <= before.min_quantity:
            detail = "Each tier must start at a larger quantity than the one before"
            found.append(Finding(f"{field}/{i}/min_quantity", "not_ascending", detail))
    return found
