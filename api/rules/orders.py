"""Orders made from a quote, without a tender: how they live and what they come to. Pure."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from api.rules.states import Machine

PROCEDURE = "order"
"""Of the policy set whose terms count where an order says nothing else; no tender follows it."""


class PurchaseOrderStatus(StrEnum):
    """How an order stands: drafted and placed by the buyer, confirmed or refused by the seller."""

    DRAFT = "draft"
    PLACED = "placed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


_O = PurchaseOrderStatus
LIVE = frozenset({_O.PLACED, _O.CONFIRMED})
"""A request has one order at most that stands so."""
ORDER = Machine(
    {
        "place": (frozenset({_O.DRAFT}), _O.PLACED),
        "confirm": (frozenset({_O.PLACED}), _O.CONFIRMED),
        "refuse": (LIVE, _O.REFUSED),
        "lapse": (frozenset({_O.PLACED}), _O.LAPSED),
        "cancel": (frozenset({_O.DRAFT, *LIVE}), _O.CANCELLED),
    }
)


def line_amount(quantity: Decimal, unit_price: Decimal, places: int) -> Decimal:
    """What a line costs: whole coins of the currency (`places` of them), halves up."""
    return (quantity * unit_price).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """What an order costs."""
    return sum(amounts, Decimal())
