"""Organisations, members and credentials. Never commits: the caller owns the transaction."""

from api.identity.service.callers import Caller, authenticate, issue_token
from api.identity.service.clients import (
    ScopeNotYours,
    create_client,
    is_successor,
    list_clients,
    revoke_client,
    rotate_client,
)
from api.identity.service.members import add_member, list_members
from api.identity.service.organisations import (
    buying_rules,
    change_status,
    create_organisation,
    full_scopes,
    get_organisation,
    set_regime,
    verify,
)

__all__ = [
    "Caller",
    "ScopeNotYours",
    "add_member",
    "authenticate",
    "buying_rules",
    "change_status",
    "create_client",
    "create_organisation",
    "full_scopes",
    "get_organisation",
    "is_successor",
    "issue_token",
    "list_clients",
    "list_members",
    "revoke_client",
    "rotate_client",
    "set_regime",
    "verify",
]
