"""Credentials of programs as they are made and seen."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.core.inputs import IsoInstant
from api.identity.models import ClientKind
from api.identity.schemas.base import ClientId, Input, ShortText
from api.rules.permissions import SCOPES


class ClientIn(Input):
    """Credentials to be made. Scopes beyond the caller's own are refused."""

    name: ShortText = Field(examples=["ERP of the Yiwu office"])
    kind: ClientKind = Field(default=ClientKind.API_KEY, examples=["api_key"])
    scopes: list[str] = Field(min_length=1, max_length=100, examples=[["offers:read"]])
    expires_at: IsoInstant | None = Field(default=None, examples=["2027-12-31T18:00:00Z"])

    @field_validator("scopes")
    @classmethod
    def _known(cls, scopes: list[str]) -> list[str]:
        unknown = sorted(set(scopes) - SCOPES.keys())
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(SCOPES)}")
        return sorted(set(scopes))


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
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaced_by: ClientId | None


class ClientCreated(ClientOut):
    """The only answer that ever shows the secret."""

    secret: str = Field(examples=["kgp_live_…"])


class TokenOut(BaseModel):
    """An access token (RFC 6749 section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    scope: str
