"""Who may do what: one table. A caller needs the scope, and the organisation a role for it."""

from collections.abc import Collection
from enum import StrEnum


class OrgRole(StrEnum):
    """What an organisation does on the marketplace; it may do several things."""

    MANUFACTURER = "manufacturer"
    SUPPLIER = "supplier"
    BUYER = "buyer"
    PARTNER = "partner"
    AUDITOR = "auditor"
    REVIEWER = "reviewer"
    OPERATOR = "operator"


class MemberRole(StrEnum):
    """What a person does in the organisation."""

    OWNER = "owner"
    CATALOGUE = "catalogue"
    SALES = "sales"
    PROCUREMENT_OFFICER = "procurement_officer"
    FINANCE = "finance"
    LOGISTICS = "logistics"
    AUDITOR = "auditor"


_R, _M = OrgRole, MemberRole
EVERYBODY = frozenset(OrgRole)
SELLERS = frozenset({_R.MANUFACTURER, _R.SUPPLIER})
BUYERS = frozenset({_R.BUYER})
PURCHASERS = SELLERS | BUYERS
"""Who may order without a tender, and so be the buyer of a contract: a maker buys its materials."""
STAFF = frozenset({_R.OPERATOR})
REVIEWERS = frozenset({_R.REVIEWER})
"""The independent commission: it decides complaints, disputes, and who is debarred."""

# scope -> (roles of the organisation, roles of the member)
SCOPES: dict[str, tuple[frozenset[OrgRole], frozenset[MemberRole]]] = {
    "organisation:read": (EVERYBODY, frozenset(MemberRole)),
    "organisation:write": (EVERYBODY, frozenset({_M.OWNER})),
    "clients:read": (EVERYBODY, frozenset({_M.OWNER, _M.AUDITOR})),
    "clients:write": (EVERYBODY, frozenset({_M.OWNER})),
    "intake:read": (
        EVERYBODY,
        frozenset({_M.OWNER, _M.FINANCE, _M.LOGISTICS, _M.AUDITOR}),
    ),
    "intake:write": (EVERYBODY, frozenset({_M.OWNER, _M.FINANCE, _M.LOGISTICS})),
    "organisations:admin": (STAFF, frozenset({_M.OWNER})),
    "operations:read": (STAFF, frozenset({_M.OWNER, _M.AUDITOR})),
    "operations:write": (STAFF, frozenset({_M.OWNER})),
    "screening:read": (STAFF, frozenset({_M.OWNER, _M.FINANCE, _M.AUDITOR})),
    "screening:import": (STAFF, frozenset({_M.OWNER, _M.FINANCE})),
    "screening:decide": (STAFF, frozenset({_M.OWNER, _M.FINANCE})),
    "sandbox:admin": (STAFF, frozenset({_M.OWNER})),
    "debarments:decide": (STAFF | REVIEWERS, frozenset({_M.OWNER})),
    "reference:read": (EVERYBODY, frozenset(MemberRole)),
    "reference:admin": (STAFF, frozenset({_M.OWNER, _M.CATALOGUE})),
    "offers:read": (EVERYBODY, frozenset(MemberRole)),
    "offers:write": (SELLERS, frozenset({_M.OWNER, _M.CATALOGUE, _M.SALES})),
    "duplicates:judge": (SELLERS | STAFF, frozenset({_M.OWNER, _M.CATALOGUE, _M.SALES})),
    "duplicates:join": (STAFF, frozenset({_M.OWNER, _M.CATALOGUE})),
    "export_permissions:read": (SELLERS | STAFF, frozenset(MemberRole)),
    "export_permissions:write": (
        SELLERS,
        frozenset({_M.OWNER, _M.CATALOGUE, _M.SALES, _M.LOGISTICS}),
    ),
    "export_permissions:verify": (STAFF, frozenset({_M.OWNER})),
    "feeds:read": (SELLERS | STAFF, frozenset(MemberRole)),
    "feeds:write": (SELLERS | STAFF, frozenset({_M.OWNER, _M.CATALOGUE, _M.SALES})),
    "channels:read": (SELLERS | {_R.PARTNER}, frozenset(MemberRole)),
    "channels:write": (SELLERS, frozenset({_M.OWNER, _M.CATALOGUE, _M.SALES})),
    "channels:answer": (
        frozenset({_R.PARTNER}),
        frozenset({_M.OWNER, _M.CATALOGUE, _M.SALES}),
    ),
    "samples:read": (SELLERS | BUYERS, frozenset(MemberRole)),
    "samples:request": (BUYERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "samples:answer": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "imports:write": (SELLERS, frozenset({_M.OWNER, _M.CATALOGUE})),
    "tenders:read": (EVERYBODY, frozenset(MemberRole)),
    "tenders:write": (BUYERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "documents:write": (
        SELLERS | BUYERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER}),
    ),
    "documents:scan": (STAFF, frozenset({_M.OWNER})),
    "enquiries:write": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "evaluations:read": (EVERYBODY, frozenset(MemberRole)),
    "evaluations:write": (BUYERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "justifications:answer": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "awards:write": (BUYERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "frameworks:write": (BUYERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "contracts:read": (EVERYBODY, frozenset(MemberRole)),
    "contracts:write": (PURCHASERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "contracts:sign": (SELLERS | BUYERS, frozenset({_M.OWNER})),
    "schedules:write": (
        SELLERS | BUYERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER}),
    ),
    "shipments:read": (EVERYBODY, frozenset(MemberRole)),
    "shipments:write": (SELLERS, frozenset({_M.OWNER, _M.SALES, _M.LOGISTICS})),
    "declarations:write": (SELLERS | BUYERS, frozenset({_M.OWNER, _M.LOGISTICS})),
    "receipts:write": (PURCHASERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER, _M.LOGISTICS})),
    "deliveries:present": (
        SELLERS | BUYERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER, _M.LOGISTICS}),
    ),
    "deliveries:accept": (
        PURCHASERS,
        frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER, _M.LOGISTICS}),
    ),
    "claims:write": (PURCHASERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "claims:answer": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "securities:read": (
        SELLERS | BUYERS | REVIEWERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER, _M.FINANCE, _M.AUDITOR}),
    ),
    "securities:write": (SELLERS, frozenset({_M.OWNER, _M.SALES, _M.FINANCE})),
    "securities:return": (
        SELLERS | BUYERS,
        frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER, _M.FINANCE}),
    ),
    "securities:forfeit": (BUYERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "securities:review": (REVIEWERS, frozenset({_M.OWNER})),
    "guarantees:read": (
        SELLERS | BUYERS | STAFF,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER, _M.FINANCE, _M.AUDITOR}),
    ),
    "guarantees:write": (SELLERS, frozenset({_M.OWNER, _M.SALES, _M.FINANCE})),
    "guarantees:verify": (BUYERS | STAFF, frozenset({_M.OWNER, _M.FINANCE})),
    "guarantees:call": (BUYERS, frozenset({_M.OWNER, _M.FINANCE})),
    "guarantees:settle": (STAFF, frozenset({_M.OWNER, _M.FINANCE})),
    "payment_schedules:write": (
        PURCHASERS,
        frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER, _M.FINANCE}),
    ),
    "payment_schedules:answer": (SELLERS, frozenset({_M.OWNER, _M.SALES, _M.FINANCE})),
    "payments:approve": (PURCHASERS, frozenset({_M.OWNER, _M.FINANCE})),
    "payments:confirm": (SELLERS, frozenset({_M.OWNER, _M.FINANCE})),
    "disputes:write": (
        SELLERS | BUYERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER}),
    ),
    "disputes:determine": (REVIEWERS, frozenset({_M.OWNER})),
    "tracking:read": (EVERYBODY, frozenset(MemberRole)),
    "tracking:write": (
        SELLERS | BUYERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER, _M.LOGISTICS}),
    ),
    "tracking_sources:write": (SELLERS | BUYERS, frozenset({_M.OWNER, _M.LOGISTICS})),
    "landed-costs:read": (SELLERS | BUYERS, frozenset(MemberRole)),
    "landed-costs:write": (
        SELLERS | BUYERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER, _M.FINANCE, _M.LOGISTICS}),
    ),
    "fees:read": (EVERYBODY, frozenset({_M.OWNER, _M.FINANCE, _M.AUDITOR})),
    "plans:admin": (STAFF, frozenset({_M.OWNER, _M.FINANCE})),
    "subscriptions:read": (
        SELLERS,
        frozenset({_M.OWNER, _M.CATALOGUE, _M.SALES, _M.FINANCE, _M.AUDITOR}),
    ),
    "subscriptions:write": (SELLERS, frozenset({_M.OWNER, _M.FINANCE})),
    "fees:admin": (STAFF, frozenset({_M.OWNER, _M.FINANCE})),
    "invoices:read": (
        SELLERS | BUYERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER, _M.FINANCE, _M.AUDITOR}),
    ),
    "invoices:write": (SELLERS, frozenset({_M.OWNER, _M.SALES, _M.FINANCE})),
    "payments:read": (EVERYBODY, frozenset({_M.OWNER, _M.FINANCE, _M.AUDITOR})),
    "payee_accounts:write": (EVERYBODY, frozenset({_M.OWNER, _M.FINANCE})),
    "payee_accounts:verify": (STAFF, frozenset({_M.OWNER, _M.FINANCE})),
    "treasury:read": (STAFF, frozenset({_M.OWNER, _M.FINANCE, _M.AUDITOR})),
    "treasury:write": (STAFF, frozenset({_M.OWNER, _M.FINANCE})),
    "ledger:read": (
        SELLERS | BUYERS | STAFF,
        frozenset({_M.OWNER, _M.FINANCE, _M.AUDITOR}),
    ),
    "ledger:admin": (STAFF, frozenset({_M.OWNER, _M.FINANCE})),
    "scorecards:read": (
        SELLERS | BUYERS | STAFF | REVIEWERS,
        frozenset(MemberRole),
    ),
    "scorecards:annotate": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "scorecards:decide": (REVIEWERS, frozenset({_M.OWNER})),
    "scorecards:admin": (STAFF, frozenset({_M.OWNER})),
    "performance_rules:read": (BUYERS, frozenset(MemberRole)),
    "performance_rules:write": (BUYERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "complaints:write": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "complaints:review": (REVIEWERS, frozenset({_M.OWNER})),
    "complaints:answer": (SELLERS | BUYERS | REVIEWERS, frozenset(MemberRole)),
    "matches:read": (EVERYBODY, frozenset(MemberRole)),
    "matches:write": (BUYERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "invitations:read": (SELLERS | BUYERS, frozenset(MemberRole)),
    "invitations:answer": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "opendata:admin": (STAFF, frozenset({_M.OWNER})),
    "matching:admin": (STAFF, frozenset({_M.OWNER})),
    "digests:write": (SELLERS, frozenset({_M.OWNER, _M.CATALOGUE, _M.SALES})),
    "rfqs:read": (SELLERS | BUYERS, frozenset(MemberRole)),
    "rfqs:write": (SELLERS | BUYERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "quotes:read": (
        SELLERS | BUYERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER, _M.FINANCE, _M.AUDITOR}),
    ),
    "quotes:write": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "purchase_orders:read": (
        PURCHASERS,
        frozenset({_M.OWNER, _M.SALES, _M.PROCUREMENT_OFFICER, _M.FINANCE, _M.AUDITOR}),
    ),
    "purchase_orders:write": (PURCHASERS, frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER})),
    "purchase_orders:answer": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "bids:read": (SELLERS, frozenset(MemberRole)),
    "bids:write": (SELLERS, frozenset({_M.OWNER, _M.SALES})),
    "bids:open": (
        BUYERS | frozenset({_R.AUDITOR}),
        frozenset({_M.OWNER, _M.PROCUREMENT_OFFICER, _M.AUDITOR}),
    ),
    "events:read": (EVERYBODY, frozenset(MemberRole)),
    "jobs:read": (EVERYBODY, frozenset(MemberRole)),
    "webhooks:read": (EVERYBODY, frozenset({_M.OWNER, _M.AUDITOR})),
    "webhooks:write": (EVERYBODY, frozenset({_M.OWNER})),
    "webhook_secrets:read": (EVERYBODY, frozenset({_M.OWNER})),
    "audit:read": (EVERYBODY, frozenset({_M.OWNER, _M.AUDITOR})),
    "account:write": (EVERYBODY, frozenset(MemberRole)),
    "identity_providers:read": (EVERYBODY, frozenset({_M.OWNER, _M.AUDITOR})),
    "identity_providers:write": (EVERYBODY, frozenset({_M.OWNER})),
}

DECISIVE = frozenset({"bids:open", "awards:write"})
"""Scopes whose acts open bids or decide awards: for people with a second factor."""
READING = frozenset({"GET", "HEAD"})


def allowed(scope: str, *, granted: Collection[str], org_roles: Collection[OrgRole]) -> bool:
    """True when the credentials carry `scope` and the organisation has a role that may use it."""
    return scope in granted and not SCOPES[scope][0].isdisjoint(org_roles)


def is_decisive(scope: str, method: str) -> bool:
    """True when a request of this HTTP method under `scope` decides, and does not merely read."""
    return scope in DECISIVE and method not in READING


def scopes_of(org_roles: Collection[OrgRole], member_role: MemberRole | None = None) -> list[str]:
    """Every scope that an organisation (and, if given, a member's role) can be granted."""
    return [
        scope
        for scope, (orgs, members) in SCOPES.items()
        if not orgs.isdisjoint(org_roles) and (member_role is None or member_role in members)
    ]
