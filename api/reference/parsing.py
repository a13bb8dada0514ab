"""What a row of each file must look like."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from api.reference import locales
from api.reference.files import BadValue, Row
from api.reference.locales import LANGUAGES
from api.reference.models import CertificateSubject, PlaceKind
from api.rules import classifications
from api.rules.classifications import FORMS, Scheme
from api.rules.product_texts import TextField

LARGEST = Decimal("1e10")


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of file: its key, the columns it must have and may have, and how a row is read."""

    key: Sequence[str]
    required: Sequence[str]
    optional: Sequence[str]
    parse: Callable[[Row], dict[str, Any]]

    @property
    def columns(self) -> list[str]:
        return [*self.required, *self.optional]


def normalised(value: str) -> str:
    """Lower case, ё as е: how titles and queries are compared."""
    return value.lower().replace("ё", "е")


def titled(
    scheme: Scheme, languages: Mapping[str, str]
) -> Callable[[Row], tuple[str, dict[str, str]]]:
    """Reads code and titles of a row; `languages` maps column to language."""

    def parse(row: Row) -> tuple[str, dict[str, str]]:
        code = row.required("code", max_length=20).replace(" ", "")
        if not classifications.well_formed(scheme, code):
            message = f"{code!r} is not a code of {scheme}: {FORMS[scheme][1]}"
            raise BadValue("code", "form", message)
        texts = row.texts(languages)
        return code, {languages[column]: text for column, text in texts.items()}

    return parse


def _unit(row: Row) -> dict[str, Any]:
    return {
        "code": row.required("code", max_length=3),
        "symbol": row.get("symbol") or None,
        "names": row.texts(LANGUAGES),
        "dimension": row.get("dimension") or None,
        "factor": _number(row, "factor", above=Decimal(0)) if row.get("factor") else None,
    }


def _place(row: Row) -> dict[str, Any]:
    locode = row.get("un_locode")
    if locode and len(locode) != 5:
        raise BadValue("un_locode", "form", "is not five characters")
    return {
        "code": row.required("code", max_length=40),
        "kind": _member(row, "kind", PlaceKind),
        "country": _country(row, "country"),
        "un_locode": locode or None,
        "latitude": _number(row, "latitude", above=Decimal(-90), below=Decimal(90)),
        "longitude": _number(row, "longitude", above=Decimal(-180), below=Decimal(180)),
        "names": row.texts(LANGUAGES),
        "parent_code": row.get("parent") or None,
    }


def _certificate(row: Row) -> dict[str, Any]:
    return {
        "code": row.required("scheme", max_length=40),
        "names": row.texts(LANGUAGES),
        "subject": _member(row, "subject", CertificateSubject),
    }


def _market_language(row: Row) -> dict[str, Any]:
    language = row.required("language", max_length=2)
    if language not in LANGUAGES:
        raise BadValue("language", "unknown", f"{language!r} is none of {', '.join(LANGUAGES)}")
    begins = _day(row, "valid_from")
    ends = _day(row, "valid_to") if row.get("valid_to") else None
    if ends is not None and ends <= begins:
        raise BadValue("valid_to", "range", "is not after valid_from")
    return {
        "market": _country(row, "market"),
        "field": _member(row, "field", TextField),
        "language": language,
        "valid_from": begins,
        "valid_to": ends,
        "source": row.required("source", max_length=500),
        "reviewed": _flag(row, "reviewed"),
    }


def _rate(row: Row) -> dict[str, Any]:
    day = _day(row)
    base, quote = _currency(row, "base"), _currency(row, "quote")
    if base == quote:
        raise BadValue("quote", "same", "is the same currency as base")
    return {
        "day": day,
        "base": base,
        "quote": quote,
        "rate": _number(row, "rate", above=Decimal(0), below=LARGEST),
        "source": row.required("source", max_length=200),
    }


def _work_year(row: Row) -> dict[str, Any]:
    weekend = row.required("weekend", max_length=20).split()
    if not {*weekend} <= {*"1234567"} or len({*weekend}) == 7:
        raise BadValue("weekend", "form", "is not ISO weekdays like 6 7 (Monday is 1)")
    return {
        "calendar": row.required("calendar", max_length=3),
        "year": _year(row.required("year", max_length=4)),
        "weekend": sorted({int(day) for day in weekend}),
        "source": row.required("source", max_length=500),
        "reviewed": _flag(row, "reviewed"),
    }


def _work_day(row: Row) -> dict[str, Any]:
    day = _day(row)
    return {
        "calendar": row.required("calendar", max_length=3),
        "year": day.year,
        "day": day,
        "working": _flag(row, "working"),
        "names": row.texts(LANGUAGES),
        "source": row.required("source", max_length=500),
        "reviewed": _flag(row, "reviewed"),
    }


def _year(value: str) -> int:
    if not (len(value) == 4 and value.isascii() and value.isdigit() and 2000 <= int(value) < 2100):
        raise BadValue("year", "form", f"{value!r} is not a year from 2000 to 2099")
    return int(value)


def _day(row: Row, column: str = "day") -> date:
    try:
        return date.fromisoformat(row.required(column, max_length=10))
    except ValueError as error:
        raise BadValue(column, "form", "is not a day like 2026-11-24") from error


def _flag(row: Row, column: str) -> bool:
    value = row.required(column, max_length=20)
    if value not in ("yes", "no"):
        raise BadValue(column, "form", f"{value!r} is neither yes nor no")
    return value == "yes"


def _number(row: Row, column: str, *, above: Decimal, below: Decimal = Decimal("1e18")) -> Decimal:
    value = row.required(column, max_length=40)
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise BadValue(column, "number", f"{value!r} is not a number like 87.50") from error
    if not number.is_finite() or not above < number < below:
        raise BadValue(column, "range", f"{value} is not between {above} and {below:f}")
    return number


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


UNIT = Shape(["code"], ["code"], [*LANGUAGES, "symbol", "dimension", "factor"], _unit)
PLACE = Shape(
    ["code"],
    ["code", "kind", "country", "un_locode", "latitude", "longitude", "parent"],
    LANGUAGES,
    _place,
)
CERTIFICATE = Shape(["code"], ["scheme", "subject"], LANGUAGES, _certificate)
MARKET_LANGUAGE = Shape(
    ["market", "field", "language", "valid_from"],
    ["market", "field", "language", "valid_from", "source", "reviewed"],
    ["valid_to"],
    _market_language,
)
RATE = Shape(
    ["day", "base", "quote", "source"], ["day", "base", "quote", "rate", "source"], [], _rate
)
WORK_YEAR = Shape(
    ["calendar", "year"], ["calendar", "year", "weekend", "source", "reviewed"], [], _work_year
)
WORK_DAY = Shape(
    ["calendar", "day"], ["calendar", "day", "working", "source", "reviewed"], LANGUAGES, _work_day
)
