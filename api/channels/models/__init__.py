"""Tables of selling abroad."""

from api.channels.models.feeds import Feed, FeedBuild, FeedOmission
from api.channels.models.markets import ExportPermission, MarketRequirement, ProductLabel

__all__ = [
    "ExportPermission",
    "Feed",
    "FeedBuild",
    "FeedOmission",
    "MarketRequirement",
    "ProductLabel",
]
