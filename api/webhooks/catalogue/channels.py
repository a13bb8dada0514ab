"""Events of selling abroad."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.rules.channel_listings import ListingStatus, OrderState
from api.webhooks.catalogue.kinds import Data, Kind, Reference

_ID = "019abf2e8c1d7c3fa9b04b4c6f0d2e11"
ConnectionRef = Annotated[UUID, Reference("channelconnection")]
OfferRef = Annotated[UUID, Reference("offer")]
SellerRef = Annotated[UUID, Reference("organisation")]


class ExportPermissionEventData(Data):
    """A permission to export, and into which market."""

    market: str


class ChannelConnectionEventData(Data):
    """A seller at a channel."""

    channel: str


class ChannelListingEventData(Data):
    """An offer on a channel; `faults` say why it was refused."""

    connection_id: ConnectionRef
    offer_id: OfferRef
    status: ListingStatus
    external_id: str | None
    faults: list[dict[str, Any]] = Field(description="`pointer`, `code`, `detail`, `channel_code`")


class ChannelItemEventData(Data):
    """An item that a seller lists with you; only the parts that changed are told."""

    seller_id: SellerRef
    external_id: str | None = Field(description="Your name of it, once you have accepted it")
    content: dict[str, Any] | None = None
    price: dict[str, Any] | None = None
    stock: str | None = None


class ChannelOrderEventData(Data):
    """An order at a channel: `status` in its words, `state` in ours."""

    connection_id: ConnectionRef
    external_id: str
    state: OrderState
    status: str


class ChannelInquiryEventData(Data):
    """A request for quotations, or a question, at a channel."""

    connection_id: ConnectionRef
    external_id: str
    kind: str


_PRICE = {"currency": "USD", "price_tiers": [{"min_quantity": "1", "unit_price": "9.50"}]}

TYPES = (
    *Kind(
        "export_permission",
        "exportpermission",
        "export_permissions:read",
        ExportPermissionEventData,
        {"market": "CN"},
    ).types(
        verified="Your export permission was verified: goods under it may be shown in the market.",
        refused="Your export permission was refused, or is known no more to its authority.",
        withdrawn="Your export permission was withdrawn.",
    ),
    *Kind(
        "channel_connection",
        "channelconnection",
        "channels:read",
        ChannelConnectionEventData,
        {"channel": "alibaba"},
    ).types(
        authorised="The channel lets us act for you.",
        unauthorised="The channel does not let us act for you any more: agree there once more.",
        disconnected="The connection has ended; its credentials are forgotten.",
    ),
    *Kind(
        "channel_listing",
        "channellisting",
        "channels:read",
        ChannelListingEventData,
        {
            "connection_id": _ID,
            "offer_id": _ID,
            "status": "live",
            "external_id": "1601464242677",
            "faults": [],
        },
    ).types(
        submitted="The channel has taken the listing, and looks it through.",
        live="The channel shows the listing.",
        rejected="The channel, or what the market asks, refuses the listing: see `faults`.",
        paused="The listing is offline.",
        withdrawn="The listing is taken down.",
        failed="The channel did not answer as often as it is asked: resubmit, or sync, to go on.",
        permission_lapsed="The market does not let the goods be shown any more: the listing is "
        "being taken down.",
        update_refused="The channel refuses a change; it shows the listing as it was.",
    ),
    *Kind(
        "channel_item",
        "channellisting",
        "channels:answer",
        ChannelItemEventData,
        {"seller_id": _ID, "external_id": "8842017", "price": _PRICE},
    ).types(
        offered="A seller lists an item with you, or all of it anew: accept or reject it.",
        price_changed="The price of an item has changed, and nothing else.",
        stock_changed="The stock of an item has changed, and nothing else.",
        shown="Show the item again.",
        hidden="Do not show the item any more.",
    ),
    *Kind(
        "channel_order",
        "channelorder",
        "channels:read",
        ChannelOrderEventData,
        {"connection_id": _ID, "external_id": "12345", "state": "paid", "status": "undeliver"},
    ).types(
        received="A buyer has ordered at a channel.",
        changed="An order at a channel has changed.",
    ),
    *Kind(
        "channel_inquiry",
        "channelinquiry",
        "channels:read",
        ChannelInquiryEventData,
        {"connection_id": _ID, "external_id": "8817233021", "kind": "rfq"},
    ).types(received="A buyer asks for quotations at a channel."),
)
INTERNAL: tuple[str, ...] = (
    "channel_connection.poll_due",
    "channel_listing.attempt_due",
    "channel_listing.readiness_ends",
    "product.labelled",
    "market_standing.review_due",
    "feed.rebuild_due",
)
