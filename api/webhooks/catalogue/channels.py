"""Events of selling abroad."""

from api.webhooks.catalogue.kinds import Data, Kind


class ExportPermissionEventData(Data):
    """A permission to export, and into which market."""

    market: str


TYPES = Kind(
    "export_permission",
    "exportpermission",
    "export_permissions:read",
    ExportPermissionEventData,
    {"market": "CN"},
).types(
    verified="Your export permission was verified: goods under it may be shown in the market.",
    refused="Your export permission was refused, or is known no more to its authority.",
    withdrawn="Your export permission was withdrawn.",
)
INTERNAL: tuple[str, ...] = ("product.labelled", "market_standing.review_due")
