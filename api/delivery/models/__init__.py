"""Tables of shipments, of what goes and comes with them, and of where they are."""

from api.delivery.models.despatches import DespatchAdvice, DespatchLine, Receipt, ReceiptLine
from api.delivery.models.invoices import Invoice
from api.delivery.models.scorecards import (
    Scorecard,
    ScorecardAnnotation,
    ScorecardFact,
    ScorecardFigure,
    ScorecardPolicy,
)
from api.delivery.models.shipments import (
    CustomsDeclaration,
    Package,
    Shipment,
    ShipmentEquipment,
    ShipmentLeg,
)
from api.delivery.models.tracking import (
    TrackingEvent,
    TrackingFault,
    TrackingMessage,
    TrackingSource,
)
from api.delivery.models.transit import TransitObservation, TransitSeed

__all__ = [
    "CustomsDeclaration",
    "DespatchAdvice",
    "DespatchLine",
    "Invoice",
    "Package",
    "Receipt",
    "ReceiptLine",
    "Scorecard",
    "ScorecardAnnotation",
    "ScorecardFact",
    "ScorecardFigure",
    "ScorecardPolicy",
    "Shipment",
    "ShipmentEquipment",
    "ShipmentLeg",
    "TrackingEvent",
    "TrackingFault",
    "TrackingMessage",
    "TrackingSource",
    "TransitObservation",
    "TransitSeed",
]
