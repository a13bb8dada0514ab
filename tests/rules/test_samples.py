"""The life of a sample."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.samples import (
    ACTS,
    OPEN,
    SAMPLE,
    CarriagePayer,
    SampleStatus,
    Terms,
    due_at,
    may_credit,
    term_fault,
)
from api.rules.states import IllegalTransition

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
TODAY = date(2026, 11, 28)


@given(st.lists(st.sampled_from(sorted(SAMPLE.actions)), max_size=12))
def test_whatever_is_tried_a_sample_ends_once_and_is_judged_only_when_it_came(
    actions: list[str],
) -> None:
    status, taken = SampleStatus.REQUESTED, list[str]()
    for action in actions:
        try:
            after = SAMPLE.apply(action, status)
        except IllegalTransition:
            continue
        assert status in OPEN
        status = after
        taken.append(action)
    if status in (SampleStatus.ACCEPTED, SampleStatus.REJECTED):
        assert taken[:-1] == ["offer", "agree", "ship", "receive"]
    assert SAMPLE.actions.keys() <= ACTS.keys()


@pytest.mark.parametrize("status", SampleStatus)
def test_what_has_a_deadline_can_lapse_and_nothing_else(status: SampleStatus) -> None:
    due = due_at(status, NOW, NOW + timedelta(days=3))

    assert (due is not None) == ("lapse" in SAMPLE.allowed(status))
    assert due is None or due > NOW


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, None),
        ({"price": None}, ("credited_on_order", "nothing_to_credit")),
        ({"price": None, "credited_on_order": False}, None),
        ({"ship_by": TODAY - timedelta(days=1)}, ("ship_by", "in_the_past")),
        ({"open_until": NOW}, ("open_until", "in_the_past")),
    ],
)
def test_terms_that_cannot_be_kept_are_named(
    changed: dict[str, object], fault: tuple[str, str] | None
) -> None:
    terms: dict[str, object] = {
        "price": Decimal(10),
        "credited_on_order": True,
        "carriage_paid_by": CarriagePayer.BUYER,
        "ship_by": TODAY,
        "open_until": NOW + timedelta(days=1),
    }
    assert term_fault(Terms(**{**terms, **changed}), NOW, TODAY) == fault  # type: ignore[arg-type]


def test_a_price_is_credited_once_and_only_of_what_came() -> None:
    came, agreed = SampleStatus.ACCEPTED, SampleStatus.AGREED

    assert may_credit(came, credited_on_order=True, credited=False)
    assert not may_credit(came, credited_on_order=True, credited=True)
    assert not may_credit(came, credited_on_order=False, credited=False)
    assert not may_credit(agreed, credited_on_order=True, credited=False)
