"""Which changes of a product somebody else looks through."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from api.rules.product_changes import (
    CHANGE,
    ProductChangeStatus,
    Reviewed,
    is_stale,
    reviewed_fields,
    to_review,
)

DAY = date(2026, 11, 28)
TOYS = Reviewed("HS", "9503", date(2026, 1, 1), None, frozenset({"gtin", "attributes"}))
OVER = Reviewed("CPV", "3752", date(2025, 1, 1), DAY, frozenset({"names"}))
VALUES = st.dictionaries(
    st.sampled_from(["gtin", "brand", "hs_code"]), st.none() | st.sampled_from("abc")
)
ATTRIBUTES = st.dictionaries(st.sampled_from("pqr"), st.sampled_from("xyz"))


def test_fields_are_those_of_the_category_that_is_and_of_the_one_that_is_to_be() -> None:
    known = [TOYS, OVER]

    assert reviewed_fields(known, [{"HS": "950300", "CPV": "37520000-9"}], DAY) == TOYS.fields
    assert reviewed_fields(known, [{"HS": "940320", "CPV": None}], DAY) == frozenset()
    assert reviewed_fields(known, [{"HS": "940320"}, {"HS": "950300"}], DAY) == TOYS.fields


@given(
    st.sets(st.sampled_from(["gtin", "hs_code", "attributes"])).map(frozenset),
    st.sets(st.sampled_from("pq")),
    VALUES,
    VALUES,
    ATTRIBUTES,
    ATTRIBUTES,
)
def test_what_is_reviewed_differs_and_is_watched_and_nothing_that_does_is_missed(
    fields: frozenset[str],
    templated: set[str],
    before: dict[str, str | None],
    after: dict[str, str | None],
    old: dict[str, str],
    new: dict[str, str],
) -> None:
    found = to_review(
        fields, templated, {**before, "attributes": old}, {**after, "attributes": new}
    )

    plain = {n for n in after if n in fields and before.get(n) != after[n]}
    watched = templated or {*"pqr"}
    inner = {f"attributes.{n}" for n in watched if old.get(n) != new.get(n)}
    assert {*found} == plain | (inner if "attributes" in fields else set())
    assert len({*found}) == len(found)


def test_a_change_is_decided_once_and_stale_on_another_version() -> None:
    for status in ProductChangeStatus:
        open_ = status is ProductChangeStatus.PROPOSED
        assert bool(CHANGE.allowed(status)) == open_
        assert is_stale(status, 3, 4) == open_
        assert not is_stale(status, 3, 3)
