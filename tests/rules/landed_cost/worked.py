"""The worked example of docs/landed-cost.md: 100 pumps to Bishkek, every rate an assumption."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from api.rules.evaluation.inputs import Rate, RateSet
from api.rules.incoterms import Incoterm
from api.rules.landed_cost import Inputs
from api.rules.landed_cost.inputs import (
    Charge,
    Duty,
    Line,
    Parameters,
    PriceTier,
    Route,
    Sourced,
    Stated,
    Terms,
)
from api.rules.landed_cost.kinds import (
    Basis,
    ChargeKind,
    Driver,
    DutyKind,
    Regime,
    Segment,
    StatedKind,
)
from api.rules.transport import TransportMode

D = Decimal
DAY = date(2026, 11, 24)
ASSUMED = Sourced("assumption", date(2026, 1, 1), reviewed=False)
YIWU, KASHI, TORUGART, BISHKEK = "cn-yiwu", "cn-kashi", "kg-torugart", "kg-bishkek"
PORT, ALTYNKOL, ALAMEDIN = "cn-lianyungang", "kz-altynkol", "kg-alamedin"
COUNTRY = {"cn": "CN", "kg": "KG", "kz": "KZ"}


def charge(
    code: str,
    kind: ChargeKind,
    segment: Segment,
    ends: tuple[str, str | None],
    rate: str,
    currency: str = "CNY",
    driver: Driver = Driver.WEIGHT,
) -> Charge:
    return Charge(code, kind, segment, *ends, Basis.SHIPMENT, D(rate), currency, driver, ASSUMED)


_K, _S = ChargeKind, Segment
LOCAL = (
    charge("broker", _K.IMPORT_CLEARANCE, _S.LOCAL, (BISHKEK, None), "12000", "KGS"),
    charge("unloading", _K.UNLOADING, _S.LOCAL, (BISHKEK, None), "3000", "KGS"),
)
ROAD = Route(
    "road",
    TransportMode.ROAD,
    "torugart",
    (YIWU, KASHI, TORUGART, BISHKEK),
    D(22000),
    D(86),
    "2026-1",
    (
        charge("loading", _K.LOADING, _S.PRE_BORDER, (YIWU, None), "800"),
        charge("main_haul", _K.CARRIAGE, _S.PRE_BORDER, (YIWU, KASHI), "26000"),
        charge("export", _K.EXPORT_CLEARANCE, _S.PRE_BORDER, (KASHI, None), "1200"),
        charge("yard", _K.HANDLING, _S.PRE_BORDER, (KASHI, None), "2500"),
        charge("to_border", _K.CARRIAGE, _S.PRE_BORDER, (KASHI, TORUGART), "5000"),
        charge("transship", _K.CARRIAGE, _S.PRE_BORDER, (TORUGART, None), "2200"),
        charge("inland", _K.CARRIAGE, _S.POST_BORDER, (TORUGART, BISHKEK), "14500"),
        *LOCAL,
    ),
)
RAIL = Route(
    "rail",
    TransportMode.RAIL,
    "altynkol",
    (PORT, ALTYNKOL, ALAMEDIN, BISHKEK),
    D(26000),
    D(67),
    "2026-1",
    (
        charge("port_to_rail", _K.CARRIAGE, _S.PRE_BORDER, (PORT, None), "3000"),
        charge("export", _K.EXPORT_CLEARANCE, _S.PRE_BORDER, (PORT, None), "1200"),
        charge("rail", _K.CARRIAGE, _S.PRE_BORDER, (PORT, ALTYNKOL), "31000"),
        charge("transship", _K.CARRIAGE, _S.PRE_BORDER, (ALTYNKOL, None), "2600"),
        charge("inland", _K.CARRIAGE, _S.POST_BORDER, (ALTYNKOL, ALAMEDIN), "11000"),
        charge("last_mile", _K.CARRIAGE, _S.LOCAL, (ALAMEDIN, BISHKEK), "9000", "KGS"),
        *LOCAL,
    ),
)
PARAMETERS = Parameters(
    fee_rate=D("0.004"),
    fee_min=D(0),
    fee_max=D(10**9),
    vat_rate=D("0.12"),
    vat_base_includes_fee=False,
    insurance_rate=D("0.003"),
    insurance_coverage=D("1.1"),
)


def rates(cny: str = "12.30") -> RateSet:
    found = {"CNY": cny, "EUR": "101.00", "USD": "87.50"}
    return RateSet("NBKR", DAY, {k: Rate(D(v), DAY, "NBKR") for k, v in found.items()})


def pumps(total: Decimal | str, **changed: Any) -> Line:
    """100 pumps of 8.6 t gross that cost `total` together."""
    line = Line(
        id="pumps",
        quantity=D(100),
        unit_code="C62",
        price_tiers=(PriceTier(D(1), D(total) / 100),),
        tnved_code="8413703000",
        origin="CN",
        net_weight_kg=D(8200),
        gross_weight_kg=D(8600),
        volume_m3=D(24),
        packages=D(100),
        duty=Duty(DutyKind.AD_VALOREM, ASSUMED, ad_valorem=D("0.05")),
    )
    return replace(line, **changed)


def terms(term: str, place: str, **changed: Any) -> Terms:
    made = Terms(Incoterm(term), place, COUNTRY[place[:2]])
    if term == "FCA":
        made = replace(made, is_seller_premises=False)
    if term == "DDP":
        made = replace(made, importer_of_record="ОсОО Импорт", importer_tax_id="01234567890123")
    return replace(made, **changed)


def bid(
    term: str,
    place: str,
    price: Decimal | str,
    *,
    stated: Sequence[Stated] = (),
    lines: Sequence[Line] | None = None,
    term_fields: dict[str, Any] | None = None,
    **changed: Any,
) -> Inputs:
    made = Inputs(
        subject="free",
        day=DAY,
        home="KGS",
        destination=BISHKEK,
        destination_country="KG",
        regime=Regime.IMPORT,
        terms=terms(term, place, **(term_fields or {})),
        currency="CNY",
        price_includes_vat=False,
        lines=tuple(lines or [pumps(price)]),
        parameters=PARAMETERS,
        rates=rates(),
        route=ROAD,
        stated=tuple(stated),
    )
    return replace(made, **changed)


def inland(amount: str = "14500", *, documented: bool = True) -> Stated:
    return Stated(StatedKind.POST_BORDER_CARRIAGE, D(amount), "CNY", documented)


EXW = bid("EXW", YIWU, "600000")
FCA = bid("FCA", KASHI, "632000")
FOB = bid("FOB", PORT, "612000", route=RAIL, term_fields={"deemed": True})
CPT = bid("CPT", BISHKEK, "655000", stated=[inland()])
CIP = bid("CIP", BISHKEK, "658000", stated=[inland()])
DAP = bid("DAP", BISHKEK, "660000")
DDP = bid("DDP", BISHKEK, "795000")
BIDS = {"EXW": EXW, "FCA": FCA, "FOB": FOB, "CPT": CPT, "CIP": CIP, "DAP": DAP, "DDP": DDP}
