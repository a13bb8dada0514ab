"""OpenID providers as they are entered and seen."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.core import settings
from api.core.ids import PublicId
from api.identity.schemas.base import Input, OrganisationId, ShortText

ProviderId = Annotated[UUID, PublicId("identityprovider")]


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    plain = settings.get().environment in ("development", "test") and parts.scheme == "http"
    if parts.scheme != "https" and not plain:
        raise ValueError("must begin with https://")
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("must be an address without credentials, query and fragment")
    return value


class ProviderIn(Input):
    """An OpenID provider. Register `/auth/oidc/callback` of this service there."""

    name: ShortText = Field(max_length=100, examples=["Министерство: вход"])
    issuer: Annotated[
        str,
        StringConstraints(max_length=300, strip_whitespace=True),
        AfterValidator(_issuer),
        Field(examples=["https://login.example.kg"]),
    ]
    client_id: ShortText = Field(max_length=300, examples=["kerben"])
    client_secret: ShortText | None = Field(
        default=None, max_length=300, examples=[None], description="Empty for a public client"
    )
    second_factor_amr: list[ShortText] = Field(
        default=[],
        max_length=10,
        examples=[["mfa", "otp"]],
        description="Values of `amr` (RFC 8176) that you accept as a second factor; empty: none",
    )
    installation: bool = Field(
        default=False, description="For the people of every organisation; the operator's to say"
    )


class ProviderOut(BaseModel):
    """An OpenID provider, without the secret."""

    model_config = ConfigDict(from_attributes=True)

    id: ProviderId
    org_id: OrganisationId | None
    name: str
    issuer: str
    client_id: str
    second_factor_amr: list[str]
    disabled_at: datetime | None


class ProviderPublished(BaseModel):
    """A provider as a login page offers it."""

    model_config = ConfigDict(from_attributes=True)

    id: ProviderId
    org_id: OrganisationId | None
    name: str
