"""Which changes of a published tender are material."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.amendments import PROSE, Change, diff, is_respelling, material

LOT = "#/lots/lot_1"
WORDS = st.text(st.sampled_from("абвгдежзиклмно"), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        (f"{LOT}/items/item_1/quantity", "600", "601"),
        (f"{LOT}/items/item_1/specification", {"ru": "Сталь 2 мм."}, {"ru": "Сталь 2 мм"}),
        ("#/tender_period_end", "2027-03-01T00:00:00+00:00", "2027-03-02T00:00:00+00:00"),
        (f"{LOT}/required_certificates", [], ["CE"]),
        (f"{LOT}/delivery_period_end", "2027-06-01", "2027-06-02"),
        (f"{LOT}/value", None, {"amount": "1", "currency": "KGS"}),
        ("#/title", {"ru": "Парты", "en": "Desks"}, {"ru": "Парты"}),
        ("#/title", {"ru": "Парты на 30 мест"}, {"ru": "Парты на 31 место"}),
        ("#/description", {"ru": "Перчатки стерильные"}, {"ru": "Перчатки нестерильные"}),
        ("#/description", {"ru": "Кожаные"}, {"ru": "Не кожаные"}),
        ("#/description", {"ru": "давление ≥ 5"}, {"ru": "давление ≤ 5"}),
        ("#/description", {"en": "5 mW"}, {"en": "5 MW"}),
        ("#/description", {"en": "length 1.5"}, {"en": "length 15"}),
        (f"{LOT}/delivery_address", None, "Ош"),
    ],
)
def test_a_change_of_what_suppliers_offer_is_material(
    field: str, before: object, after: object
) -> None:
    changes = diff({field: before}, {field: after})  # type: ignore[dict-item]

    assert material(changes) == changes
    assert [c.pointer for c in changes] == [field]


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        ("#/title", {"ru": "Школьня мебель"}, {"ru": "Школьная мебель"}),
        ("#/title", {"ru": "Школньая мебель"}, {"ru": "Школьная  мебель."}),
        ("#/title", {"ru": "Парты"}, {"ru": "Парты", "ky": "Парталар"}),
        (
            f"{LOT}/items/item_1/description",
            {"ru": "парта ученическая"},
            {"ru": "Парта ученическая"},
        ),
        (f"{LOT}/delivery_address", "ул. Шкoльная 12", "ул. Школьная, 12"),
    ],
)
def test_a_correction_of_spelling_or_a_translation_is_not(
    field: str, before: object, after: object
) -> None:
    changes = diff({field: before}, {field: after})  # type: ignore[dict-item]

    assert len(changes) == 1
    assert material(changes) == []


def test_equal_snapshots_differ_in_nothing() -> None:
    snapshot = {"#/title": {"ru": "Парты"}, f"{LOT}/incoterms": ["DAP"]}

    assert diff(snapshot, dict(snapshot)) == []  # type: ignore[arg-type]


@given(st.lists(WORDS, min_size=1, max_size=6), WORDS)
def test_another_count_of_words_is_no_respelling(words: list[str], more: str) -> None:
    assert not is_respelling(" ".join(words), " ".join([*words, more]))


@given(st.lists(WORDS, min_size=1, max_size=6), st.integers(0), st.integers(0))
def test_no_change_of_a_number_is_a_respelling(words: list[str], old: int, new: int) -> None:
    text = " ".join(words)

    assert is_respelling(f"{text} {old}", f"{text} {new}") == (old == new)


@given(st.text(max_size=40), st.text(max_size=40))
def test_respelling_is_symmetric(one: str, other: str) -> None:
    assert is_respelling(one, other) == is_respelling(other, one)


@given(st.text(max_size=40))
def test_a_text_is_a_respelling_of_itself(one: str) -> None:
    assert is_respelling(one, one)


@given(st.sampled_from(sorted(PROSE)), st.none() | st.text(), st.none() | st.text())
def test_only_prose_with_two_sides_can_be_corrected(
    field: str, before: str | None, after: str | None
) -> None:
    change = Change(f"#/{field}", before, after)

    assert material([Change("#/quantity", before, after)]) != []
    if before is None or after is None:
        assert material([change]) == [change]
