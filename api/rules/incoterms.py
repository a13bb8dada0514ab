"""Incoterms 2020 as data, and what does not fit between a rule, its place and the destination.

Source: ICC Incoterms 2020 (in our own words; ICC's text is not reproduced), and the validators of
the China-Kyrgyzstan lane: a sea rule cannot work for a country that no ship reaches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

VERSION = "2020"


class Incoterm(StrEnum):
    """The eleven rules: seven for any mode of transport, four for sea and inland waterway."""

    EXW = "EXW"
    FCA = "FCA"
    CPT = "CPT"
    CIP = "CIP"
    DAP = "DAP"
    DPU = "DPU"
    DDP = "DDP"
    FAS = "FAS"
    FOB = "FOB"
    CFR = "CFR"
    CIF = "CIF"


class Mode(StrEnum):
    """Transport that a rule is made for."""

    ANY = "any"
    SEA = "sea"


class NamedPlace(StrEnum):
    """What the place written after the rule means."""

    DELIVERY = "place_of_delivery"
    DESTINATION = "place_of_destination"
    PORT_OF_SHIPMENT = "port_of_shipment"
    PORT_OF_DESTINATION = "port_of_destination"


class Point(StrEnum):
    """Where the seller stops paying, or stops bearing the risk."""

    AT_SELLERS_DISPOSAL = "at_sellers_premises_not_loaded"
    HANDED_TO_CARRIER = "handed_to_the_buyers_carrier"
    HANDED_TO_FIRST_CARRIER = "handed_to_the_first_carrier"
    ALONGSIDE_SHIP = "alongside_the_ship"
    ON_BOARD = "on_board_the_ship"
    AT_DESTINATION = "at_the_place_of_destination"
    READY_FOR_UNLOADING = "at_destination_ready_for_unloading"
    UNLOADED = "at_destination_unloaded"
    CLEARED = "at_destination_cleared_for_import"
    AT_DESTINATION_PORT = "at_the_port_of_destination"


class Severity(StrEnum):
    """A blocker stops the use of the terms as they stand; a warning is shown and kept."""

    BLOCKER = "blocker"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `cost_point` is where the seller's costs end, `risk_point` where its risk ends."""

    code: Incoterm
    mode: Mode
    named_place: NamedPlace
    cost_point: Point
    risk_point: Point
    names: Mapping[str, str]

    @property
    def risk_passes_before_cost(self) -> bool:
        """True for the C rules: the buyer bears the risk of a journey that the seller pays."""
        return self.cost_point is not self.risk_point


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit; `proposal` is the rule to restate the offer in, if there is."""

    code: str
    severity: Severity
    proposal: Incoterm | None
    detail: str


_I, _P, _N = Incoterm, Point, NamedPlace
RULES: dict[Incoterm, Rule] = {
    rule.code: rule
    for rule in (
        Rule(
            _I.EXW, Mode.ANY, _N.DELIVERY, _P.AT_SELLERS_DISPOSAL, _P.AT_SELLERS_DISPOSAL,
            {"ky": "Сатуучунун кампасынан", "ru": "Франко завод", "en": "Ex Works",
             "zh": "工厂交货"},
        ),
        Rule(
            _I.FCA, Mode.ANY, _N.DELIVERY, _P.HANDED_TO_CARRIER, _P.HANDED_TO_CARRIER,
            {"ky": "Ташуучуга өткөрүү", "ru": "Франко перевозчик", "en": "Free Carrier",
             "zh": "货交承运人"},
        ),
        Rule(
            _I.CPT, Mode.ANY, _N.DESTINATION, _P.AT_DESTINATION, _P.HANDED_TO_FIRST_CARRIER,
            {"ky": "Ташуу төлөнгөн", "ru": "Перевозка оплачена до", "en": "Carriage Paid To",
             "zh": "运费付至"},
        ),
        Rule(
            _I.CIP, Mode.ANY, _N.DESTINATION, _P.AT_DESTINATION, _P.HANDED_TO_FIRST_CARRIER,
            {"ky": "Ташуу жана камсыздандыруу төлөнгөн",
             "ru": "Перевозка и страхование оплачены до",
             "en": "Carriage and Insurance Paid To", "zh": "运费和保险费付至"},
        ),
        Rule(
            _I.DAP, Mode.ANY, _N.DESTINATION, _P.READY_FOR_UNLOADING, _P.READY_FOR_UNLOADING,
            {"ky": "Жерине жеткирүү", "ru": "Поставка в месте назначения",
             "en": "Delivered at Place", "zh": "目的地交货"},
        ),
        Rule(
            _I.DPU, Mode.ANY, _N.DESTINATION, _P.UNLOADED, _P.UNLOADED,
            {"ky": "Жерине жеткирүү жана түшүрүү", "ru": "Поставка на место с выгрузкой",
             "en": "Delivered at Place Unloaded", "zh": "目的地卸货后交货"},
        ),
        Rule(
            _I.DDP, Mode.ANY, _N.DESTINATION, _P.CLEARED, _P.CLEARED,
            {"ky": "Бажы төлөмдөрү төлөнүп жеткирүү", "ru": "Поставка с оплатой пошлин",
             "en": "Delivered Duty Paid", "zh": "完税后交货"},
        ),
        Rule(
            _I.FAS, Mode.SEA, _N.PORT_OF_SHIPMENT, _P.ALONGSIDE_SHIP, _P.ALONGSIDE_SHIP,
            {"ky": "Кеменин жанына жеткирүү", "ru": "Свободно вдоль борта судна",
             "en": "Free Alongside Ship", "zh": "船边交货"},
        ),
        Rule(
            _I.FOB, Mode.SEA, _N.PORT_OF_SHIPMENT, _P.ON_BOARD, _P.ON_BOARD,
            {"ky": "Кемеге жүктөп берүү", "ru": "Свободно на борту", "en": "Free On Board",
             "zh": "船上交货"},
        ),
        Rule(
            _I.CFR, Mode.SEA, _N.PORT_OF_DESTINATION, _P.AT_DESTINATION_PORT, _P.ON_BOARD,
            {"ky": "Баасы жана фрахт", "ru": "Стоимость и фрахт", "en": "Cost and Freight",
             "zh": "成本加运费"},
        ),
        Rule(
            _I.CIF, Mode.SEA, _N.PORT_OF_DESTINATION, _P.AT_DESTINATION_PORT, _P.ON_BOARD,
            {"ky": "Баасы, камсыздандыруу жана фрахт", "ru": "Стоимость, страхование и фрахт",
             "en": "Cost, Insurance and Freight", "zh": "成本、保险费加运费"},
        ),
    )
}  # fmt: skip

WITHDRAWN: dict[str, Incoterm] = {
    "DAT": _I.DPU,
    "DEQ": _I.DPU,
    "DAF": _I.DAP,
    "DES": _I.DAP,
    "DDU": _I.DAP,
}
"""Rules of the 1990-2010 editions that sellers still write, and what took their place."""

RESTATED_FOR_LAND: dict[Incoterm, Incoterm] = {
    _I.FAS: _I.FCA,
    _I.FOB: _I.FCA,
    _I.CFR: _I.CPT,
    _I.CIF: _I.CIP,
}

# fmt: off
WITHOUT_SEA_ACCESS = frozenset({
    "AF", "AM", "AZ", "BT", "KG", "KZ", "LA", "MN", "NP", "TJ", "TM", "UZ",
    "BF", "BI", "BW", "CF", "ET", "LS", "ML", "MW", "NE", "RW", "SS", "SZ", "TD", "UG", "ZM", "ZW",
    "AD", "BO", "BY", "LI", "MK", "SM", "VA", "XK",
})
# fmt: on
"""Landlocked countries; those whose rivers carry ships to the sea (Danube, Rhine) are left out."""


def check(
    term: str,
    place_country: str | None,
    destination_country: str,
    *,
    importer_of_record: bool = False,
) -> list[Finding]:
    """What a buyer in `destination_country` must know of an offer "`term` (named place)".

    Countries are ISO 3166-1 alpha-2; `place_country` is that of the named place, None when it is
    not known. `importer_of_record` says that the seller has named a party registered for import
    in the destination, as DDP needs. An empty list means that nothing speaks against the terms.
    """
    term = term.strip().upper()
    if term in WITHDRAWN:
        proposal = WITHDRAWN[term]
        detail = f"{term} is not in Incoterms {VERSION}; {proposal} took its place."
        return [Finding("INCOTERM_WITHDRAWN", Severity.BLOCKER, proposal, detail)]
    if term not in RULES:
        detail = f"{term} is not a rule of Incoterms {VERSION}."
        return [Finding("INCOTERM_UNKNOWN", Severity.BLOCKER, None, detail)]
    rule = RULES[Incoterm(term)]
    conflict = _mode_conflict(rule, place_country, destination_country)
    if conflict is not None:
        return [conflict]
    crosses = place_country is not None and place_country != destination_country
    found = []
    if rule.code is Incoterm.EXW and crosses:
        detail = "Under EXW the foreign buyer has to clear the goods for export itself."
        found.append(Finding("EXW_CROSS_BORDER", Severity.WARNING, Incoterm.FCA, detail))
    if rule.code is Incoterm.DDP and not importer_of_record:
        detail = "DDP needs an importer registered for tax in the country of destination."
        found.append(Finding("DDP_WITHOUT_IMPORTER", Severity.WARNING, Incoterm.DAP, detail))
    if rule.named_place is NamedPlace.DESTINATION and crosses:
        detail = f"{term} ends abroad: carriage from there on is the buyer's."
        found.append(Finding("ENDS_BEFORE_DESTINATION", Severity.WARNING, None, detail))
    if rule.risk_passes_before_cost:
        detail = f"Under {term} the buyer bears the risk from the first carrier on."
        found.append(Finding("RISK_PASSES_AT_ORIGIN", Severity.WARNING, None, detail))
    return found


def _mode_conflict(
    rule: Rule, place_country: str | None, destination_country: str
) -> Finding | None:
    """A sea rule for a country that no ship reaches, or from a "port" in such a country."""
    if rule.mode is not Mode.SEA:
        return None
    for country in (destination_country, place_country):
        if country in WITHOUT_SEA_ACCESS:
            proposal = RESTATED_FOR_LAND[rule.code]
            detail = f"{rule.code} is for ships only, and {country} has no sea; use {proposal}."
            return Finding("MODE_CONFLICT", Severity.BLOCKER, proposal, detail)
    return None
