import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rules import transport
from api.rules.packages import PACKAGE_TYPES
from api.rules.transport import Leg, TransportDocumentType, TransportMode

D = TransportDocumentType


@pytest.mark.parametrize(
    ("kind", "number", "good"),
    [
        (D.CMR, "KG-2027/000123", True),
        (D.CMR, "", False),
        (D.CMR, "кг 1", False),
        (D.SMGS, "12345678", True),
        (D.SMGS, "12A45678", False),
        (D.AWB, "235-12345675", True),
        (D.AWB, "23512345675", True),
        (D.AWB, "235-12345676", False),
        (D.AWB, "235-1234567", False),
        (D.BL, "MAEU123456789", True),
        (D.BL, "AB", False),
        (D.TIR, "AX12345678", True),
        (D.TIR, "A12345678", False),
    ],
)
def test_numbers_of_transport_documents_have_the_form_of_their_kind(
    kind: TransportDocumentType, number: str, good: bool
) -> None:
    assert (transport.document_fault(kind, number) is None) == good


@given(st.integers(0, 9_999_999))
def test_an_air_waybill_has_one_check_digit(serial: int) -> None:
    good = [
        digit
        for digit in range(10)
        if transport.document_fault(D.AWB, f"235{serial:07d}{digit}") is None
    ]
    assert good == [serial % 7]


@given(st.integers(0, 10**17 - 1), st.integers(0, 17), st.integers(1, 9))
def test_an_sscc_has_one_check_digit_and_a_wrong_digit_shows(
    number: int, position: int, shift: int
) -> None:
    body = f"{number:017d}"
    (code,) = [f"{body}{n}" for n in range(10) if transport.sscc_is_valid(f"{body}{n}")]
    wrong = str((int(code[position]) + shift) % 10)
    assert not transport.sscc_is_valid(code[:position] + wrong + code[position + 1 :])


def test_an_sscc_of_the_specification_is_valid() -> None:
    assert transport.sscc_is_valid("106141411234567897")
    assert not transport.sscc_is_valid("10614141123456789")
    assert not transport.sscc_is_valid("١06141411234567897")


@pytest.mark.parametrize(
    ("country", "number", "good"),
    [
        ("KG", "41710010/271126/0001234", True),
        ("KG", "41710010/311326/0001234", False),
        ("CN", "531420261234567890", True),
        ("CN", "41710010/271126/0001234", False),
        ("TR", "26060700EX000123", True),
    ],
)
def test_a_declaration_is_numbered_as_its_customs_do(country: str, number: str, good: bool) -> None:
    assert (transport.declaration_fault(country, number) is None) == good


def leg(start: str, end: str, *, crossing: str | None = None) -> Leg:
    return Leg(TransportMode.ROAD, start, end, start[:2], end[:2], crossing)


def test_legs_make_one_journey() -> None:
    good = [leg("cn-a", "kg-b", crossing="kg"), leg("kg-b", "kg-c")]
    assert transport.leg_faults(good) == []
    faults = transport.leg_faults([leg("cn-a", "cn-a", crossing="kg"), leg("kg-b", "kg-c")])
    assert [(index, field, code) for index, field, code, _ in faults] == [
        (0, "to_place_code", "leg_stands_still"),
        (0, "crossing_code", "crossing_not_needed"),
        (1, "from_place_code", "legs_apart"),
    ]


def test_package_types_are_codes_of_two_signs_without_the_deleted_one() -> None:
    assert {"PX", "CT", "BX", "43", "ZZ"} <= PACKAGE_TYPES
    assert "SX" not in PACKAGE_TYPES
    assert {len(code) for code in PACKAGE_TYPES} == {2}
