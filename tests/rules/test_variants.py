"""Variants of a group."""

from hypothesis import given
from hypothesis import strategies as st

from api.rules.variants import MAX_VARIANTS, findings, key

AXES = ["colour", "size"]


def told(*values: dict[str, str], there: list[tuple[str, ...]] | None = None) -> list[str]:
    return [each.code for each in findings(AXES, values, there or [])]


def test_each_combination_is_there_once() -> None:
    red, also_red = {"colour": "red", "size": "M"}, {"size": " m", "colour": "RED "}

    assert told(red, {"colour": "red", "size": "L"}) == []
    assert told(red, also_red) == ["variant_repeated"]
    assert told(also_red, there=[key(AXES, red)]) == ["variant_repeated"]


def test_a_variant_has_a_value_for_each_axis_and_no_other() -> None:
    assert told({"colour": "red"}) == ["not_the_axes"]
    assert told({"colour": "red", "size": "M", "fit": "slim"}) == ["not_the_axes"]


def test_more_than_a_group_may_have_are_refused_as_a_whole() -> None:
    many = [{"colour": str(n), "size": "M"} for n in range(MAX_VARIANTS)]

    assert told(*many) == []
    assert told(*many, many[0]) == ["too_many_variants"]
    assert told({"colour": "new", "size": "M"}, there=[key(AXES, v) for v in many]) == [
        "too_many_variants"
    ]


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=30))
def test_what_is_not_found_fault_with_differs_in_its_keys(pairs: list[tuple[str, str]]) -> None:
    values = [{"colour": colour, "size": size} for colour, size in pairs]
    wrong = {int(each.path.split("/")[1]) for each in findings(AXES, values)}

    keys = [key(AXES, each) for i, each in enumerate(values) if i not in wrong]
    assert len(keys) == len(set(keys)) == len({key(AXES, each) for each in values})
