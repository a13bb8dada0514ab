"""Organisations, their members, and the programs that act for them."""

from api.identity.models.clients import ApiClient, ClientAssertion, ClientKind
from api.identity.models.debarments import DebarmentRecord
from api.identity.models.organisations import DEFAULT_REGIME, Organisation
from api.identity.models.people import (
    FederatedIdentity,
    Member,
    OneTimeToken,
    Passkey,
    Person,
    RecoveryCode,
    TokenPurpose,
)
from api.identity.models.providers import IdentityProvider
from api.identity.models.regions import Region
from api.identity.models.sessions import LoginMethod, LoginSession, LoginThrottle
from api.identity.models.verification import Attestation, Suspension, SuspensionAppeal

__all__ = [
    "DEFAULT_REGIME",
    "ApiClient",
    "Attestation",
    "ClientAssertion",
    "ClientKind",
    "DebarmentRecord",
    "FederatedIdentity",
    "IdentityProvider",
    "LoginMethod",
    "LoginSession",
    "LoginThrottle",
    "Member",
    "OneTimeToken",
    "Organisation",
    "Passkey",
    "Person",
    "RecoveryCode",
    "Region",
    "Suspension",
    "SuspensionAppeal",
    "TokenPurpose",
]
