"""Disputes: a bank takes the money back until it has decided."""

from typing import Any

from tests.stripe_double import charging, money
from tests.stripe_double.errors import invalid
from tests.stripe_double.operations import Call, serves
from tests.stripe_double.shapes import fields, sdk_class
from tests.stripe_double.world import DAY, World

Json = dict[str, Any]
FEE = 1500
_DECIDED = {"winning_evidence": "won", "losing_evidence": "lost"}
"""Texts of evidence by which test mode decides at once."""


def fire(world: World, charge: Json, *, reason: str = "fraudulent", inquiry: bool = False) -> Json:
    """Dispute a charge; an inquiry takes no money."""
    evidence_class = sdk_class("dispute")._inner_class_types["evidence"]  # type: ignore[attr-defined]
    dispute = world.new(
        "dispute",
        "du",
        amount=charge["amount_captured"],
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={**dict.fromkeys(fields(evidence_class)), "enhanced_evidence": {}},
        evidence_details={
            "due_by": world.now() + 9 * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "manual",
        },
        is_charge_refundable=inquiry,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    charge |= {"disputed": True, "_inquiry": inquiry}
    world.tell("charge.dispute.created", dispute)
    if not inquiry:
        _move(world, dispute, -dispute["amount"], FEE)
        world.tell("charge.dispute.funds_withdrawn", dispute)
    return dispute


def decide(world: World, dispute: Json, status: str) -> None:
    """Close a dispute as won, lost or, an inquiry, as warning_closed."""
    inquiry = dispute["status"].startswith("warning")
    if dispute["status"] in ("won", "lost", "warning_closed") or inquiry != (
        status == "warning_closed"
    ):
        raise invalid(f"A dispute that is {dispute['status']} cannot become {status}.")
    dispute["status"] = status
    world.tell("charge.dispute.closed", dispute)
    if status == "won":
        _move(world, dispute, dispute["amount"], 0)
        world.tell("charge.dispute.funds_reinstated", dispute)


def reinstate(world: World, dispute: Json) -> None:
    """The payer's bank gives back what it had taken for good."""
    if dispute["status"] != "lost":
        raise invalid(f"Nothing comes back of a dispute that is {dispute['status']}.")
    _move(world, dispute, dispute["amount"], 0)
    world.tell("charge.dispute.funds_reinstated", dispute)


def _move(world: World, dispute: Json, amount: int, fee: int) -> None:
    kind = "dispute_reversal" if amount > 0 else "dispute"
    booked = money.book(world, dispute, "adjustment", amount, fee=fee, category=kind)
    dispute["balance_transactions"].append(world.render(booked))


def _after_success(world: World, intent: Json) -> None:
    charge = world.objects[intent["latest_charge"]]
    card = charge["_card"]
    if card and card.dispute:
        fire(world, charge, reason=card.dispute, inquiry=card.inquiry)


charging.AFTER_SUCCESS.append(_after_success)


@serves("v1.disputes.update")
def update(call: Call) -> Json:
    dispute = call.world.find("dispute", call.id)
    if not dispute["status"].endswith("needs_response"):
        raise invalid("This dispute is already closed or under review.", param="evidence")
    evidence = call.get("evidence") or {}
    dispute["evidence"] |= evidence
    dispute["metadata"] |= call.get("metadata") or {}
    details = dispute["evidence_details"]
    details["has_evidence"] = details["has_evidence"] or bool(evidence)
    if evidence and call.get("submit", True):
        details["submission_count"] += 1
        dispute["status"] = dispute["status"].replace("needs_response", "under_review")
    call.world.tell("charge.dispute.updated", dispute)
    decided = _DECIDED.get(evidence.get("uncategorized_text", ""))
    if decided and dispute["status"].endswith("under_review"):
        inquiry = dispute["status"].startswith("warning")
        decide(call.world, dispute, "warning_closed" if inquiry else decided)
    return dispute


@serves("v1.disputes.close")
def close(call: Call) -> Json:
    """Accept the loss."""
    dispute = call.world.find("dispute", call.id)
    if not dispute["status"].endswith("needs_response"):
        raise invalid("This dispute is already closed or under review.")
    inquiry = dispute["status"].startswith("warning")
    decide(call.world, dispute, "warning_closed" if inquiry else "lost")
    return dispute


@serves("v1.disputes.retrieve")
def retrieve(call: Call) -> Json:
    return call.world.find("dispute", call.id)


@serves("v1.disputes.list")
def list_(call: Call) -> Json:
    return call.world.listed(
        call.world.all("dispute"), call.params, "/v1/disputes", filters=["charge", "payment_intent"]
    )
