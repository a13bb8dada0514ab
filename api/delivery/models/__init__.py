"""Tables of delivery."""

from api.delivery.models.landed_costs import EstimateSubject, LandedCostEstimate, LandedCostTerms
from api.delivery.models.routes import Crossing, RateCharge, TransportRoute
from api.delivery.models.tariffs import ExciseRate, ImportParameter, TariffRate, TradeRemedy

__all__ = [
    "Crossing",
    "EstimateSubject",
    "ExciseRate",
    "ImportParameter",
    "LandedCostEstimate",
    "LandedCostTerms",
    "RateCharge",
    "TariffRate",
    "TradeRemedy",
    "TransportRoute",
]
