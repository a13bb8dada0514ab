from itertools import permutations

import pytest

from api.rules.stripe_events import (
    ReturnStatus,
    StripeKind,
    is_forward,
    kind_of,
    returns_forward,
    root_id,
)


@pytest.mark.parametrize(
    ("event", "told", "root"),
    [
        ("payment_intent.succeeded", {"object": "payment_intent", "id": "pi_1"}, "pi_1"),
        ("charge.refunded", {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, "pi_1"),
        ("charge.dispute.created", {"object": "dispute", "payment_intent": "pi_1"}, "pi_1"),
        ("refund.failed", {"object": "refund", "payment_intent": "pi_1"}, "pi_1"),
        ("charge.succeeded", {"object": "charge", "id": "ch_1", "payment_intent": None}, None),
        ("transfer.reversed", {"object": "transfer", "id": "tr_1"}, "tr_1"),
        (
            "v2.money_management.outbound_payment.returned",
            {"object": "outbound_payment", "id": "obp_1"},
            "obp_1",
        ),
        ("v2.core.account[requirements].updated", {"object": "account", "id": "acct_1"}, "acct_1"),
    ],
)
def test_pay_07_an_event_names_the_root_that_is_fetched(
    event: str, told: dict[str, object], root: str | None
) -> None:
    kind = kind_of(event)
    assert kind is not None
    assert root_id(kind, told) == root


@pytest.mark.parametrize("event", ["customer.created", "quote.accepted", "v3.unheard_of", ""])
def test_pay_08_a_type_that_nobody_works_has_no_root(event: str) -> None:
    assert kind_of(event) is None


@pytest.mark.parametrize(
    ("kind", "history", "last"),
    [
        (StripeKind.PAYMENT, ("requires_action", "processing", "succeeded"), "succeeded"),
        (StripeKind.PAYOUT, ("pending", "in_transit", "paid", "failed"), "failed"),
        (StripeKind.OUTBOUND_PAYMENT, ("processing", "posted", "returned"), "returned"),
        (StripeKind.TRANSFER, ("paid", "partially_reversed", "reversed"), "reversed"),
    ],
)
def test_pay_07_only_forward_moves_are_believed_whatever_the_order(
    kind: StripeKind, history: tuple[str, ...], last: str
) -> None:
    for order in permutations(history + history[:1]):
        known: str | None = None
        for status in order:
            if is_forward(kind, known, status):
                known = status
        assert known == last


def test_a_refund_may_fail_after_it_succeeded_and_never_succeeds_after_it_failed() -> None:
    assert returns_forward(ReturnStatus.SUCCEEDED, ReturnStatus.FAILED)
    assert not returns_forward(ReturnStatus.FAILED, ReturnStatus.SUCCEEDED)
    assert not returns_forward(ReturnStatus.SUCCEEDED, ReturnStatus.PENDING)
