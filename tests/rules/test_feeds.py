"""Texts of feeds, and how two builds are compared."""

from decimal import Decimal
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from api.rules import feeds


class Known(NamedTuple):
    key: bytes
    digest: bytes


MAPS = st.dictionaries(st.binary(min_size=1, max_size=2), st.binary(max_size=1), max_size=12)


@given(MAPS, MAPS)
def test_each_item_of_either_build_has_become_one_thing(
    old: dict[bytes, bytes], new: dict[bytes, bytes]
) -> None:
    found = feeds.compared(
        [Known(*each) for each in sorted(old.items())],
        [Known(*each) for each in sorted(new.items())],
    )

    told = {key: (entry, change) for key, entry, change in found}
    assert [*told] == sorted(old.keys() | new.keys())
    for key, (entry, change) in told.items():
        assert (entry.digest if entry else None) == new.get(key)
        same = None if old.get(key) == new.get(key) else "changed"
        assert change == ("added" if key not in old else "removed" if key not in new else same)


@given(st.decimals(min_value=0, max_value=10**12, places=6))
def test_numbers_are_plain_digits_of_the_same_value(value: Decimal) -> None:
    told = feeds.number(value, 2)

    assert Decimal(told) == value
    assert len(told.partition(".")[2]) >= 2
    assert told.replace(".", "").isdigit()
