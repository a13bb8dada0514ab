"""Life of an organisation on the marketplace, and what it may do in each state of it."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from api.rules.states import Machine


class OrganisationStatus(StrEnum):
    """`restricted`: its verification does not count until the operator says so again."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    VERIFIED = "verified"
    RESTRICTED = "restricted"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


_S = OrganisationStatus
_APPLYING = frozenset({_S.SUBMITTED, _S.UNDER_REVIEW})
ORGANISATION = Machine(
    {
        "submit": (frozenset({_S.DRAFT}), _S.SUBMITTED),
        "review": (frozenset({_S.SUBMITTED}), _S.UNDER_REVIEW),
        "return": (_APPLYING, _S.DRAFT),
        "verify": (_APPLYING, _S.VERIFIED),
        "restrict": (frozenset({_S.VERIFIED}), _S.RESTRICTED),
        "lift_restriction": (frozenset({_S.RESTRICTED}), _S.VERIFIED),
        "suspend": (_APPLYING | {_S.VERIFIED, _S.RESTRICTED}, _S.SUSPENDED),
        "reinstate": (frozenset({_S.SUSPENDED}), _S.VERIFIED),
        "reinstate_restricted": (frozenset({_S.SUSPENDED}), _S.RESTRICTED),
        "reinstate_applicant": (frozenset({_S.SUSPENDED}), _S.SUBMITTED),
        "terminate": (frozenset({*_S} - {_S.TERMINATED}), _S.TERMINATED),
    }
)
MAY_ACT = _APPLYING | {_S.VERIFIED, _S.RESTRICTED}
"""Who is shown, invited, and may offer and bid."""
MAY_CALL = MAY_ACT | {_S.DRAFT, _S.SUSPENDED}
"""Whose credentials are taken at all, and who is told of what happens."""

_ALWAYS = frozenset(
    {
        "organisation:read",
        "organisation:write",
        "clients:read",
        "clients:write",
        "account:write",
        "identity_providers:read",
        "identity_providers:write",
        "reference:read",
        "offers:read",
        "events:read",
        "jobs:read",
        "webhooks:read",
        "webhooks:write",
        "webhook_secrets:read",
        "audit:read",
    }
)
_WHILE_DRAFT = _ALWAYS | {"offers:write", "imports:write"}
"""An applicant prepares what it will show."""
_WHILE_SUSPENDED = _ALWAYS | {
    "intake:read",
    "intake:write",
    "tenders:read",
    "documents:write",
    "evaluations:read",
    "contracts:read",
    "schedules:write",
    "shipments:read",
    "shipments:write",
    "declarations:write",
    "receipts:write",
    "deliveries:present",
    "deliveries:accept",
    "claims:write",
    "claims:answer",
    "securities:read",
    "securities:return",
    "guarantees:read",
    "guarantees:write",
    "guarantees:verify",
    "guarantees:call",
    "payment_schedules:write",
    "payment_schedules:answer",
    "payments:read",
    "payments:approve",
    "payments:confirm",
    "payee_accounts:write",
    "disputes:write",
    "tracking:read",
    "tracking:write",
    "tracking_sources:write",
    "landed-costs:read",
    "fees:read",
    "subscriptions:read",
    "invoices:read",
    "invoices:write",
    "ledger:read",
    "scorecards:read",
    "scorecards:annotate",
    "performance_rules:read",
    "complaints:answer",
    "matches:read",
    "invitations:read",
    "bids:read",
    "rfqs:read",
    "quotes:read",
    "purchase_orders:read",
}
"""What is contracted goes on: deliveries, acceptance, claims, disputes, payments. Nothing new."""


def may_use(status: OrganisationStatus, scope: str) -> bool:
    """True when an organisation in this state may use a scope that it has been granted."""
    if status is _S.DRAFT:
        return scope in _WHILE_DRAFT
    if status is _S.SUSPENDED:
        return scope in _WHILE_SUSPENDED
    return status in MAY_ACT


def usable(status: OrganisationStatus, scopes: Collection[str]) -> frozenset[str]:
    """Of granted scopes, those that an organisation in this state may use."""
    return frozenset(scope for scope in scopes if may_use(status, scope))


def reinstating(before: OrganisationStatus | None) -> str:
    """The action that ends a suspension: what an organisation was before, it is again."""
    if before in _APPLYING:
        return "reinstate_applicant"
    return "reinstate_restricted" if before is _S.RESTRICTED else "reinstate"


def is_debarred(debarred_until: date | None, today: date) -> bool:
    """True while an entry in the register of unreliable suppliers lasts (its last day included)."""
    return debarred_until is not None and today <= debarred_until
