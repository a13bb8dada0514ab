"""What the identity routes take and give."""

from api.identity.schemas.base import (
    ClientId,
    Country,
    Input,
    Language,
    MemberId,
    OrganisationId,
    ShortText,
)
from api.identity.schemas.clients import (
    ClientCreated,
    ClientIn,
    ClientOut,
    KeysIn,
    RotateIn,
    TokenOut,
)
from api.identity.schemas.members import MemberIn, MemberOut, RoleIn
from api.identity.schemas.organisations import (
    DebarIn,
    IdentifierIn,
    OrganisationIn,
    OrganisationOut,
    ReasonIn,
    RegimeIn,
    VerifyIn,
)

__all__ = [
    "ClientCreated",
    "ClientId",
    "ClientIn",
    "ClientOut",
    "Country",
    "DebarIn",
    "IdentifierIn",
    "Input",
    "KeysIn",
    "Language",
    "MemberId",
    "MemberIn",
    "MemberOut",
    "OrganisationId",
    "OrganisationIn",
    "OrganisationOut",
    "ReasonIn",
    "RegimeIn",
    "RoleIn",
    "RotateIn",
    "ShortText",
    "TokenOut",
    "VerifyIn",
]
