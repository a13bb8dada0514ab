"""Double entry as pure values."""

from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.ledger import (
    CHART,
    AccountKey,
    AccountKind,
    Entry,
    Unbalanced,
    exchange,
    require_balanced,
    reversal,
    shown,
    transfer,
)

PLAIN = [kind for kind, nature in CHART.items() if not nature.referenced]
amounts = st.decimals(min_value="0.01", max_value="999999999", places=2)
BOUGHT = {0: "JPY", 2: "KGS", 3: "KWD"}
keys = st.builds(AccountKey, st.sampled_from(PLAIN), st.sampled_from(["KGS", "USD", "CNY"]))


@given(keys, st.sampled_from(PLAIN), amounts)
def test_a_transfer_and_its_reversal_are_balanced_and_cancel_out(
    debit: AccountKey, kind: AccountKind, amount: Decimal
) -> None:
    entries = transfer(debit, AccountKey(kind, debit.currency), amount)
    undone = reversal(entries)
    require_balanced(entries)
    require_balanced(undone)
    assert [a.amount + b.amount for a, b in zip(entries, undone, strict=True)] == [0, 0]


@given(
    amounts,
    st.decimals(min_value="0.0001", max_value="10000", places=4),
    st.sampled_from([0, 2, 3]),
)
def test_an_exchange_is_balanced_in_each_currency_and_rounded_to_the_bought_one(
    amount: Decimal, rate: Decimal, places: int
) -> None:
    debit = AccountKey(AccountKind.BANK_CLEARING, "CNY")
    credit = AccountKey(AccountKind.SUSPENSE, BOUGHT[places])
    try:
        entries = exchange(debit, credit, amount, rate, places)
    except Unbalanced:
        assert amount * rate < Decimal(1).scaleb(-places)
        return
    require_balanced(entries)
    bought = -entries[-1].amount
    assert bought == round(bought, places)
    assert abs(bought - amount * rate) <= Decimal(1).scaleb(-places) / 2


@pytest.mark.parametrize(
    "values", [[], ["5"], ["5", "-4"], ["0", "0"], ["NaN", "1"], ["0.001", "-0.001"]]
)
def test_what_is_no_transaction_is_refused(values: list[str]) -> None:
    account = AccountKey(AccountKind.SUSPENSE, "KGS")
    with pytest.raises(Unbalanced):
        require_balanced([Entry(account, Decimal(value)) for value in values])


def test_amounts_of_two_currencies_do_not_balance_each_other() -> None:
    som, dollar = (AccountKey(AccountKind.BANK_CLEARING, c) for c in ("KGS", "USD"))
    with pytest.raises(Unbalanced, match=r"5 KGS, -5 USD"):
        require_balanced([Entry(som, Decimal(5)), Entry(dollar, Decimal(-5))])


def test_accounts_of_a_contract_name_it_and_the_platforms_own_name_nobody() -> None:
    with pytest.raises(ValueError, match="names whose"):
        AccountKey(AccountKind.ESCROW_LIABILITY, "KGS")
    with pytest.raises(ValueError, match="belongs to nobody"):
        AccountKey(AccountKind.BANK_CLEARING, "KGS", uuid4())


def test_a_balance_is_shown_on_the_normal_side() -> None:
    assert shown(AccountKind.BANK_CLEARING, Decimal(7), Decimal(2)) == 5
    assert shown(AccountKind.ESCROW_LIABILITY, Decimal(2), Decimal(7)) == 5


def test_led_09_the_chart_knows_whose_each_account_is_and_which_is_never_overdrawn() -> None:
    """Of the design; the account of a bid's security is the security's, so that the bid stays secret."""
    owned = {kind.value for kind, nature in CHART.items() if nature.referenced}
    assert owned == {
        "buyer_receivable",
        "supplier_receivable",
        "escrow_liability",
        "bid_security_liability",
        "performance_security_liability",
        "supplier_payable",
        "buyer_payable",
    }
    assert {kind.value for kind in CHART} - owned >= {
        "platform_fee_revenue",
        "stripe_clearing",
        "bank_clearing",
        "dispute_reserve",
        "fx",
    }
    held_for_others = {
        kind for kind in CHART if kind.value.endswith(("_liability", "_payable", "suspense"))
    } - {AccountKind.TAX_PAYABLE}
    assert all(CHART[kind].no_overdraft for kind in held_for_others)
    assert {CHART[kind].normal for kind in held_for_others} == {"credit"}
