"""Amounts of the ledger: exact, of whole coins, and in minor units at Stripe alone."""

import re
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from api.core.migrations import ROOT
from api.payments.models import LedgerEntry
from api.rules.ledger import AccountKey, AccountKind, Unbalanced
from tests.payments.test_ledger import balance, book, changing_nothing, moved


@pytest.mark.parametrize(
    ("currency", "coin"), [("KGS", "0.01"), ("USD", "0.01"), ("JPY", "1"), ("KWD", "0.001")]
)
def test_led_03_amounts_are_decimals_of_whole_coins_and_nothing_finer_is_booked(
    session: Session, currency: str, coin: str
) -> None:
    bank, account = (
        AccountKey(AccountKind.BANK_CLEARING, currency),
        AccountKey(AccountKind.SUSPENSE, currency),
    )
    for _ in range(3):
        book(moved(bank, account, coin))
    assert balance(account) == Decimal(coin) * 3
    part = Decimal(coin) / 2
    with changing_nothing(session), pytest.raises(Unbalanced, match="finer than its coin"):
        book(moved(bank, account, part))
    with pytest.raises(Unbalanced):
        book(moved(bank, account, Decimal(1) + part))
    rows = session.exec(select(LedgerEntry.amount)).all()
    assert {type(each) for each in rows} == {Decimal}


def test_led_03_minor_units_are_written_for_stripe_alone() -> None:
    using = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "api").rglob("*.py")
        if re.search(r"\b(to|from)_minor\b", path.read_text())
    }
    assert {each for each in using if not each.startswith("api/payments/stripe_rail/")} == {
        "api/rules/minor_units.py"
    }
