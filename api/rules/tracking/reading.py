"""Codes of carriers and standards as milestones; None where a code says less than one of them.

What decides over money (loading, delivery, acceptance) is never guessed: "in transit" is not read
as loaded, a confirmed booking is not goods that are ready, and a release by customs is one of the
export or of the import only where the country tells which. The code itself is kept with the event
in any case.
"""

from collections.abc import Mapping
from enum import StrEnum

from api.rules.tracking.milestones import NAMES, EventType, FacilityType, Milestone

_M = Milestone


class Side(StrEnum):
    """Where on its way something happens: in the country of origin, or of destination."""

    EXPORT = "export"
    IMPORT = "import"


def side_of(country: str | None, *, origin: str | None, destination: str | None) -> Side | None:
    """The side of a country (ISO 3166-1 alpha-2); None in transit, at home, or when unknown."""
    if country is None or origin == destination:
        return None
    return {origin: Side.EXPORT, destination: Side.IMPORT}.get(country)


_CLEARED: dict[Side | None, Milestone] = {
    Side.EXPORT: _M.EXPORT_CLEARED,
    Side.IMPORT: _M.IMPORT_RELEASED,
}
_OPEN: dict[Side | None, Milestone] = {Side.IMPORT: _M.IMPORT_CUSTOMS_OPEN}
_GATE_OUT: dict[Side | None, Milestone] = {Side.EXPORT: _M.PICKED_UP}
_SHARED_REC24 = frozenset({"12"})
_AT_A_CROSSING = {_M.ARRIVED: _M.AT_BORDER}

_REC24: dict[str, Milestone] = {
    code: milestone
    for milestone, names in NAMES.items()
    for code in names.rec24
    if code not in _SHARED_REC24 and milestone not in _AT_A_CROSSING.values()
}
_TRACK17: dict[str, Milestone] = {
    "InfoReceived": _M.GOODS_READY,
    "InTransit_PickedUp": _M.PICKED_UP,
    "InTransit_Other": _M.IN_TRANSIT,
    "InTransit_Departure": _M.DEPARTED,
    "InTransit_Arrival": _M.ARRIVED,
    "InTransit_CustomsProcessing": _M.IMPORT_CUSTOMS_OPEN,
    "InTransit_CustomsRequiringInformation": _M.CUSTOMS_INFO_NEEDED,
    "OutForDelivery_Other": _M.OUT_FOR_DELIVERY,
    "Delivered_Other": _M.DELIVERED,
    "Exception_Delayed": _M.DELAYED,
    "Exception_Lost": _M.LOST,
    "Exception_Damage": _M.DAMAGED,
    "Exception_Security": _M.CUSTOMS_REFUSED,
}
_AFTERSHIP: dict[str, Milestone] = {
    "InfoReceived": _M.GOODS_READY,
    "InfoReceived_001": _M.GOODS_READY,
    "InTransit": _M.IN_TRANSIT,
    "InTransit_001": _M.IN_TRANSIT,
    "InTransit_002": _M.PICKED_UP,
    "InTransit_003": _M.ARRIVED,
    "InTransit_004": _M.ARRIVED,
    "InTransit_005": _M.IMPORT_RELEASED,
    "InTransit_006": _M.IMPORT_CUSTOMS_OPEN,
    "InTransit_007": _M.DEPARTED,
    "OutForDelivery": _M.OUT_FOR_DELIVERY,
    "OutForDelivery_001": _M.OUT_FOR_DELIVERY,
    "Delivered": _M.DELIVERED,
    "Delivered_001": _M.DELIVERED,
    "Delivered_002": _M.DELIVERED,
    "Delivered_003": _M.DELIVERED,
    "Delivered_004": _M.DELIVERED,
    "Exception_004": _M.DELAYED,
    "Exception_005": _M.DELAYED,
    "Exception_016": _M.DELAYED,
    "Exception_017": _M.DELAYED,
    "Exception_018": _M.CUSTOMS_INFO_NEEDED,
    "Exception_012": _M.DAMAGED,
    "Exception_013": _M.LOST,
}
_DCSA: dict[tuple[EventType, str], Milestone] = {
    (EventType.TRANSPORT, "DEPA"): _M.DEPARTED,
    (EventType.TRANSPORT, "ARRI"): _M.ARRIVED,
    (EventType.EQUIPMENT, "PICK"): _M.PICKED_UP,
    (EventType.EQUIPMENT, "LOAD"): _M.LOADED,
    (EventType.EQUIPMENT, "STUF"): _M.LOADED,
    (EventType.EQUIPMENT, "AVPU"): _M.OUT_FOR_DELIVERY,
}
_DCSA_BY_SIDE: dict[tuple[EventType, str], Mapping[Side | None, Milestone]] = {
    (EventType.EQUIPMENT, "CUSR"): _CLEARED,
    (EventType.EQUIPMENT, "CUSS"): _OPEN,
    (EventType.EQUIPMENT, "CUSI"): _OPEN,
    (EventType.EQUIPMENT, "GTOT"): _GATE_OUT,
}
_DCSA_AT: dict[tuple[EventType, str, FacilityType], Milestone] = {
    (EventType.TRANSPORT, "ARRI", FacilityType.BORD): _M.AT_BORDER,
    (EventType.EQUIPMENT, "CROS", FacilityType.BORD): _M.BORDER_CROSSED,
    (EventType.EQUIPMENT, "DROP", FacilityType.CLOC): _M.DELIVERED,
    (EventType.EQUIPMENT, "GTIN", FacilityType.CLOC): _M.DELIVERED,
}
_CUSTOMS_PAPERS: dict[str, Milestone] = {
    "HOLD": _M.CUSTOMS_INFO_NEEDED,
    "REJE": _M.CUSTOMS_REFUSED,
}
_CUSTOMS_CLEARANCE = "CUC"
_EPCIS_BY_DISPOSITION: dict[str, Milestone] = {
    "damaged": _M.DAMAGED,
    "stolen": _M.LOST,
    "mismatch_quantity": _M.PARTIALLY_DELIVERED,
}
_EPCIS: dict[tuple[str, str | None], Milestone] = {
    ("staging_outbound", None): _M.GOODS_READY,
    ("shipping", None): _M.PICKED_UP,
    ("shipping", "in_transit"): _M.PICKED_UP,
    ("loading", None): _M.LOADED,
    ("loading", "in_transit"): _M.LOADED,
    ("departing", None): _M.DEPARTED,
    ("departing", "in_transit"): _M.DEPARTED,
    ("arriving", None): _M.ARRIVED,
    ("arriving", "in_progress"): _M.ARRIVED,
    ("transporting", None): _M.IN_TRANSIT,
    ("transporting", "in_transit"): _M.IN_TRANSIT,
    ("transporting", "in_progress"): _M.DELAYED,
    ("receiving", None): _M.DELIVERED,
    ("receiving", "in_progress"): _M.DELIVERED,
    ("accepting", None): _M.IMPORT_RELEASED,
    ("holding", None): _M.CUSTOMS_INFO_NEEDED,
    ("accepting", "conformant"): _M.ACCEPTED,
    ("inspecting", "non_conformant"): _M.REJECTED,
}
_WORDS = ("bizstep-", "disp-", "bizstep:", "disp:", "/")


def at_crossing(milestone: Milestone | None) -> Milestone | None:
    """What a milestone is where it is told of a border crossing: an arrival is one at the border."""
    return milestone if milestone is None else _AT_A_CROSSING.get(milestone, milestone)


def from_rec24(code: str, side: Side | None) -> Milestone | None:
    """A status of UN/CEFACT Recommendation 24; "12", cleared by customs, by the side."""
    return _CLEARED.get(side) if code in _SHARED_REC24 else _REC24.get(code)


def from_track17(sub_status: str, side: Side | None) -> Milestone | None:
    """A sub-status of 17TRACK; the only one that has no country is that of customs."""
    if sub_status == "InTransit_CustomsReleased":
        return _CLEARED.get(side)
    return _TRACK17.get(sub_status)


def from_aftership(tag: str) -> Milestone | None:
    """A sub-tag of AfterShip ("Delivered_001"), or its tag alone."""
    return _AFTERSHIP.get(tag)


def from_dcsa(
    event_type: EventType,
    code: str,
    *,
    facility: FacilityType | None,
    document: str | None,
    side: Side | None,
) -> Milestone | None:
    """An event of DCSA Track & Trace; `document` is its `documentTypeCode`."""
    if event_type is EventType.SHIPMENT:
        return _CUSTOMS_PAPERS.get(code) if document == _CUSTOMS_CLEARANCE else None
    if facility is not None and (event_type, code, facility) in _DCSA_AT:
        return _DCSA_AT[event_type, code, facility]
    if (event_type, code) in _DCSA_BY_SIDE:
        return _DCSA_BY_SIDE[event_type, code].get(side)
    return _DCSA.get((event_type, code))


def from_epcis(
    step: str | None, disposition: str | None, *, at_crossing: bool, by_buyer: bool
) -> Milestone | None:
    """A business step and disposition of EPCIS, each as a URI, a URN or its last word.

    "entering_exiting" crosses a border only where the read point is a crossing; an inspection in
    progress is the buyer's own where the buyer says so, and that of customs otherwise.
    """
    step, disposition = _word(step), _word(disposition)
    if disposition in _EPCIS_BY_DISPOSITION:
        return _EPCIS_BY_DISPOSITION[disposition]
    if step == "entering_exiting":
        return _M.BORDER_CROSSED if at_crossing else None
    if (step, disposition) == ("inspecting", "in_progress"):
        return _M.ACCEPTED_SUBJECT_TO_INSPECTION if by_buyer else _M.IMPORT_CUSTOMS_OPEN
    return None if step is None else _EPCIS.get((step, disposition))


def _word(text: str | None) -> str | None:
    """The last word of a CBV identifier: `https://ref.gs1.org/cbv/BizStep-departing`."""
    if text is None:
        return None
    found = text.lower()
    for mark in _WORDS:
        found = found.rpartition(mark)[2]
    return found
