"""What goes in and out about webhooks that others send us."""

from datetime import datetime
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from api.core.ids import PublicId
from api.core.inputs import printable
from api.intake.models import Proof
from api.intake.schemes import MIN_SECRET

IntakeSourceId = Annotated[UUID, PublicId("intakesource")]
IntakeMessageId = Annotated[UUID, PublicId("intakemessage")]
IntakeJobId = Annotated[UUID, PublicId("job")]
MAX_OVERLAP_HOURS = 168


def _network(text: str) -> str:
    return str(ip_network(text))


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(printable)]
Secret = Annotated[SecretStr, Field(min_length=MIN_SECRET, max_length=500)]
Cidr = Annotated[str, Field(max_length=50, examples=["192.0.2.0/24"]), AfterValidator(_network)]


class MessageState(StrEnum):
    """Waiting for its worker (or for another try), worked, or given up after the last try."""

    RECEIVED = "received"
    WORKED = "worked"
    FAILED = "failed"


class IntakeInput(BaseModel):
    """Base of inputs: nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class IntakeSourceIn(IntakeInput):
    """A sender to connect. `secret` is what it signs with: a public key (`whpk_…`) for Ed25519."""

    name: Name = Field(examples=["Our forwarder"])
    provider: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(printable)] = Field(
        examples=["partner"]
    )
    scheme: Annotated[str, Field(max_length=40)] | None = Field(
        default=None, description="How it signs; the provider's first one by default"
    )
    secret: Secret = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    allowed_cidrs: list[Cidr] | None = Field(
        default=None, min_length=1, max_length=50, description="From where alone it may send"
    )
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description="As the provider wants them",
        examples=[{"timezone": "Asia/Bishkek"}],
    )


class IntakeSourcePatch(IntakeInput):
    """What changes of a source. The secret before is taken for `overlap_hours` more."""

    secret: Secret | None = None
    overlap_hours: int = Field(default=24, ge=0, le=MAX_OVERLAP_HOURS, examples=[24])
    allowed_cidrs: list[Cidr] | None = Field(default=None, min_length=1, max_length=50)
    settings: dict[str, Any] | None = Field(default=None, examples=[{"timezone": "Asia/Bishkek"}])


class IntakeSourceOut(BaseModel):
    """A source of yours. Secrets are never shown; `webhook_path` is where it posts."""

    model_config = ConfigDict(from_attributes=True)

    id: IntakeSourceId
    name: str
    provider: str
    scheme: str | None
    webhook_path: str | None
    previous_secret_until: datetime | None
    allowed_cidrs: list[str] | None
    settings: dict[str, Any]
    disabled_at: datetime | None
    created_at: datetime
    version: int


class IntakeReceivedOut(BaseModel):
    """A message was kept; a worker works it. `duplicate`: it was there already."""

    message_id: IntakeMessageId
    duplicate: bool


class IntakeMessageOut(BaseModel):
    """A message without its bytes. `last_error` is that of the last try."""

    model_config = ConfigDict(from_attributes=True)

    id: IntakeMessageId
    source_id: IntakeSourceId
    external_id: str
    state: MessageState
    attempts: int
    last_error: str | None
    verified_by: Proof
    media_type: str
    headers: dict[str, str]
    sha256: str
    size: int = Field(description="In bytes, of what is kept")
    content_kept: bool = Field(description="False once the bytes were deleted because of their age")
    job_id: IntakeJobId
    received_at: datetime
    worked_at: datetime | None


class ReplayedOut(BaseModel):
    """How many failed messages are worked again; `has_more` when there are others left."""

    replayed: int
    has_more: bool
