"""Routes of timelines: as JSON, as a picture, and what is expected."""

from typing import Annotated, Any

from fastapi import Response

from api.delivery.schemas.timelines import EtaOut, TimelineOut
from api.delivery.schemas.tracking import TrackedShipmentId
from api.delivery.service import timeline_pictures, timelines, tracked
from api.identity import access
from api.identity.access import Context, require

router = access.router("/shipments", "tracking")
Read = Annotated[Context, require("tracking:read")]
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The timeline, planned against actual",
        "content": {"image/svg+xml": {"schema": {"type": "string"}}},
    }
}


@router.get("/{shipment_id}/timeline", response_model=TimelineOut)
def timeline(shipment_id: TrackedShipmentId, ctx: Read) -> TimelineOut:
    """Where a shipment is: its status by actual events, its steps planned against actual, why it
    is late, and what is due of it. Both sides see the same."""
    shipment = tracked.get(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id)
    return timelines.timeline(ctx.session, shipment)


@router.get("/{shipment_id}/timeline.svg", response_class=Response, responses=_PICTURE)
def picture(shipment_id: TrackedShipmentId, ctx: Read) -> Response:
    """The timeline as a picture, with days and hours of Bishkek."""
    shipment = tracked.get(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id)
    svg = timeline_pictures.drawn(timelines.timeline(ctx.session, shipment))
    return Response(svg, media_type="image/svg+xml")


@router.get("/{shipment_id}/eta", response_model=EtaOut)
def eta(shipment_id: TrackedShipmentId, ctx: Read) -> EtaOut:
    """When a shipment is expected: p50 and p90, from published hours of its legs and crossings
    and from what they took here. `missing` names what nothing is known of."""
    shipment = tracked.get(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id)
    return timelines.estimated(ctx.session, shipment)
