"""Organisations, members and credentials. Never commits: the caller owns the transaction."""

from api.identity.service.assertions import issue_token as issue_token_for_assertion
from api.identity.service.callers import (
    AddressNotAllowed,
    Caller,
    PersonRequired,
    SecondFactorRequired,
    Visit,
    authenticate,
    authenticate_link,
    issue_token,
)
from api.identity.service.clients import (
    ScopeNotYours,
    acts_as,
    create_client,
    is_successor,
    list_clients,
    revoke_client,
    rotate_client,
    set_keys,
)
from api.identity.service.members import (
    add_member,
    change_role,
    end_sessions,
    list_members,
    remove,
)
from api.identity.service.organisations import (
    buying_rules,
    change_status,
    create_organisation,
    full_scopes,
    get_organisation,
    set_regime,
    verify,
)
from api.identity.service.throttle import AttemptFailed, TooManyAttempts

__all__ = [
    "AddressNotAllowed",
    "AttemptFailed",
    "Caller",
    "PersonRequired",
    "ScopeNotYours",
    "SecondFactorRequired",
    "TooManyAttempts",
    "Visit",
    "acts_as",
    "add_member",
    "authenticate",
    "authenticate_link",
    "buying_rules",
    "change_role",
    "change_status",
    "create_client",
    "create_organisation",
    "end_sessions",
    "full_scopes",
    "get_organisation",
    "is_successor",
    "issue_token",
    "issue_token_for_assertion",
    "list_clients",
    "list_members",
    "remove",
    "revoke_client",
    "rotate_client",
    "set_keys",
    "set_regime",
    "verify",
]
