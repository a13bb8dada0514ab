"""Tables of selling abroad."""

from api.channels.models.feeds import Feed, FeedBuild, FeedOmission
from api.channels.models.listings import (
    ChannelConnection,
    ChannelInquiry,
    ChannelListing,
    ChannelOrder,
)
from api.channels.models.markets import ExportPermission, MarketRequirement, ProductLabel
from api.channels.models.standings import MarketStanding

__all__ = [
    "ChannelConnection",
    "ChannelInquiry",
    "ChannelListing",
    "ChannelOrder",
    "ExportPermission",
    "Feed",
    "FeedBuild",
    "FeedOmission",
    "MarketRequirement",
    "MarketStanding",
    "ProductLabel",
]
