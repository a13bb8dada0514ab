from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from api.rules.plans import Line, direct_faults, link_faults

MONEY = st.decimals(0, 10**9, places=2)


def codes(*lots: Line[str], **changed: object) -> list[tuple[str, str]]:
    facts = {"required": True, "budgets": {"a": Decimal(100)}, "committed": {}, **changed}
    return [(f.pointer, f.code) for f in link_faults(lots, **facts)]  # type: ignore[arg-type]


def test_a_lot_names_a_line_of_a_published_plan_where_the_rules_want_it() -> None:
    assert codes(Line(None, False, None)) == [("#/lots/0/plan_item_id", "missing")]
    assert codes(Line(None, False, None), required=False) == []
    assert codes(Line("a", False, Decimal(1))) == [("#/lots/0/plan_item_id", "plan_not_published")]
    assert codes(Line("a", True, None)) == [("#/lots/0/value", "missing")]


def test_lots_of_one_tender_share_what_is_left_of_a_line() -> None:
    lots = [Line("a", True, Decimal(40)) for _ in range(3)]
    assert codes(*lots) == [("#/lots/2/value/amount", "over_budget")]
    assert codes(*lots[:2], committed={"a": Decimal(20)}) == []
    assert codes(*lots[:2], committed={"a": Decimal("20.01")}) == [
        ("#/lots/1/value/amount", "over_budget")
    ]


@given(st.lists(MONEY, max_size=8), MONEY, MONEY)
def test_lots_without_fault_never_pass_the_budget(
    amounts: list[Decimal], budget: Decimal, committed: Decimal
) -> None:
    lots = [Line("a", True, amount) for amount in amounts]
    budgets, taken = {"a": budget}, {"a": committed}
    if not codes(*lots, budgets=budgets, committed=taken) and amounts:
        assert committed + sum(amounts) <= budget


@given(st.integers(0, 10_000), MONEY, MONEY, MONEY)
def test_the_annual_cap_is_inclusive(
    cap: int, total: Decimal, bought: Decimal, amount: Decimal
) -> None:
    found = direct_faults(cap, plan_total=total, bought=bought, amount=amount)
    assert (not found) is (bought + amount <= total * cap / 10_000)


def test_without_a_plan_or_a_value_there_is_nothing_to_compare() -> None:
    zero = Decimal()
    missing = direct_faults(300, plan_total=None, bought=zero, amount=zero)
    assert [fault.code for fault in missing] == ["plan_missing"]
    unknown = direct_faults(300, plan_total=zero, bought=zero, amount=None)
    assert [fault.pointer for fault in unknown] == ["#/value"]
