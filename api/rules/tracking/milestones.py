"""What can be said of a shipment, and how UN/CEFACT, DCSA, EPCIS, 17TRACK and AfterShip say it.

The names are those of the standards, the pairing is ours: `NAMES` is how a milestone is told to
others. How what others say is read is in reading.py, and it is narrower: a code that several
milestones share, or that means less than one of them, is not read as any.
"""

from dataclasses import dataclass
from enum import StrEnum


class Milestone(StrEnum):
    """A step or an incident of a shipment (the `event_code` of a tracking event)."""

    GOODS_READY = "goods_ready"
    PICKED_UP = "picked_up"
    LOADED = "loaded"
    EXPORT_CLEARED = "export_cleared"
    DEPARTED = "departed"
    IN_TRANSIT = "in_transit"
    ARRIVED = "arrived"
    AT_BORDER = "at_border"
    BORDER_CROSSED = "border_crossed"
    IMPORT_CUSTOMS_OPEN = "import_customs_open"
    CUSTOMS_INFO_NEEDED = "customs_info_needed"
    IMPORT_RELEASED = "import_released"
    CUSTOMS_REFUSED = "customs_refused"
    DELAYED = "delayed"
    DAMAGED = "damaged"
    OUT_FOR_DELIVERY = "out_for_delivery"
    LOST = "lost"
    PARTIALLY_DELIVERED = "partially_delivered"
    DELIVERED = "delivered"
    ACCEPTED_SUBJECT_TO_INSPECTION = "accepted_subject_to_inspection"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Classifier(StrEnum):
    """DCSA `eventClassifierCode`: planned, estimated, actual, requested."""

    PLN = "PLN"
    EST = "EST"
    ACT = "ACT"
    REQ = "REQ"


class EventType(StrEnum):
    """DCSA `eventType`: about papers, a means of transport, or a container, trailer or wagon."""

    SHIPMENT = "SHIPMENT"
    TRANSPORT = "TRANSPORT"
    EQUIPMENT = "EQUIPMENT"


class FacilityType(StrEnum):
    """DCSA `facilityTypeCode`."""

    BORD = "BORD"
    CLOC = "CLOC"
    COFS = "COFS"
    COYA = "COYA"
    DEPO = "DEPO"
    INTE = "INTE"
    OFFD = "OFFD"
    POTE = "POTE"
    RAMP = "RAMP"
    WAYP = "WAYP"


_E, _F, _M = EventType, FacilityType, Milestone
BUYERS_OWN = frozenset({_M.ACCEPTED_SUBJECT_TO_INSPECTION, _M.ACCEPTED, _M.REJECTED})
"""Only the buyer says these: a carrier's "completed" accepts nothing."""


@dataclass(frozen=True, slots=True)
class Names:
    """How a milestone is called elsewhere; the first of several is the one told to others.

    `rec24` is UN/CEFACT Recommendation 24, `dcsa` (event type, code, facility) of DCSA's event
    domain 3.2, `epcis` (business step, disposition) of GS1's CBV 2.0.
    """

    rec24: tuple[str, ...] = ()
    dcsa: tuple[tuple[EventType, str, FacilityType | None], ...] = ()
    epcis: tuple[tuple[str, str | None], ...] = ()
    track17: tuple[str, ...] = ()
    aftership: tuple[str, ...] = ()


NAMES: dict[Milestone, Names] = {
    _M.GOODS_READY: Names(
        ("71",),
        ((_E.SHIPMENT, "CONF", None),),
        (("staging_outbound", None),),
        ("InfoReceived",),
        ("InfoReceived_001",),
    ),
    _M.PICKED_UP: Names(
        ("13",),
        ((_E.EQUIPMENT, "PICK", None), (_E.EQUIPMENT, "GTOT", None)),
        (("shipping", "in_transit"),),
        ("InTransit_PickedUp",),
        ("InTransit_002",),
    ),
    _M.LOADED: Names(
        ("48",),
        ((_E.EQUIPMENT, "LOAD", None), (_E.EQUIPMENT, "STUF", None)),
        (("loading", None),),
        ("InTransit_Other",),
        ("InTransit_001",),
    ),
    _M.EXPORT_CLEARED: Names(
        ("9", "12"),
        ((_E.EQUIPMENT, "CUSR", None),),
        (("departing", None),),
        ("InTransit_CustomsReleased",),
        ("InTransit_001",),
    ),
    _M.DEPARTED: Names(
        ("24",),
        ((_E.TRANSPORT, "DEPA", None),),
        (("departing", None),),
        ("InTransit_Departure",),
        ("InTransit_007",),
    ),
    _M.IN_TRANSIT: Names(
        (),
        (),
        (("transporting", "in_transit"),),
        ("InTransit_Other",),
        ("InTransit_001",),
    ),
    _M.ARRIVED: Names(
        ("1",),
        ((_E.TRANSPORT, "ARRI", None),),
        (("arriving", None),),
        ("InTransit_Arrival",),
        ("InTransit_003",),
    ),
    _M.AT_BORDER: Names(
        ("1",),
        ((_E.TRANSPORT, "ARRI", _F.BORD),),
        (("arriving", None),),
        ("InTransit_Arrival",),
        ("InTransit_003",),
    ),
    _M.BORDER_CROSSED: Names(
        ("16",),
        ((_E.EQUIPMENT, "CROS", _F.BORD),),
        (("entering_exiting", None),),
        ("InTransit_Arrival",),
        ("InTransit_004",),
    ),
    _M.IMPORT_CUSTOMS_OPEN: Names(
        ("126", "128"),
        ((_E.EQUIPMENT, "CUSS", None), (_E.EQUIPMENT, "CUSI", None)),
        (("inspecting", "in_progress"),),
        ("InTransit_CustomsProcessing",),
        ("InTransit_006", "Exception_004"),
    ),
    _M.CUSTOMS_INFO_NEEDED: Names(
        ("228",),
        ((_E.SHIPMENT, "HOLD", None),),
        (("holding", None),),
        ("InTransit_CustomsRequiringInformation",),
        ("Exception_018",),
    ),
    _M.IMPORT_RELEASED: Names(
        ("8", "12"),
        ((_E.EQUIPMENT, "CUSR", None), (_E.SHIPMENT, "RELS", None)),
        (("accepting", None),),
        ("InTransit_CustomsReleased",),
        ("InTransit_005",),
    ),
    _M.CUSTOMS_REFUSED: Names(
        ("17",),
        ((_E.SHIPMENT, "REJE", None),),
        (("holding", None),),
        ("Exception_Security",),
        ("Exception_001",),
    ),
    _M.DELAYED: Names(
        ("20", "101", "266"),
        (),
        (("transporting", "in_progress"),),
        ("Exception_Delayed",),
        ("Exception_005", "Exception_016", "Exception_017"),
    ),
    _M.DAMAGED: Names(
        ("18", "218"),
        (),
        (("inspecting", "damaged"),),
        ("Exception_Damage",),
        ("Exception_012",),
    ),
    _M.OUT_FOR_DELIVERY: Names(
        ("113",),
        ((_E.EQUIPMENT, "AVPU", None),),
        (("transporting", None),),
        ("OutForDelivery_Other",),
        ("OutForDelivery_001",),
    ),
    _M.LOST: Names(("49",), (), (("holding", "stolen"),), ("Exception_Lost",), ("Exception_013",)),
    _M.PARTIALLY_DELIVERED: Names(
        ("23", "105", "283"),
        (),
        (("receiving", "mismatch_quantity"),),
        ("DeliveryFailure_Other",),
        ("AttemptFail_001",),
    ),
    _M.DELIVERED: Names(
        ("21", "22"),
        ((_E.EQUIPMENT, "DROP", _F.CLOC), (_E.EQUIPMENT, "GTIN", _F.CLOC)),
        (("receiving", None),),
        ("Delivered_Other",),
        ("Delivered_001", "Delivered_003"),
    ),
    _M.ACCEPTED_SUBJECT_TO_INSPECTION: Names(("114",), (), (("inspecting", "in_progress"),)),
    _M.ACCEPTED: Names((), ((_E.SHIPMENT, "CMPL", None),), (("accepting", "conformant"),)),
    _M.REJECTED: Names(
        ("106", "277"),
        ((_E.SHIPMENT, "REJE", None),),
        (("inspecting", "non_conformant"),),
        ("DeliveryFailure_Rejected",),
        ("Exception_003",),
    ),
}
"""Every milestone; the codes "1" of Rec 24 and the sub-statuses of AfterShip are unverified."""
