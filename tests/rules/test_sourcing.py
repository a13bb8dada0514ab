"""What is compared of a quote, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.rules.policy import ProcurementRegime
from api.rules.sourcing import must_tender, options, order_key, quantity_at

ITEMS = [UUID(int=n) for n in range(4)]


@dataclass(frozen=True)
class Line:
    item_id: UUID
    is_alternative: bool


LINES = st.lists(
    st.builds(Line, st.sampled_from([*ITEMS, UUID(int=9)]), st.booleans()),
    unique_by=lambda line: (line.item_id, line.is_alternative),
)


@given(LINES)
def test_every_line_for_what_is_asked_is_in_an_option_and_no_other_line_is(
    lines: list[Line],
) -> None:
    found = options(lines, ITEMS)
    shown = {line for option in found for line in option.lines.values()}
    assert shown == {line for line in lines if line.item_id in ITEMS}
    for option in found:
        others = [each for each in option.lines.values() if each.is_alternative]
        assert [each.item_id for each in others] == [
            item for item in [option.alternative_of] if item is not None
        ]


@given(st.lists(st.tuples(st.none() | st.decimals(0, 9, places=2), st.booleans(), st.booleans())))
def test_what_can_be_accepted_whole_comes_first_and_the_cheapest_of_it_foremost(
    rows: Sequence[tuple[Decimal | None, bool, bool]],
) -> None:
    ordered = sorted(rows, key=lambda r: order_key(r[0], complete=r[1], valid=r[2], tie=""))
    fit = [row for row in rows if row[0] is not None and row[1] and row[2]]
    assert [row[0] for row in ordered[: len(fit)]] == sorted(row[0] for row in fit)  # type: ignore[type-var]


@given(st.lists(st.decimals(1, 9, places=1), min_size=1), st.integers(0, 9))
def test_beyond_its_last_quantity_an_item_keeps_it(quantities: list[Decimal], volume: int) -> None:
    padded = quantities + [quantities[-1]] * 10
    assert quantity_at(quantities, volume) == padded[volume]


def test_only_who_spends_public_money_must_tender() -> None:
    generic, state = ProcurementRegime.GENERIC, ProcurementRegime.STATE
    assert must_tender(["buyer"], "KG", None)
    assert must_tender(["buyer", "supplier"], "CN", state)
    assert not must_tender(["buyer"], "KG", generic)
    assert not must_tender(["buyer"], "CN", None)
    assert not must_tender(["manufacturer"], "KG", state)
