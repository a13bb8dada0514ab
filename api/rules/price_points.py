"""Other prices of an offer: for another Incoterms rule or place, or for one buyer alone. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from api.rules.offers import PriceStep, is_valid_on, price_at


class PricePoint(Protocol):
    """Prices of one unit by quantity under an Incoterms rule at a place, for a time.

    With `buyer_id` it is a contract price, which is that buyer's alone.
    """

    @property
    def buyer_id(self) -> UUID | None: ...
    @property
    def incoterm(self) -> str: ...
    @property
    def place_code(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_through(self) -> date | None: ...
    @property
    def price_tiers(self) -> Sequence[PriceStep]: ...


def standing[T: PricePoint](points: Iterable[T], buyer_id: UUID | None, day: date) -> list[T]:
    """Those of the points that are for the buyer on a day, of each rule and place one: a contract
    price before a price for all, and of equals the one that began last. Contract prices first."""
    found: dict[tuple[str, str], T] = {}
    ours = [
        point
        for point in points
        if point.buyer_id in (None, buyer_id)
        and is_valid_on(day, point.valid_from, point.valid_through)
    ]
    ours.sort(key=lambda each: (each.buyer_id is not None, each.valid_from), reverse=True)
    for point in ours:
        found.setdefault((point.incoterm, point.place_code), point)
    return list(found.values())


def contract_price[T: PricePoint](
    points: Iterable[T], buyer_id: UUID, day: date, *, incoterm: str, place_code: str
) -> T | None:
    """The contract price that an offer is compared by for its buyer: the one in the terms of the
    offer (`incoterm`, `place_code`), else the one that began last; None without any."""
    own = [p for p in standing(points, buyer_id, day) if p.buyer_id is not None]
    for point in own:
        if (point.incoterm, point.place_code) == (incoterm, place_code):
            return point
    return own[0] if own else None


def unit_price(point: PricePoint, quantity: Decimal) -> Decimal | None:
    """The price of one unit at a quantity; None below the first tier."""
    return price_at(point.price_tiers, quantity)
