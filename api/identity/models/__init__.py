"""Organisations, their members, and the programs that act for them."""

from api.identity.models.clients import ApiClient, ClientKind
from api.identity.models.debarments import DebarmentRecord
from api.identity.models.organisations import DEFAULT_REGIME, Organisation
from api.identity.models.people import Member

__all__ = [
    "DEFAULT_REGIME",
    "ApiClient",
    "ClientKind",
    "DebarmentRecord",
    "Member",
    "Organisation",
]
