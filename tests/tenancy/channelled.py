"""What a seller has on a channel, and what came back from there."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from api.channels.models import ChannelConnection, ChannelInquiry, ChannelListing, ChannelOrder
from api.core import ids
from api.rules.channel_listings import ConnectionStatus, ListingStatus, OrderState
from tests.tenancy.world import Story, shown, written


def sold(story: Story, superuser: psycopg.Connection[Any], partner: Any) -> None:
    """A listing that was offered to a partner, and two connections of which one is at its end."""
    supplier, at = story.actors["supplier"], datetime(2026, 11, 1, tzinfo=UTC)
    story.actors["marketplace"] = partner
    connection = ChannelConnection(
        org_id=supplier.org_id,
        name="Silk Road Market",
        channel="partner",
        market="CN",
        partner_id=partner.org_id,
        status=ConnectionStatus.CONNECTED,
    )
    listing = ChannelListing(
        org_id=supplier.org_id,
        connection_id=connection.id,
        offer_id=ids.parse("offer", story.ids["offer_id"]),
        partner_id=partner.org_id,
        reference="KB-1",
        external_id="KB-1",
        status=ListingStatus.SUBMITTED,
    )
    order = ChannelOrder(
        org_id=supplier.org_id,
        connection_id=connection.id,
        external_id="12345",
        status="undeliver",
        state=OrderState.PAID,
        lines=[],
        raw={},
        whole=True,
        modified_at=at,
    )
    inquiry = ChannelInquiry(
        org_id=supplier.org_id,
        connection_id=connection.id,
        external_id="8817",
        kind="rfq",
        subject="Honey",
        raw={},
    )
    for row in (connection, listing, order, inquiry):
        written(superuser, row)
    story.under["/v1/channel"] = {
        "connection_id": ids.show("channelconnection", connection.id),
        "listing_id": ids.show("channellisting", listing.id),
        "order_id": ids.show("channelorder", order.id),
        "inquiry_id": ids.show("channelinquiry", inquiry.id),
    }
    story.bodies |= {
        "POST /v1/channel-connections": {
            "name": "Another market",
            "channel": "partner",
            "market": "CN",
            "partner_id": shown(partner),
        },
        "POST /v1/channel-listings": {
            "connection_id": ids.show("channelconnection", connection.id),
            "offer_id": story.ids["offer_id"],
        },
    }
