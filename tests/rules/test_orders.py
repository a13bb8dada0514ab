"""Orders: what a line costs, and from where each act leads."""

from decimal import Decimal

import pytest

from api.rules.orders import LIVE, ORDER, PurchaseOrderStatus, line_amount
from api.rules.sourcing import ORDERABLE, QUOTE, QuoteStatus

_O, _Q = PurchaseOrderStatus, QuoteStatus


@pytest.mark.parametrize(
    ("quantity", "price", "places", "amount"),
    [
        ("100", "6200.5", 2, "620050.00"),
        ("3", "0.335", 2, "1.01"),
        ("3", "0.335", 0, "1"),
        ("0.001", "0.01", 2, "0.00"),
    ],
)
def test_a_line_costs_whole_coins_of_its_currency(
    quantity: str, price: str, places: int, amount: str
) -> None:
    found = line_amount(Decimal(quantity), Decimal(price), places)
    assert str(found) == amount


def test_an_order_that_is_over_moves_no_more() -> None:
    for over in (_O.REFUSED, _O.LAPSED, _O.CANCELLED):
        assert ORDER.allowed(over) == []
    assert {status for status in _O if "refuse" in ORDER.allowed(status)} == LIVE
    assert ORDER.allowed(_O.DRAFT) == ["place", "cancel"]


def test_what_is_ordered_from_can_be_neither_changed_nor_withdrawn() -> None:
    assert {status for status in _Q if "order" in QUOTE.allowed(status)} == ORDERABLE
    assert set(QUOTE.allowed(_Q.ORDERED)) == {"release", "decline", "expire"}
