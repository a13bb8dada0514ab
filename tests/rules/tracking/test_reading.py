from itertools import product

import pytest

from api.rules.tracking import reading
from api.rules.tracking.milestones import BUYERS_OWN, NAMES, EventType, FacilityType, Milestone
from api.rules.tracking.reading import Side

M = Milestone
SIDES = (None, *Side)
PAPER = [
    # milestone, Rec 24, DCSA, 17TRACK, AfterShip
    (M.GOODS_READY, "71", "CONF", "InfoReceived", "InfoReceived_001"),
    (M.PICKED_UP, "13", "PICK GTOT", "InTransit_PickedUp", "InTransit_002"),
    (M.LOADED, "48", "LOAD STUF", "InTransit_Other", "InTransit_001"),
    (M.EXPORT_CLEARED, "9 12", "CUSR", "InTransit_CustomsReleased", "InTransit_001"),
    (M.DEPARTED, "24", "DEPA", "InTransit_Departure", "InTransit_007"),
    (M.BORDER_CROSSED, "16", "CROS", "InTransit_Arrival", "InTransit_004"),
    (M.IMPORT_CUSTOMS_OPEN, "126 128", "CUSS CUSI", "InTransit_CustomsProcessing",
     "InTransit_006 Exception_004"),
    (M.CUSTOMS_INFO_NEEDED, "228", "HOLD", "InTransit_CustomsRequiringInformation",
     "Exception_018"),
    (M.IMPORT_RELEASED, "8 12", "CUSR RELS", "InTransit_CustomsReleased", "InTransit_005"),
    (M.CUSTOMS_REFUSED, "17", "REJE", "Exception_Security", "Exception_001"),
    (M.DELAYED, "20 101 266", "", "Exception_Delayed",
     "Exception_005 Exception_016 Exception_017"),
    (M.OUT_FOR_DELIVERY, "113", "AVPU", "OutForDelivery_Other", "OutForDelivery_001"),
    (M.DELIVERED, "21 22", "DROP GTIN", "Delivered_Other", "Delivered_001 Delivered_003"),
    (M.PARTIALLY_DELIVERED, "23 105 283", "", "DeliveryFailure_Other", "AttemptFail_001"),
    (M.ACCEPTED_SUBJECT_TO_INSPECTION, "114", "", "", ""),
    (M.ACCEPTED, "", "CMPL", "", ""),
    (M.REJECTED, "106 277", "REJE", "DeliveryFailure_Rejected", "Exception_003"),
    (M.LOST, "49", "", "Exception_Lost", "Exception_013"),
    (M.DAMAGED, "18 218", "", "Exception_Damage", "Exception_012"),
]  # fmt: skip


def test_every_milestone_has_names() -> None:
    assert set(NAMES) == set(Milestone)


@pytest.mark.parametrize("row", PAPER, ids=[r[0] for r in PAPER])
def test_milestones_are_told_as_the_table_says(row: tuple[Milestone, str, str, str, str]) -> None:
    milestone, *told = row
    names = NAMES[milestone]
    codes = [code for _, code, _ in names.dcsa]
    assert [names.rec24, (*codes,), names.track17, names.aftership] == [
        (*each.split(),) for each in told
    ]
    border = [place for _, code, place in names.dcsa if code == "CROS"]
    assert border in ([], [FacilityType.BORD])


@pytest.mark.parametrize("side", SIDES)
def test_what_is_read_of_a_code_is_one_of_those_that_are_told_by_it(side: Side | None) -> None:
    for milestone, names in NAMES.items():
        for code in names.rec24:
            found = reading.from_rec24(code, side)
            assert found is None or code in NAMES[found].rec24
        for code in names.track17:
            found = reading.from_track17(code, side)
            assert found is None or code in NAMES[found].track17, milestone


def test_a_release_by_customs_is_of_the_side_where_it_was_given() -> None:
    assert [reading.from_rec24("12", side) for side in SIDES] == [
        None,
        M.EXPORT_CLEARED,
        M.IMPORT_RELEASED,
    ]
    assert [reading.from_track17("InTransit_CustomsReleased", side) for side in SIDES] == [
        None,
        M.EXPORT_CLEARED,
        M.IMPORT_RELEASED,
    ]


def test_a_side_is_known_by_the_country() -> None:
    sides = {c: reading.side_of(c, origin="CN", destination="KG") for c in ("CN", "KZ", "KG")}
    assert sides == {"CN": Side.EXPORT, "KZ": None, "KG": Side.IMPORT}
    assert reading.side_of("KG", origin="KG", destination="KG") is None


def test_moving_is_not_read_as_loaded_nor_a_booking_as_goods_that_are_ready() -> None:
    assert reading.from_track17("InTransit_Other", None) is M.IN_TRANSIT
    assert reading.from_aftership("InTransit") is M.IN_TRANSIT
    for side in SIDES:
        for code, document in product(("CONF", "CMPL", "HOLD", "REJE"), ("BKG", "TRD", None)):
            assert (
                reading.from_dcsa(
                    EventType.SHIPMENT, code, facility=None, document=document, side=side
                )
                is None
            )


def dcsa(kind: EventType, code: str, facility: FacilityType | None = None) -> Milestone | None:
    return reading.from_dcsa(kind, code, facility=facility, document=None, side=Side.IMPORT)


def test_events_of_dcsa_are_read_with_their_facility() -> None:
    assert dcsa(EventType.EQUIPMENT, "CROS", FacilityType.BORD) is M.BORDER_CROSSED
    assert dcsa(EventType.EQUIPMENT, "CROS") is None
    assert dcsa(EventType.EQUIPMENT, "DROP", FacilityType.CLOC) is M.DELIVERED
    assert dcsa(EventType.EQUIPMENT, "DROP", FacilityType.DEPO) is None
    assert dcsa(EventType.TRANSPORT, "ARRI") is M.ARRIVED
    assert dcsa(EventType.TRANSPORT, "ARRI", FacilityType.BORD) is M.AT_BORDER
    assert dcsa(EventType.EQUIPMENT, "CUSI") is M.IMPORT_CUSTOMS_OPEN
    assert dcsa(EventType.EQUIPMENT, "DISC") is None


@pytest.mark.parametrize(
    "form",
    [
        "departing",
        "urn:epcglobal:cbv:bizstep:departing",
        "https://ref.gs1.org/cbv/BizStep-departing",
    ],
)
def test_a_business_step_is_read_in_each_of_its_spellings(form: str) -> None:
    assert reading.from_epcis(form, None, at_crossing=False, by_buyer=False) is M.DEPARTED


def test_an_inspection_is_the_buyers_or_that_of_customs_and_a_passage_needs_a_crossing() -> None:
    def read(step: str, disposition: str | None, **where: bool) -> Milestone | None:
        return reading.from_epcis(
            step, disposition, **{"at_crossing": False, "by_buyer": False, **where}
        )

    assert read("inspecting", "in_progress") is M.IMPORT_CUSTOMS_OPEN
    assert read("inspecting", "in_progress", by_buyer=True) in BUYERS_OWN
    assert read("entering_exiting", None) is None
    assert read("entering_exiting", None, at_crossing=True) is M.BORDER_CROSSED
    assert read("receiving", "mismatch_quantity") is M.PARTIALLY_DELIVERED
    assert read("nonsense", None) is None


def test_no_carriers_code_accepts_goods_for_the_buyer() -> None:
    for names in NAMES.values():
        for code in (*names.track17, *names.aftership):
            for side in SIDES:
                assert reading.from_track17(code, side) not in BUYERS_OWN
            assert reading.from_aftership(code) not in BUYERS_OWN
