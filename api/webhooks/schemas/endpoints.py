"""What goes in and out about endpoints, deliveries and attempts."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.core.ids import PublicId
from api.core.inputs import IsoInstant, printable
from api.rules.outbound import AttemptError
from api.rules.webhooks import (
    DeliveryStatus,
    DisabledReason,
    EndpointStatus,
    Ordering,
    SignatureScheme,
)

EndpointId = Annotated[UUID, PublicId("endpoint")]
DeliveryId = Annotated[UUID, PublicId("delivery")]
AttemptId = Annotated[UUID, PublicId("attempt")]
Url = Annotated[
    str,
    Field(min_length=1, max_length=2000, examples=["https://hooks.example.kg/kerben"]),
    AfterValidator(printable),
]
EventTypes = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100), AfterValidator(printable)]],
    Field(
        max_length=100,
        description="Names, or `tender.*` for all that begin so; empty: all that you may read",
        examples=[["tender.*", "contract.signed"]],
    ),
]
Channels = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z_]+_[0-9a-f]{32}$")]],
    Field(
        max_length=100,
        description="Ids: only events about one of them; empty: about anything",
        examples=[["tender_019abf2e8c1d7c3fa9b04b4c6f0d2e11"]],
    ),
]
Description = Annotated[str, Field(max_length=500, examples=["Our ERP"]), AfterValidator(printable)]
InFlight = Annotated[int, Field(ge=1, le=50, description="Attempts at once", examples=[5])]
Rate = Annotated[int, Field(ge=1, le=1000, description="Attempts a second", examples=[20])]


class WebhookInput(BaseModel):
    """Base of inputs: nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class EndpointIn(WebhookInput):
    """An address that is to get events."""

    url: Url
    description: Description | None = None
    event_types: EventTypes = []
    channels: Channels = []
    scheme: SignatureScheme = SignatureScheme.V1
    ordering: Ordering = Field(
        default=Ordering.BEST_EFFORT,
        description="`fifo`: events of one resource come in order, each after the one before it",
    )
    max_in_flight: InFlight = 5
    rate_per_second: Rate | None = None


class EndpointPatch(WebhookInput):
    """What changes of an endpoint."""

    url: Url = "https://hooks.example.kg/kerben"
    description: Description | None = None
    event_types: EventTypes = []
    channels: Channels = []
    ordering: Ordering = Ordering.BEST_EFFORT
    max_in_flight: InFlight = 5
    rate_per_second: Rate | None = None


class EndpointOut(BaseModel):
    """An endpoint of yours, and how it fares. Its secret is not shown here."""

    model_config = ConfigDict(from_attributes=True)

    id: EndpointId
    url: str
    description: str | None
    event_types: list[str]
    channels: list[str]
    scheme: SignatureScheme
    ordering: Ordering
    max_in_flight: int
    rate_per_second: int | None
    status: EndpointStatus
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    recover_since: datetime | None = Field(
        description="Since when events may be missing: a proposal for `recover`"
    )
    failures: int = Field(description="In a row")
    failing_since: datetime | None
    last_success_at: datetime | None
    open_until: datetime | None = Field(description="Left alone until then, after its failures")
    created_at: datetime
    version: int


class EndpointSecretOut(BaseModel):
    """The key that signs: `whsec_…` is shared; of `whsk_…` you need only the public half."""

    secret: str = Field(examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"])
    public_key: str | None = Field(examples=["whpk_3FvVXmEYjgXUyYUs0tbG2p7mAd6kCBLLRNx4bQZTdCU="])
    scheme: SignatureScheme


class EndpointCreated(EndpointOut, EndpointSecretOut):
    """A new endpoint, and its key, shown once."""


class RotateSecretIn(WebhookInput):
    """How long the old key goes on signing beside the new one."""

    grace_hours: int = Field(
        default=24, ge=0, le=168, description="0: the old key leaked", examples=[24]
    )


class TestIn(WebhookInput):
    """The type whose example is sent."""

    type: str = Field(min_length=1, max_length=100, examples=["tender.published"])


class RecoverIn(WebhookInput):
    """From which moment on."""

    since: IsoInstant = Field(examples=["2026-11-27T00:00:00Z"])


class ReplayIn(RecoverIn):
    """From which moment on, until which, and which types; all that the endpoint asks for, if empty."""

    until: IsoInstant | None = Field(default=None, examples=["2026-11-28T00:00:00Z"])
    event_types: EventTypes = []


class DeliveryOut(BaseModel):
    """A message on its way to an endpoint, or what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: DeliveryId
    endpoint_id: EndpointId
    webhook_id: str
    event_type: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    last_status_code: int | None
    last_error: AttemptError | None
    test: bool
    created_at: datetime
    content: dict[str, Any] | None = Field(
        default=None, description="With `with_content=true`, while it is kept"
    )


class AttemptOut(BaseModel):
    """One request and what came back."""

    model_config = ConfigDict(from_attributes=True)

    id: AttemptId
    delivery_id: DeliveryId
    endpoint_id: EndpointId
    event_type: str
    number: int
    started_at: datetime
    duration_ms: int
    status_code: int | None
    error: AttemptError | None
    detail: str | None
    next_attempt_at: datetime | None
    response: str | None = Field(default=None, description="Its head, with `with_content=true`")


class WebhookSignatureIn(WebhookInput):
    """What a receiver got, to see whether it verifies. Nothing of it is kept."""

    key: str = Field(
        max_length=200,
        description="whsec_… or whpk_…",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    )
    webhook_id: str = Field(max_length=100, examples=["event_019abf2e8c1d7c3fa9b04b4c6f0d2e11"])
    webhook_timestamp: int = Field(ge=0, le=2**53, examples=[1795834200])
    webhook_signature: str = Field(
        max_length=5000, examples=["v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="]
    )
    body: str = Field(max_length=100_000, examples=['{"type":"tender.published"}'])


class WebhookSignatureOut(BaseModel):
    """Whether the signature is by the key, and whether a receiver should take it for fresh."""

    verifies: bool
    fresh: bool = Field(description="The timestamp is within five minutes of now")
