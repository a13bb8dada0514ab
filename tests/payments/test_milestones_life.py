"""A contract paid by milestones, from the proposal to the retention released."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from tests.payments import paying
from tests.procurement import awarding
from workers import clock

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]


def test_pay_01_a_contract_is_funded_accepted_lot_by_lot_and_released_to_the_last_retention(
    as_org: AsOrg, session: Session, drain: Drain
) -> None:
    case = paying.agreed(session, as_org, drain)
    paying.fund(case)
    assert [each["status"] for each in case.milestones()] == ["funded", "funded"]
    assert case.payments() == []

    paying.deliver(case, "200")
    (due,) = case.payments()
    assert (due["kind"], due["gross"], due["status"]) == ("on_acceptance", "316666.66", "due")
    paying.approved(case, due)
    assert case.payments()[0]["status"] == "released"
    assert paying.settle(case) == 1
    assert case.payments()[0]["status"] == "paid"
    assert paying.held(case.made.contract) == Decimal("683333.34")

    paying.deliver(case, "400")
    second = case.payments()[1]
    assert second["gross"] == "633333.34"
    paying.approved(case, second)
    paying.settle(case)
    assert [each["status"] for each in case.milestones()] == ["completed", "funded"]
    assert case.balance()["refundable"] == 0

    awarding.advance(366)
    clock.tick()
    third, fourth = case.payments(kind="retention")
    assert (third["gross"], fourth["gross"]) == ("16666.66", "33333.34")
    for each in (third, fourth):
        paying.approved(case, each)
    assert paying.settle(case) == 2

    assert [each["status"] for each in case.milestones()] == ["completed", "completed"]
    assert paying.held(case.made.contract) == 0
    assert len({each.idempotency_key for each in paying.all_orders(session)}) == 4
    lot = case.made.contract["id"].removeprefix("contract_")
    assert paying.all_orders(session)[0].idempotency_key == f"rel:{lot}:all:1"
