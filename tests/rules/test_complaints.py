"""Complaints: the machine, the fee, the effects, the codes of the Kyrgyz portal."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules.complaints import (
    COMPLAINT,
    EFFECTS,
    KG_STATUS,
    ComplaintStatus,
    ComplaintTarget,
    EffectKind,
    effect_faults,
    fee,
)
from api.rules.policy import ComplaintFee
from api.rules.states import IllegalTransition

_S = ComplaintStatus
LEGAL = {
    ("submit", _S.DRAFT): _S.PENDING,
    ("discard", _S.DRAFT): _S.MISTAKEN,
    ("accept", _S.PENDING): _S.ACCEPTED,
    ("invalidate", _S.PENDING): _S.INVALID,
    ("decline", _S.ACCEPTED): _S.DECLINED,
    ("satisfy", _S.ACCEPTED): _S.SATISFIED,
    ("stop", _S.ACCEPTED): _S.STOPPED,
    ("resolve", _S.SATISFIED): _S.RESOLVED,
}


@pytest.mark.parametrize("status", list(_S))
@pytest.mark.parametrize("action", [action for action, _ in LEGAL])
def test_a_complaint_moves_as_the_paper_says_and_in_no_other_way(
    status: ComplaintStatus, action: str
) -> None:
    if (action, status) in LEGAL:
        assert COMPLAINT.apply(action, status) is LEGAL[action, status]
    else:
        with pytest.raises(IllegalTransition):
            COMPLAINT.apply(action, status)


def test_statuses_have_the_codes_of_the_portal() -> None:
    assert {status: KG_STATUS[status] for status in _S} == {
        _S.DRAFT: None,
        _S.PENDING: "published",
        _S.MISTAKEN: "cancelled",
        _S.ACCEPTED: "active",
        _S.INVALID: None,
        _S.DECLINED: "complete",
        _S.SATISFIED: "complete",
        _S.RESOLVED: "complete",
        _S.STOPPED: "withdrawn",
    }


@given(st.decimals(min_value=0, max_value=10**12, places=6), st.integers(0, 10_000))
def test_a_fee_is_a_share_within_its_bounds(value: Decimal, rate: int) -> None:
    found = fee(ComplaintFee(rate, 2000, 85_000, "KGS"), value)
    assert Decimal(2000) <= found <= Decimal(85_000)
    exact = value * rate / 10_000
    if 2000 <= exact <= 85_000:
        assert abs(found - exact) <= Decimal("0.005")
    assert found.as_tuple().exponent == -2


def test_a_fee_without_a_value_is_the_least() -> None:
    assert fee(ComplaintFee(30, 2000, 85_000, "KGS"), None) == Decimal("2000.00")


@given(st.sampled_from(ComplaintTarget), st.lists(st.sampled_from(EffectKind), max_size=5))
def test_effects_fit_the_target_stand_once_and_nothing_stands_beside_no_effect(
    target: ComplaintTarget, kinds: list[EffectKind]
) -> None:
    good = (
        set(kinds) <= EFFECTS[target]
        and len(set(kinds)) == len(kinds)
        and (EffectKind.NO_EFFECT not in kinds or len(kinds) == 1)
    )
    assert (effect_faults(target, kinds) == []) is good
