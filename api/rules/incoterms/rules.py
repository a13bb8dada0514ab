"""The eleven rules of Incoterms 2020 as data: where costs end, where risk passes, which place.

Source: ICC Incoterms 2020, in our own words; ICC's text is not reproduced.
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
