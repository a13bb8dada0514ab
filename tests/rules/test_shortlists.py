"""Shortlists without a database: who is first, and what the law lets a buyer publish."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import shortlists as rules
from api.rules.criteria import Criterion, DataType, RelatesTo, Requirement
from api.rules.shortlists import Candidate, Key, Order, Shortlist
from tests.rules.test_policy import policy

NOW = datetime(2027, 3, 1, 6, tzinfo=UTC)
CRITERIA = [
    Criterion("experience", [[Requirement("years", DataType.INTEGER)]]),
    Criterion("turnover", [[Requirement("turnover", DataType.NUMBER)]]),
    Criterion("cranes", [[Requirement("cranes", DataType.INTEGER)]], "lot_1"),
    Criterion("since", [[Requirement("since", DataType.DATE_TIME)]]),
    Criterion("licence", [[Requirement("licence", DataType.BOOLEAN)]]),
    Criterion("offer", [[Requirement("offer", DataType.INTEGER)]], relates_to=RelatesTo.LOT),
]
KEYS = [Key("years", Order.HIGHEST), Key("turnover", Order.LOWEST), Key("cranes", Order.HIGHEST)]
answers = st.fixed_dictionaries(
    {},
    optional={
        "years": st.integers(0, 2),
        "turnover": st.sampled_from(["1.50", "1.5", "20", 3]),
        "cranes": st.integers(0, 2),
    },
)


@given(
    given_answers=st.lists(answers, max_size=6),
    keys=st.permutations(KEYS).map(lambda keys: keys[:2]),
    lot=st.sampled_from(["lot_1", "lot_2"]),
    order=st.randoms(use_true_random=False),
)
def test_the_order_follows_from_the_responses_whatever_order_they_came_in(
    given_answers: list[dict[str, Any]], keys: list[Key], lot: str, order: Any
) -> None:
    candidates = [
        Candidate(n, given, NOW + timedelta(seconds=n)) for n, given in enumerate(given_answers)
    ]
    shortlist = Shortlist(3, keys)
    found = rules.ordered(shortlist, CRITERIA, candidates, lot=lot)
    shuffled = [*candidates]
    order.shuffle(shuffled)

    def rank(n: int) -> list[Any]:
        told: list[Any] = []
        for key in keys:
            if key.requirement_id == "cranes" and lot != "lot_1":
                continue
            value = given_answers[n].get(key.requirement_id)
            sign = -1 if key.order is Order.HIGHEST else 1
            told.append((value is None, 0 if value is None else sign * float(value)))
        return [*told, n]

    assert found == sorted(range(len(candidates)), key=rank)
    assert rules.ordered(shortlist, CRITERIA, shuffled, lot=lot) == found


def test_earlier_instants_come_first_where_the_lowest_does() -> None:
    instants = ("2027-01-02T00:00:00Z", "2027-01-01T23:00:00+01:00", None)
    candidates = [
        Candidate(n, {} if at is None else {"since": at}, NOW) for n, at in enumerate(instants)
    ]
    shortlist = Shortlist(1, [Key("since", Order.LOWEST)])
    assert rules.ordered(shortlist, CRITERIA, candidates, lot="lot_1") == [1, 0, 2]


@pytest.mark.parametrize(
    ("law", "maximum", "requirement", "codes"),
    [
        ({"shortlist_minimum": 3}, 3, "years", []),
        ({"shortlist_minimum": 3}, 2, "years", ["shortlist_too_short"]),
        ({"shortlist_minimum": 1, "min_candidates": 4}, 3, "years", ["shortlist_too_short"]),
        ({}, 9, "years", ["no_shortlist"]),
        ({"shortlist_minimum": 3, "prequalification": False}, 3, "years", ["no_shortlist"]),
        ({"shortlist_minimum": 3}, 3, "licence", ["not_comparable"]),
        ({"shortlist_minimum": 3}, 3, "offer", ["not_comparable"]),
        ({"shortlist_minimum": 3}, 3, "other", ["not_comparable"]),
        ({"shortlist_minimum": 3}, 3, "since", []),
    ],
)
def test_the_law_says_whether_and_how_far_the_invited_are_limited(
    law: dict[str, Any], maximum: int, requirement: str, codes: list[str]
) -> None:
    shortlist = Shortlist(maximum, [Key(requirement, Order.HIGHEST)])
    found = rules.terms_faults(policy(**{"prequalification": True, **law}), CRITERIA, shortlist)
    assert [each.code for each in found] == codes
    assert rules.terms_faults(policy(**law), CRITERIA, None) == []
