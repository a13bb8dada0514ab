"""Credentials of programs as they are made and seen."""

from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self, cast

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from api.core.inputs import IsoInstant
from api.identity.models import ClientKind
from api.identity.schemas.base import ClientId, Input, ShortText
from api.rules.permissions import SCOPES


def _public_keys(value: dict[str, Any]) -> dict[str, Any]:
    given = value.get("keys")
    kinds = (
        [each.get("kty") for each in given if isinstance(each, dict)]
        if isinstance(given, list)
        else []
    )
    if not set(kinds) <= {"RSA", "EC", "OKP"}:
        raise ValueError("only public keys of the types RSA, EC and OKP")
    try:
        found = KeySet.import_key_set(cast(KeySetSerialization, value))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ValueError("not a JSON Web Key Set (RFC 7517)") from error
    if not 1 <= len(found.keys) <= MAX_KEYS:
        raise ValueError(f"must hold 1 to {MAX_KEYS} keys")
    for key in found.keys:
        if key.is_private:
            raise ValueError("holds a private key: make new ones, and send the public halves")
        if not key.kid:
            raise ValueError("every key needs a kid")
    return {"keys": [key.as_dict(private=False) for key in found.keys]}


def _network(value: str) -> str:
    return str(ip_network(value, strict=True))


MAX_KEYS = 5
Cidr = Annotated[str, AfterValidator(_network)]
Jwks = Annotated[
    dict[str, Any],
    AfterValidator(_public_keys),
    Field(
        examples=[
            {
                "keys": [
                    {
                        "kty": "OKP",
                        "crv": "Ed25519",
                        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                        "kid": "2027-01",
                    }
                ]
            }
        ]
    ),
]


class ClientIn(Input):
    """Credentials to be made. Scopes beyond the caller's own are refused."""

    name: ShortText = Field(examples=["ERP of the Yiwu office"])
    kind: ClientKind = Field(default=ClientKind.API_KEY, examples=["api_key"])
    scopes: list[str] = Field(min_length=1, max_length=len(SCOPES), examples=[["offers:read"]])
    expires_at: IsoInstant | None = Field(default=None, examples=["2027-12-31T18:00:00Z"])
    allowed_cidrs: list[Cidr] = Field(
        default=[],
        max_length=50,
        examples=[["203.0.113.0/24"]],
        description="Networks that they are good from; empty: any",
    )
    jwks: Jwks | None = Field(
        default=None,
        description="Of an OAuth client that proves itself by private_key_jwt, in place of a secret",
    )

    @field_validator("scopes")
    @classmethod
    def _known(cls, scopes: list[str]) -> list[str]:
        unknown = sorted(set(scopes) - SCOPES.keys())
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(SCOPES)}")
        return sorted(set(scopes))

    @model_validator(mode="after")
    def _keys_of_oauth(self) -> Self:
        if self.jwks is not None and self.kind is not ClientKind.OAUTH:
            raise ValueError("jwks are for clients of the kind oauth")
        return self


class KeysIn(Input):
    """The public keys from now on; keep the old ones beside the new for as long as both sign."""

    jwks: Jwks


class RotateIn(Input):
    """How long the old secret stays valid beside the new one."""

    overlap_hours: int = Field(default=24, ge=0, le=168, examples=[24])


class ClientOut(BaseModel):
    """Credentials without their secret."""

    model_config = ConfigDict(from_attributes=True)

    id: ClientId
    kind: ClientKind
    name: str
    prefix: str
    token_endpoint_auth_method: Literal["client_secret_post", "private_key_jwt"] | None
    scopes: list[str]
    allowed_cidrs: list[str]
    jwks: dict[str, Any] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaced_by: ClientId | None


class ClientCreated(ClientOut):
    """The only answer that ever shows the secret."""

    secret: str | None = Field(
        examples=["kgp_live_…"], description="null for a client that proves itself by its keys"
    )


class TokenOut(BaseModel):
    """An access token (RFC 6749 section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    scope: str
