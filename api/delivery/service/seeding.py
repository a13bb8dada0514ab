"""Filling the tables of crossings, routes, rate cards, tariffs and parameters from files.

A load is repeatable and refuses a file with a bad row as a whole. What the package ships never
replaces a row that is there; a file of the operator's does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from api.core.errors import FieldError
from api.core.tables import Table
from api.delivery.models import (
    Crossing,
    DestinationTariff,
    ExciseRate,
    ImportParameter,
    RateCharge,
    TariffRate,
    TradeRemedy,
    TransportRoute,
)
from api.reference import locales
from api.reference.files import BadValue, FileRefused, Progress, Row, read
from api.reference.locales import LANGUAGES
from api.reference.models import Place
from api.reference.store import Loaded, one_at_a_time, store, store_new
from api.rules.landed_cost.kinds import (
    Basis,
    ChargeKind,
    Driver,
    DutyKind,
    ParameterCode,
    RemedyKind,
    Segment,
)
from api.rules.transport import TransportMode

DATA = Path(__file__).parents[1] / "data"


class What(StrEnum):
    """The kinds of files, in the order in which they are loaded."""

    CROSSINGS = "crossings"
    ROUTES = "routes"
    RATE_CHARGES = "rate-charges"
    TARIFF_RATES = "tariff-rates"
    TRADE_REMEDIES = "trade-remedies"
    EXCISE_RATES = "excise-rates"
    DESTINATION_TARIFFS = "destination-tariffs"
    IMPORT_PARAMETERS = "import-parameters"


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of file: the table, its key, the columns it must have, and how a row is read."""

    model: type[Table]
    key: Sequence[str]
    required: Sequence[str]
    parse: Callable[[Row], dict[str, Any]]


def ensure_bundled(session: Session) -> None:
    """Load what the package ships, unless this database has it already."""
    if session.exec(select(ImportParameter.id).limit(1)).first() is None:
        load_bundled(session)


def load_bundled(session: Session, progress: Progress | None = None) -> dict[str, Loaded]:
    """Load what the package ships; every row of it says where it is from and is unreviewed."""
    return {
        what.value: load(session, what, DATA / _file(what), progress, only_new=True)
        for what in What
    }


def load(
    session: Session,
    what: What,
    file: Path,
    progress: Progress | None = None,
    *,
    only_new: bool = False,
) -> Loaded:
    """Load one file (TSV or CSV with a header). FileRefused names every bad row."""
    shape = SHAPES[what]
    sheet = read(file, shape.required)
    rows = sheet.parse(shape.parse, lambda row: tuple(row[name] for name in shape.key))
    one_at_a_time(session)
    _refuse_unknown_places(session, file, rows)
    if what is What.EXCISE_RATES:
        _refuse_of_others(session, file, rows)
    if only_new:
        return store_new(session, shape.model, shape.key, rows, progress)
    return store(session, shape.model, shape.key, rows, progress)


def _refuse_unknown_places(session: Session, file: Path, rows: list[dict[str, Any]]) -> None:
    named: dict[str, str] = {}
    for n, row in enumerate(rows, start=2):
        for column in ("place_code", "from_place", "to_place"):
            if row.get(column):
                named.setdefault(row[column], f"#/{n}/{column}")
        for place in row.get("places", ()):
            named.setdefault(place, f"#/{n}/places")
    known = {*session.exec(select(Place.code).where(col(Place.code).in_(named)))}
    errors = [
        FieldError(pointer=pointer, code="unknown_place", detail=f"{code} is no place")
        for code, pointer in named.items()
        if code not in known
    ]
    if errors:
        raise FileRefused(f"{file.name}: unknown places; nothing was loaded.", errors=errors)


def _refuse_of_others(session: Session, file: Path, rows: list[dict[str, Any]]) -> None:
    """Excise is kept by code and first day: a second country begins on another day."""
    known = {
        (row.tnved_code, row.valid_from): row.country for row in session.exec(select(ExciseRate))
    }
    errors = [
        FieldError(
            pointer=f"#/{n}/valid_from",
            code="other_country",
            detail=f"{row['tnved_code']} has a rate of another country from that day on",
        )
        for n, row in enumerate(rows, start=2)
        if known.get((row["tnved_code"], row["valid_from"]), row["country"]) != row["country"]
    ]
    if errors:
        raise FileRefused(f"{file.name}: not loaded.", errors=errors)


def _crossing(row: Row) -> dict[str, Any]:
    return {
        "code": row.required("code", max_length=40),
        "place_code": row.required("place", max_length=40),
        "un_locode": row.get("un_locode") or None,
        "from_country": _country(row, "from_country"),
        "to_country": _country(row, "to_country"),
        "mode": _member(row, "mode", TransportMode),
        "union_border": _flag(row, "union_border"),
        "names": row.texts(LANGUAGES),
        **_sourced(row),
    }


def _route(row: Row) -> dict[str, Any]:
    places = row.required("places", max_length=500).split()
    if len(places) < 2 or len({*places}) != len(places):
        raise BadValue("places", "form", "must be two or more different places")
    return {
        "code": row.required("code", max_length=60),
        "crossing_code": row.required("crossing", max_length=40),
        "mode": _member(row, "mode", TransportMode),
        "places": places,
        "names": row.texts(LANGUAGES),
        "capacity_kg": _number(row, "capacity_kg", above=Decimal(0)),
        "capacity_m3": _number(row, "capacity_m3", above=Decimal(0)),
        **_sourced(row),
    }


def _rate_charge(row: Row) -> dict[str, Any]:
    position = row.required("position", max_length=3)
    if not position.isdecimal():
        raise BadValue("position", "form", "is not a number like 3")
    return {
        "route_code": row.required("route", max_length=60),
        "code": row.required("code", max_length=60),
        "card": row.required("card", max_length=100),
        "position": int(position),
        "kind": _member(row, "kind", ChargeKind),
        "segment": _member(row, "segment", Segment),
        "from_place": row.required("from_place", max_length=40),
        "to_place": row.get("to_place") or None,
        "basis": _member(row, "basis", Basis),
        "amount": _number(row, "amount"),
        "currency": _currency(row, "currency"),
        "driver": _member(row, "driver", Driver),
        **_dated(row),
    }


def _tariff_rate(row: Row) -> dict[str, Any]:
    return {"kind": _member(row, "kind", DutyKind), **_rates(row)}


def _destination_tariff(row: Row) -> dict[str, Any]:
    code = row.required("hs_code", max_length=10)
    if not (len(code) in (6, 8, 10) and code.isascii() and code.isdigit()):
        raise BadValue("hs_code", "form", f"{code!r} is not six, eight or ten digits")
    vat = _number(row, "vat_rate") if row.get("vat_rate") else None
    if vat is not None and vat >= 1:
        raise BadValue("vat_rate", "range", f"{vat} is not a fraction like 0.09")
    return {
        "country": _country(row, "country"),
        "hs_code": code,
        "kind": _member(row, "kind", DutyKind),
        **_amounts(row),
        "vat_rate": vat,
        **_dated(row),
    }


def _trade_remedy(row: Row) -> dict[str, Any]:
    return {
        "tnved_code": _tnved(row),
        "kind": _member(row, "kind", RemedyKind),
        "origin": _country(row, "origin"),
        "producer": row.get("producer") or None,
        "rate": _number(row, "rate"),
        **_dated(row),
    }


def _import_parameter(row: Row) -> dict[str, Any]:
    return {
        "country": _country(row, "country"),
        "code": _member(row, "code", ParameterCode),
        "value": _number(row, "value"),
        **_dated(row),
    }


def _rates(row: Row) -> dict[str, Any]:
    return {"tnved_code": _tnved(row), **_amounts(row), **_dated(row)}


def _amounts(row: Row) -> dict[str, Any]:
    specific = bool(row.get("specific_amount"))
    return {
        "ad_valorem": _number(row, "ad_valorem") if row.get("ad_valorem") else None,
        "specific_amount": _number(row, "specific_amount") if specific else None,
        "specific_currency": _currency(row, "specific_currency") if specific else None,
        "specific_unit": row.required("specific_unit", max_length=3) if specific else None,
    }


def _excise_rate(row: Row) -> dict[str, Any]:
    return {"country": _country(row, "country") if row.get("country") else "KG", **_rates(row)}


def _sourced(row: Row) -> dict[str, Any]:
    return {
        "source": row.required("source", max_length=500),
        "reviewed": _flag(row, "reviewed"),
    }


def _dated(row: Row) -> dict[str, Any]:
    valid_to = _day(row, "valid_to") if row.get("valid_to") else None
    return {"valid_from": _day(row, "valid_from"), "valid_to": valid_to, **_sourced(row)}


def _day(row: Row, column: str) -> date:
    try:
        return date.fromisoformat(row.required(column, max_length=10))
    except ValueError as error:
        raise BadValue(column, "form", "is not a day like 2026-11-24") from error


def _flag(row: Row, column: str) -> bool:
    value = row.required(column, max_length=3)
    if value not in ("yes", "no"):
        raise BadValue(column, "form", f"{value!r} is neither yes nor no")
    return value == "yes"


def _number(row: Row, column: str, *, above: Decimal | None = None) -> Decimal:
    value = row.required(column, max_length=30)
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise BadValue(column, "number", f"{value!r} is not a number like 0.05") from error
    if not number.is_finite() or number < 0 or (above is not None and number <= above):
        raise BadValue(column, "range", f"{value} is negative, or too small")
    return number


def _tnved(row: Row) -> str:
    value = row.required("tnved_code", max_length=10)
    if not (len(value) == 10 and value.isascii() and value.isdigit()):
        raise BadValue("tnved_code", "form", f"{value!r} is not ten digits")
    return value


def _member(row: Row, column: str, enum: type[StrEnum]) -> StrEnum:
    value = row.required(column, max_length=40)
    try:
        return enum(value)
    except ValueError as error:
        raise BadValue(column, "unknown", f"{value!r} is none of {', '.join(enum)}") from error


def _currency(row: Row, column: str) -> str:
    value = row.required(column, max_length=3)
    if value not in locales.currencies():
        raise BadValue(column, "unknown", f"{value!r} is not a currency in circulation")
    return value


def _country(row: Row, column: str) -> str:
    value = row.required(column, max_length=2)
    if value not in locales.countries():
        raise BadValue(column, "unknown", f"{value!r} is not a country of ISO 3166-1")
    return value


def _file(what: What) -> str:
    return f"{what.value.replace('-', '_')}.tsv"


_SOURCE = ("source", "reviewed")
_DATED = ("valid_from", "valid_to", *_SOURCE)
_SPECIFIC = ("ad_valorem", "specific_amount", "specific_currency", "specific_unit")
SHAPES: dict[What, Shape] = {
    What.CROSSINGS: Shape(
        Crossing,
        ["code"],
        ["code", "place", "from_country", "to_country", "mode", "union_border", *_SOURCE],
        _crossing,
    ),
    What.ROUTES: Shape(
        TransportRoute,
        ["code"],
        ["code", "crossing", "mode", "places", "capacity_kg", "capacity_m3", *_SOURCE],
        _route,
    ),
    What.RATE_CHARGES: Shape(
        RateCharge,
        ["route_code", "code", "valid_from"],
        ["route", "code", "card", "position", "kind", "segment", "from_place", "to_place"]
        + ["basis", "amount", "currency", "driver", *_DATED],
        _rate_charge,
    ),
    What.TARIFF_RATES: Shape(
        TariffRate,
        ["tnved_code", "valid_from"],
        ["tnved_code", "kind", *_SPECIFIC, *_DATED],
        _tariff_rate,
    ),
    What.TRADE_REMEDIES: Shape(
        TradeRemedy,
        ["tnved_code", "origin", "producer", "kind", "valid_from"],
        ["tnved_code", "kind", "origin", "producer", "rate", *_DATED],
        _trade_remedy,
    ),
    What.EXCISE_RATES: Shape(
        ExciseRate,
        ["tnved_code", "valid_from"],
        ["tnved_code", *_SPECIFIC, *_DATED],
        _excise_rate,
    ),
    What.DESTINATION_TARIFFS: Shape(
        DestinationTariff,
        ["country", "hs_code", "valid_from"],
        ["country", "hs_code", "kind", *_SPECIFIC, "vat_rate", *_DATED],
        _destination_tariff,
    ),
    What.IMPORT_PARAMETERS: Shape(
        ImportParameter,
        ["country", "code", "valid_from"],
        ["country", "code", "value", *_DATED],
        _import_parameter,
    ),
}
