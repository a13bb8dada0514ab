"""Which goods are likely the same, and why."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from api.rules.duplicates import (
    DUPLICATE,
    TEXTS,
    DuplicateReason,
    DuplicateStatus,
    Goods,
    Nearness,
    compare,
    picture_distance,
    shared,
)

ALIKE, ABROAD = Nearness(0.9, 0.75), Nearness(0.6, None)
PEN = Goods(unit_code="C62", currency="KGS", unit_price=Decimal(10))


def codes(one: Goods, other: Goods, near: Nearness = ALIKE) -> dict[DuplicateReason, float]:
    return {each.code: each.points for each in compare(one, other, near).reasons}


def test_names_alone_find_what_is_said_nearly_alike_and_numbers_tell_sizes_apart() -> None:
    assert compare(PEN, PEN, ALIKE).likely
    sizes = replace(ALIKE, measures=frozenset({"256"}), others=frozenset({"512"}))
    assert not compare(PEN, PEN, sizes).likely
    more = replace(ALIKE, measures=frozenset({"256"}), others=frozenset({"256", "15.6"}))
    assert compare(PEN, PEN, more).likely, "what only one says is detail"
    assert not compare(Goods(), Goods(), ABROAD).likely
    assert not compare(Goods(), Goods(), Nearness(0.4, 0.1)).likely


def test_gtins_numbers_pictures_and_groups_weigh_as_they_should() -> None:
    far = Nearness(0.3, None)
    coded = replace(PEN, gtin="04006381333931", brand="Ala-Too", number="P 10-A")
    assert compare(coded, coded, far).likely
    assert not compare(coded, replace(coded, gtin="04006381333948"), ALIKE).likely
    spelt = replace(coded, gtin=None, brand="ALA TOO", number="p10a")
    assert DuplicateReason.SAME_NUMBER in codes(coded, spelt)
    assert DuplicateReason.OTHER_NUMBER not in codes(
        coded, replace(spelt, brand="Other", number="X")
    )
    shown = replace(PEN, pictures=(0b1011,))
    assert picture_distance(0b1011, 0b0001) == 2
    assert (
        codes(shown, replace(PEN, pictures=(0b0001, 2**64 - 1)))[DuplicateReason.SAME_PICTURE]
        == 3.15
    )
    assert compare(shown, shown, ABROAD).likely, "the picture makes up for the other language"
    assert DuplicateReason.SAME_PICTURE not in codes(shown, replace(PEN, pictures=(2**64 - 1,)))
    group = UUID(int=1)
    assert not compare(replace(PEN, group_id=group), replace(PEN, group_id=group), ALIKE).likely
    assert DuplicateReason.SAME_PRICE in codes(PEN, replace(PEN, unit_price=Decimal(11)))
    assert DuplicateReason.OTHER_PRICE in codes(PEN, replace(PEN, unit_price=Decimal(21)))
    assert DuplicateReason.OTHER_PRICE not in codes(
        PEN, replace(PEN, unit_price=Decimal(21), currency="X")
    )


GOODS = st.builds(
    Goods,
    gtin=st.none() | st.sampled_from(["1", "2"]),
    brand=st.none() | st.sampled_from(["a", "b", "A"]),
    number=st.none() | st.sampled_from(["x", "y"]),
    group_id=st.none() | st.sampled_from("gh"),
    pictures=st.lists(st.integers(0, 2**64 - 1), max_size=2).map(tuple),
    unit_price=st.none() | st.decimals("0.01", 99, places=2),
)


@given(GOODS, GOODS, st.floats(-1, 1), st.none() | st.floats(0, 1))
def test_the_order_changes_nothing_and_the_reasons_make_up_the_score(
    one: Goods, other: Goods, meaning: float, words: float | None
) -> None:
    near = Nearness(meaning, words, frozenset({"a4"}), frozenset({"a5"}))
    turned = replace(near, measures=near.others, others=near.measures)
    verdict = compare(one, other, near)

    again = compare(other, one, turned)
    assert (again.score, {r.code: r.points for r in again.reasons}) == (
        verdict.score,
        {r.code: r.points for r in verdict.reasons},
    )
    assert 0 <= verdict.score <= 1
    better = compare(one, other, replace(near, meaning=min(1.0, meaning + 0.1)))
    assert better.score >= verdict.score


def test_what_was_judged_is_restored_before_it_is_proposed_and_each_reason_is_told() -> None:
    status = DUPLICATE.apply("dismiss", DuplicateStatus.FOUND)
    assert DUPLICATE.allowed(status) == ["restore"]
    assert DUPLICATE.apply("restore", status) is DuplicateStatus.FOUND
    assert all(TEXTS[reason].keys() == {"ky", "ru", "en", "zh"} for reason in DuplicateReason)
    assert (shared("ab", "bc"), shared("", "")) == (1 / 3, 0.0)
