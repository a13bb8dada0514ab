"""What the routes of connections, listings, orders and inquiries take and give."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.catalog.types import Country, Line, OfferId, PlainDecimal, Short
from api.core.ids import PublicId
from api.identity.schemas import Input, OrganisationId
from api.rules.channel_listings import (
    ConnectionStatus,
    ListingStatus,
    ListingTarget,
    OrderState,
)

ChannelConnectionId = Annotated[UUID, PublicId("channelconnection")]
ChannelListingId = Annotated[UUID, PublicId("channellisting")]
ChannelOrderId = Annotated[UUID, PublicId("channelorder")]
ChannelInquiryId = Annotated[UUID, PublicId("channelinquiry")]
Stock = Annotated[PlainDecimal, Field(ge=0, le=10**12, max_digits=20, decimal_places=6)]
Keywords = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,128}$")]
Category = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Pointer = Annotated[str, StringConstraints(pattern=r"^#(/[^\x00-\x1f]{1,200})?$")]
FaultCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
_CONNECTION = "channelconnection_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
_OFFER = "offer_019abf2e8c1d7c3fa9b04b4c6f0d2e11"
_CODE = "3_500102_JxZ05Ux3cnnSSUm6dCxYg6Q26"


class ChannelOut(BaseModel):
    """A channel, and whether this installation can speak to it."""

    name: str = Field(examples=["alibaba"])
    title: str
    available: bool
    of_partner: bool = Field(description="It is an organisation here, which answers by this API")
    authorise_url: str | None = Field(
        description="Where a seller agrees; the code that comes back is what it connects with"
    )


class ChannelsOut(BaseModel):
    """All channels."""

    items: list[ChannelOut]


class ChannelConnectionIn(Input):
    """A seller at a channel."""

    name: Short = Field(examples=["Our shop"])
    channel: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")] = Field(
        examples=["alibaba"]
    )
    market: Country = Field(examples=["CN"], description="Whose requirements the goods must meet")
    partner_id: OrganisationId | None = Field(
        default=None, description="Of the channel `partner`: the marketplace"
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, examples=[{"rfq_keywords": "honey"}], description="As it wants them"
    )
    credentials: dict[str, Any] | None = Field(
        default=None, examples=[{"code": _CODE}], description="Encrypted, and never shown again"
    )


class ChannelCredentialsIn(Input):
    """What the channel has given the seller who agreed once more."""

    credentials: dict[str, Any] = Field(examples=[{"code": _CODE}])


class ChannelConnectionOut(BaseModel):
    """A seller at a channel."""

    model_config = ConfigDict(from_attributes=True)

    id: ChannelConnectionId
    org_id: OrganisationId
    name: str
    channel: str
    market: str
    partner_id: OrganisationId | None
    settings: dict[str, Any]
    status: ConnectionStatus
    credentials_until: datetime | None = Field(description="They are renewed before")
    account: str | None = Field(description="The seller's name there")
    not_before: datetime | None = Field(description="The channel has asked for silence until then")
    polled_until: datetime | None = Field(description="Orders modified before were taken in")
    last_error: str | None
    version: int
    created_at: datetime


class ChannelListingIn(Input):
    """An offer that shall be listed."""

    connection_id: ChannelConnectionId = Field(examples=[_CONNECTION])
    offer_id: OfferId = Field(examples=[_OFFER])
    category: Category | None = Field(
        default=None, examples=["127734143"], description="The channel's own"
    )
    keywords: Keywords | None = Field(default=None, examples=["mountain honey"])
    stock: Stock | None = Field(default=None, examples=["500"], description="Told to the channel")


class ChannelListingPatch(Input):
    """What changes; what is left out stays."""

    category: Category | None = None
    keywords: Keywords | None = None
    stock: Stock | None = Field(default=None, examples=["480"])


class ChannelFault(BaseModel):
    """Why the channel, or the market, refuses it."""

    pointer: str = Field(
        examples=["#/offer/price_tiers"],
        description="A field of the listing, or of its `offer` or `product`; `#`: nobody knows",
    )
    code: str = Field(examples=["not_taken"])
    detail: str
    channel_code: str | None = Field(
        examples=["B_PRICE_SCALE_INVALID"], description="The channel's own code, or the market's"
    )


class ChannelListingOut(BaseModel):
    """An offer on a channel: what is wanted, and what the channel has said."""

    model_config = ConfigDict(from_attributes=True)

    id: ChannelListingId
    org_id: OrganisationId
    connection_id: ChannelConnectionId
    offer_id: OfferId
    reference: str = Field(description="Our name of it there")
    target: ListingTarget
    status: ListingStatus
    external_id: str | None
    category: str | None
    keywords: str | None
    stock: PlainDecimal | None
    faults: list[ChannelFault]
    attempts: int = Field(description="Tries that failed since one succeeded")
    next_attempt_at: datetime | None
    last_error: str | None
    ready_until: date | None = Field(
        description="Last day on which the market lets it be shown, as far as known; then it is "
        "withdrawn"
    )
    published_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class ItemAcceptedIn(Input):
    """The partner shows the item."""

    external_id: Short | None = Field(default=None, examples=["8842017"])


class ItemFaultIn(Input):
    """What is wrong with an item."""

    pointer: Pointer = Field(examples=["#/product/media"])
    code: FaultCode = Field(examples=["too_small"])
    detail: Line = Field(examples=["Pictures of at least 800 pixels"])


class ItemRejectedIn(Input):
    """The partner does not show the item, or not any more."""

    faults: list[ItemFaultIn] = Field(min_length=1, max_length=50)


class ChannelOrderOut(BaseModel):
    """An order at a channel. Buyers' names and addresses stay there."""

    model_config = ConfigDict(from_attributes=True)

    id: ChannelOrderId
    connection_id: ChannelConnectionId
    external_id: str
    status: str = Field(description="The channel's own word")
    state: OrderState
    currency: str | None
    amount: PlainDecimal | None
    buyer_country: str | None
    lines: list[dict[str, Any]] = Field(description="As the channel tells them")
    raw: dict[str, Any] = Field(description="What else the channel tells of it")
    whole: bool = Field(description="False: only the state is known yet")
    modified_at: datetime | None
    version: int
    created_at: datetime


class ChannelInquiryOut(BaseModel):
    """A request for quotations, or a question, at a channel."""

    model_config = ConfigDict(from_attributes=True)

    id: ChannelInquiryId
    connection_id: ChannelConnectionId
    external_id: str
    kind: str = Field(examples=["rfq"])
    subject: str
    detail: str | None
    quantity: PlainDecimal | None
    unit: str | None
    country: str | None
    posted_at: datetime | None
    expires_at: datetime | None
    raw: dict[str, Any]
    created_at: datetime
