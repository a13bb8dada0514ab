"""Tables of shipments and of what goes and comes with them."""

from api.delivery.models.despatches import DespatchAdvice, DespatchLine, Receipt, ReceiptLine
from api.delivery.models.shipments import (
    CustomsDeclaration,
    Package,
    Shipment,
    ShipmentEquipment,
    ShipmentLeg,
)

__all__ = [
    "CustomsDeclaration",
    "DespatchAdvice",
    "DespatchLine",
    "Package",
    "Receipt",
    "ReceiptLine",
    "Shipment",
    "ShipmentEquipment",
    "ShipmentLeg",
]
