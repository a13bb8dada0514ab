"""Passkeys as they are registered, shown and seen."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.core.ids import PublicId
from api.identity.schemas.base import Input, ShortText

PasskeyId = Annotated[UUID, PublicId("passkey")]
Credential = Annotated[
    dict[str, Any],
    Field(
        description="`PublicKeyCredential.toJSON()` of the browser",
        examples=[{"id": "…", "rawId": "…", "type": "public-key", "response": {}}],
    ),
]


class PasskeyIn(Input):
    """A new key, under a name that tells it from the others."""

    name: ShortText = Field(max_length=100, examples=["YubiKey, office"])
    credential: Credential


class AssertionIn(Input):
    """What a key answered."""

    credential: Credential


class PasskeyOut(BaseModel):
    """A key of yours."""

    model_config = ConfigDict(from_attributes=True)

    id: PasskeyId
    name: str
    created_at: datetime
    last_used_at: datetime | None
