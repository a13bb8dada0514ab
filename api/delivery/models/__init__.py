"""Tables of landed costs, of shipments, of what goes and comes with them and where they are."""

from api.delivery.models.despatches import DespatchAdvice, DespatchLine, Receipt, ReceiptLine
from api.delivery.models.invoices import Invoice
from api.delivery.models.landed_costs import (
    EstimateSubject,
    LandedCostActual,
    LandedCostEstimate,
    LandedCostFollowing,
    LandedCostTerms,
)
from api.delivery.models.routes import Crossing, RateCharge, TransportRoute
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
from api.delivery.models.tariffs import (
    DestinationTariff,
    ExciseRate,
    ImportParameter,
    TariffRate,
    TradeRemedy,
)
from api.delivery.models.tracking import (
    TrackingEvent,
    TrackingFault,
)
from api.delivery.models.transit import TransitObservation, TransitSeed

__all__ = [
    "Crossing",
    "CustomsDeclaration",
    "DespatchAdvice",
    "DespatchLine",
    "DestinationTariff",
    "EstimateSubject",
    "ExciseRate",
    "ImportParameter",
    "Invoice",
    "LandedCostActual",
    "LandedCostEstimate",
    "LandedCostFollowing",
    "LandedCostTerms",
    "Package",
    "RateCharge",
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
    "TariffRate",
    "TrackingEvent",
    "TrackingFault",
    "TradeRemedy",
    "TransitObservation",
    "TransitSeed",
    "TransportRoute",
]
