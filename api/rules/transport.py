"""Modes, documents, equipment and packages of a transport, and how their numbers look. Pure.

Sources: UN/ECE Recommendation 19 (modes), CMR and SMGS conventions, IATA Resolution 600a (air
waybill number), TIR Convention 1975 (carnet number), ISO 6346 (containers), GS1 General
Specifications 7.9 (SSCC), UN/EDIFACT 8053 (equipment), UN/ECE Recommendation 21 (packages).
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class TransportMode(StrEnum):
    """How a leg is travelled."""

    ROAD = "ROAD"
    RAIL = "RAIL"
    AIR = "AIR"
    VESSEL = "VESSEL"
    BARGE = "BARGE"


class TransportDocumentType(StrEnum):
    """Consignment notes by road and rail, air waybill, bill of lading, TIR carnet."""

    CMR = "CMR"
    SMGS = "SMGS"
    AWB = "AWB"
    BL = "BL"
    TIR = "TIR"


class EquipmentType(StrEnum):
    """UN/EDIFACT 8053: container, trailer, rail car, swap body, unit load device."""

    CN = "CN"
    TE = "TE"
    RR = "RR"
    SW = "SW"
    UL = "UL"


class DeclarationKind(StrEnum):
    """What a customs declaration is for."""

    EXPORT = "export"
    TRANSIT = "transit"
    IMPORT = "import"


_M, _D = TransportMode, TransportDocumentType
DOCUMENTS_OF: dict[TransportMode, frozenset[TransportDocumentType]] = {
    _M.ROAD: frozenset({_D.CMR, _D.TIR}),
    _M.RAIL: frozenset({_D.SMGS}),
    _M.AIR: frozenset({_D.AWB}),
    _M.VESSEL: frozenset({_D.BL}),
    _M.BARGE: frozenset({_D.BL}),
}
_FORMS: dict[TransportDocumentType, tuple[re.Pattern[str], str]] = {
    _D.CMR: (re.compile(r"[A-ZА-Я0-9][A-ZА-Я0-9/-]{0,19}"), "1-20 letters, digits, - and /"),
    _D.SMGS: (re.compile(r"[0-9]{6,10}"), "6-10 digits"),
    _D.AWB: (
        re.compile(r"[0-9]{3}-?[0-9]{8}"),
        "airline prefix, serial and check digit: 11 digits",
    ),
    _D.BL: (re.compile(r"[A-Z0-9][A-Z0-9/-]{3,19}"), "4-20 letters, digits, - and /"),
    _D.TIR: (re.compile(r"[A-Z]{2}[0-9]{8}"), "two letters and eight digits"),
}
_SSCC = re.compile(r"[0-9]{18}")
_DECLARATION: dict[str, tuple[re.Pattern[str], str]] = {
    "CN": (re.compile(r"[0-9]{18}"), "18 digits"),
    **dict.fromkeys(
        ("AM", "BY", "KG", "KZ", "RU"),
        (
            re.compile(r"[0-9]{5,8}/(0[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])[0-9]{2}/[0-9]{6,7}"),
            "customs post/DDMMYY/serial number",
        ),
    ),
}
"""Number of a customs declaration by the country whose customs registered it."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg as far as the rules look at it: places are codes, countries ISO 3166-1."""

    mode: TransportMode
    from_place: str
    to_place: str
    from_country: str
    to_country: str
    crossing_country: str | None


def document_fault(kind: TransportDocumentType, number: str) -> str | None:
    """What is wrong with the number of a transport document; None when nothing is."""
    form, words = _FORMS[kind]
    if not form.fullmatch(number):
        return f"a {kind} number has {words}"
    if kind is TransportDocumentType.AWB:
        serial, check = number[-8:-1], number[-1]
        if int(serial) % 7 != int(check):
            return "the check digit of the air waybill is wrong (serial number modulo 7)"
    return None


def sscc_is_valid(code: str) -> bool:
    """True for 18 digits whose last is the GS1 check digit (weights 3 and 1 from the right)."""
    if not (_SSCC.fullmatch(code) and code.isascii()):
        return False
    return sum(int(digit) * (1, 3)[i % 2] for i, digit in enumerate(reversed(code))) % 10 == 0


def declaration_fault(country: str, number: str) -> str | None:
    """What is wrong with a customs declaration's number; None also where no form is known."""
    form = _DECLARATION.get(country)
    if form is None or form[0].fullmatch(number):
        return None
    return f"a declaration registered in {country} is numbered {form[1]}"


def leg_faults(legs: list[Leg]) -> list[tuple[int, str, str, str]]:
    """(index, field, code, what is wrong) of legs that do not make one journey."""
    faults = []
    for index, leg in enumerate(legs):
        if leg.from_place == leg.to_place:
            faults.append((index, "to_place_code", "leg_stands_still", "begins and ends there"))
        if index and legs[index - 1].to_place != leg.from_place:
            detail = f"the leg before ends at {legs[index - 1].to_place}"
            faults.append((index, "from_place_code", "legs_apart", detail))
        if leg.crossing_country is not None and leg.from_country == leg.to_country:
            detail = "the leg stays in one country"
            faults.append((index, "crossing_code", "crossing_not_needed", detail))
    return faults
