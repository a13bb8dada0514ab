"""Events of shipments and invoices; both sides of the contract are told."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.webhooks.catalogue.contracts import CONTRACT, ContractRef
from api.webhooks.catalogue.kinds import Data, Kind, NoData, Reference
from api.webhooks.catalogue.procurement import ORGANISATION, OrganisationRef

SOURCE = "019abf2e8c1d7c3fa9b04b4c6f0d2e16"


class ShipmentEventData(Data):
    """A shipment under a contract."""

    contract_id: ContractRef
    supplier_id: OrganisationRef


class TrackedEventData(Data):
    """Tracking events that a source told."""

    source: Annotated[UUID, Reference("trackingsource")]
    events: int = Field(description="How many were new")


class InvoiceEventData(Data):
    """An invoice as the supplier sent it."""

    contract_id: ContractRef
    number: str
    sha256: str = Field(description="Of the document")


class LandedCostEventData(Data):
    """A landed cost that was computed anew."""

    previous_id: Annotated[UUID, Reference("landedcost")]
    total_gross: Decimal
    difference: Decimal = Field(description="From the one before")
    currency: str


class ScorecardAnnotatedEventData(Data):
    """A supplier's word about a fact of its scorecard, or what was decided about it."""

    action: str


_SHIPMENT = {"contract_id": CONTRACT, "supplier_id": ORGANISATION}
_LANDED_COST = {
    "previous_id": SOURCE,
    "total_gross": "1843200.50",
    "difference": "-1200",
    "currency": "KGS",
}
TYPES = (
    *Kind(
        "landed_cost", "landedcost", "landed-costs:read", LandedCostEventData, _LANDED_COST
    ).types(recomputed="A landed cost that you follow was computed by new numbers."),
    *Kind("landed_cost", "landedcost", "landed-costs:read", NoData, {}).types(
        not_computable="A landed cost that you follow cannot be computed by the new numbers."
    ),
    *Kind("shipment", "shipment", "shipments:read", ShipmentEventData, _SHIPMENT).types(
        created="The supplier entered a shipment.",
        changed="A leg of a shipment changed.",
        despatched="A despatch advice was sent.",
        despatch_cancelled="A despatch advice was cancelled.",
        declared="A customs declaration was registered.",
        released="Customs released the goods.",
    ),
    *Kind("goods", "shipment", "shipments:read", ShipmentEventData, _SHIPMENT).types(
        received="The buyer took over what was despatched.",
    ),
    *Kind(
        "shipment", "shipment", "tracking:read", TrackedEventData, {"source": SOURCE, "events": 2}
    ).types(tracked="There are new tracking events of a shipment."),
    *Kind(
        "invoice",
        "invoice",
        "invoices:read",
        InvoiceEventData,
        {"contract_id": CONTRACT, "number": "2026-118", "sha256": "ab" * 32},
    ).types(received="The supplier sent an invoice."),
    *Kind(
        "scorecard",
        "organisation",
        "scorecards:read",
        ScorecardAnnotatedEventData,
        {"action": "submit"},
    ).types(annotated="A supplier wrote about its scorecard, or that was decided."),
    *Kind("scorecard", "organisation", "scorecards:read", NoData, {}).types(
        changed="The scorecard of the supplier changed."
    ),
)
INTERNAL = ("scorecard.refresh_due", "seller.rated", "landed_cost.recompute_due")
