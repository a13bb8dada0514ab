"""A balance of stock under any facts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.stock import Balance, MovementKind, Refused, StockFault, change, moved

QUANTITY = st.integers(0, 50).map(Decimal)
FACTS = st.lists(st.tuples(st.sampled_from(MovementKind), QUANTITY, st.booleans()), max_size=30)


@given(FACTS, st.booleans())
def test_a_balance_is_the_sum_of_its_facts_and_never_negative_unless_the_seller_says_so(
    facts: list[tuple[MovementKind, Decimal, bool]], backorders: bool
) -> None:
    balance = Balance(backorders=backorders)
    for kind, quantity, of_reservation in facts:
        left = balance.reserved if of_reservation else None
        try:
            after = moved(balance, change(balance, kind, quantity, open_reservation=left))
        except Refused:
            continue
        if kind is MovementKind.COUNTED:
            assert (after.on_hand, after.reserved) == (quantity, balance.reserved)
        elif kind is MovementKind.RESERVED and not backorders:
            assert after.reserved <= after.on_hand
        balance = after
        assert balance.reserved >= 0
        assert balance.available >= 0
        assert backorders or balance.on_hand >= 0


@pytest.mark.parametrize(
    ("kind", "quantity", "left", "fault"),
    [
        (MovementKind.RESERVED, "8", None, StockFault.INSUFFICIENT_STOCK),
        (MovementKind.SHIPPED, "8", None, StockFault.INSUFFICIENT_STOCK),
        (MovementKind.SHIPPED, "11", "20", StockFault.INSUFFICIENT_STOCK),
        (MovementKind.SHIPPED, "4", "3", StockFault.NOT_RESERVED),
        (MovementKind.RELEASED, "4", "3", StockFault.NOT_RESERVED),
        (MovementKind.RELEASED, "1", None, StockFault.NOT_OF_A_RESERVATION),
        (MovementKind.RECEIVED, "1", "3", StockFault.NOT_OF_A_RESERVATION),
        (MovementKind.RECEIVED, "0", None, StockFault.NOT_POSITIVE),
    ],
)
def test_a_fact_that_contradicts_the_balance_is_refused(
    kind: MovementKind, quantity: str, left: str | None, fault: StockFault
) -> None:
    balance = Balance(Decimal(10), Decimal(3))

    with pytest.raises(Refused) as refused:
        change(
            balance,
            kind,
            Decimal(quantity),
            open_reservation=None if left is None else Decimal(left),
        )

    assert refused.value.fault is fault
