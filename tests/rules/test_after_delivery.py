"""Machines of acceptance, claims and disputes, and what a decision must say."""

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import acceptance, claims, disputes
from api.rules.acceptance import ACCEPTANCE, AcceptanceStatus, RejectionReason
from api.rules.claims import CLAIM, ClaimStatus
from api.rules.contracts import Side
from api.rules.disputes import DISPUTE, ON_EXPIRY, OUTCOME, DisputeStage, Fault
from api.rules.policy import DisputeDurations
from api.rules.states import IllegalTransition


@given(st.lists(st.sampled_from([*ACCEPTANCE.actions]), max_size=6))
def test_what_was_decided_about_a_delivery_stays_decided(actions: list[str]) -> None:
    status = AcceptanceStatus.PENDING
    for action in actions:
        before = status
        try:
            status = ACCEPTANCE.apply(action, status)
        except IllegalTransition:
            continue
        assert before not in acceptance.DECIDED


def test_only_silence_is_deemed_to_accept() -> None:
    assert ACCEPTANCE.actions["deem"] == (
        frozenset({AcceptanceStatus.PENDING}),
        AcceptanceStatus.DEEMED,
    )


@given(st.lists(st.sampled_from([*CLAIM.actions]), max_size=6))
def test_a_claim_that_is_agreed_or_waived_is_over(actions: list[str]) -> None:
    status = ClaimStatus.DRAFT
    for action in actions:
        try:
            moved = CLAIM.apply(action, status)
        except IllegalTransition:
            continue
        assert status in claims.OPEN
        status = moved


@given(st.lists(st.sampled_from([*DISPUTE.actions]), max_size=8))
def test_a_dispute_goes_only_forward_and_every_end_has_its_outcome(actions: list[str]) -> None:
    order, stage = [*DisputeStage], DisputeStage.NEGOTIATION
    for action in actions:
        try:
            moved = DISPUTE.apply(action, stage)
        except IllegalTransition:
            continue
        assert order.index(moved) > order.index(stage)
        assert (moved is DisputeStage.CLOSED) == (action in OUTCOME)
        stage = moved


def test_each_open_stage_has_a_clock_and_what_it_does_is_allowed() -> None:
    durations = {each.name for each in fields(DisputeDurations)}
    assert durations == {stage.value for stage in ON_EXPIRY} == {*map(str, disputes.OPEN)}
    for stage, action in ON_EXPIRY.items():
        if action is not None:
            DISPUTE.apply(action, stage)
            assert action not in OUTCOME


@pytest.mark.parametrize(
    ("accepted", "rejected", "reason", "expected"),
    [
        ("10", "0", None, []),
        ("8", "2", RejectionReason.DAMAGED, []),
        ("8", "1", RejectionReason.DAMAGED, [("accepted_quantity", "does_not_add_up")]),
        ("8", "2", None, [("reason_code", "missing")]),
        ("10", "0", RejectionReason.DAMAGED, [("reason_code", "nothing_rejected")]),
    ],
)
def test_a_decision_tells_where_every_piece_went_and_why(
    accepted: str, rejected: str, reason: RejectionReason | None, expected: list[tuple[str, str]]
) -> None:
    found = acceptance.split_faults(Decimal(10), Decimal(accepted), Decimal(rejected), reason)
    assert [*found] == expected


def test_a_determination_gives_no_more_than_was_claimed_or_the_contract_is_worth() -> None:
    found = disputes.terms_faults(
        Fault.BUYER, Decimal(60), Decimal(200), Decimal(5), None, Decimal(50), Decimal(100)
    )
    assert [(name, code) for name, code, _ in found] == [
        ("liquidated_damages", "above_contract_value"),
        ("refund", "above_claim"),
        ("liquidated_damages", "not_at_fault"),
        ("inspection_paid_by", "incomplete"),
    ]
    fair = disputes.terms_faults(
        Fault.SUPPLIER,
        Decimal(50),
        Decimal(10),
        Decimal(5),
        Side.SUPPLIER,
        Decimal(50),
        Decimal(99),
    )
    assert [*fair] == []
