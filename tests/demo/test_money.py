"""`kerben demo --with-payments`: the money of a contract on the double, and where there is no double."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlmodel import Session
from typer.testing import CliRunner

from api.__main__ import main
from api.core import migrations
from api.core.migrations import ROOT
from tests.demo import money
from tests.payments.stripe_world import StripeWorld, running_double, stripe_world

__all__ = ["running_double", "stripe_world"]


def test_money_flows_on_the_double_to_books_that_balance_and_a_reconciliation_without_rest(
    stripe_world: StripeWorld, session: Session, as_org: Callable[..., Any]
) -> None:
    shown = StringIO()
    told = money.tell(Console(file=shown, width=120), stripe_world, session, as_org)
    assert len(told.acts) == 6
    assert told.balanced
    assert told.unmatched == []
    (clearing,) = told.reconciliation
    assert clearing["difference"] in ("0", "0.000000")
    assert (clearing["clearing"], clearing["currency"]) == ("stripe_clearing", "KGS")
    purposes = [each.amount for each in stripe_world.api.v1.transfers.list().data]
    assert len(purposes) == 3
    assert len(stripe_world.api.v1.refunds.list().data) == 1
    text = shown.getvalue()
    assert money.LABEL in text
    assert "The ledger is balanced." in text
    assert "0 items without their match" in text


@pytest.mark.parametrize("missing", ["tests", "pytest"])
def test_where_the_double_is_not_the_command_says_so_and_does_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    if missing == "tests":
        monkeypatch.setattr(migrations, "ROOT", tmp_path)
    else:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ran = CliRunner().invoke(main, ["demo", "--with-payments"])
    assert ran.exit_code == 1
    assert "needs the double of Stripe" in ran.output
    assert "make demo ARGS=--with-payments" in ran.output.replace("\n", " ")


def test_the_image_and_the_wheel_carry_no_double_and_make_passes_the_option() -> None:
    assert "tests" not in (ROOT / "Dockerfile").read_text()
    assert "kerben demo $(ARGS)" in (ROOT / "Makefile").read_text()
