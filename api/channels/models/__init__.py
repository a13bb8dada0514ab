"""Tables of selling abroad."""

from api.channels.models.markets import ExportPermission, MarketRequirement, ProductLabel

__all__ = ["ExportPermission", "MarketRequirement", "ProductLabel"]
