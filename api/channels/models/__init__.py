"""Tables of selling abroad."""

from api.channels.models.listings import (
    ChannelConnection,
    ChannelInquiry,
    ChannelListing,
    ChannelOrder,
)
from api.channels.models.markets import ExportPermission, MarketRequirement, ProductLabel

__all__ = [
    "ChannelConnection",
    "ChannelInquiry",
    "ChannelListing",
    "ChannelOrder",
    "ExportPermission",
    "MarketRequirement",
    "ProductLabel",
]
