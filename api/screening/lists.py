"""What the publishers of lists write, read as one: entries with names, numbers, countries, codes.

OpenSanctions' simple CSV and its entities as NDJSON (FollowTheMoney), the XML of OFAC (SDN), of the
United Nations (consolidated list) and of the European Union (FSF 1.1), and a table of our own for
what is published otherwise: national registers, debarments, controlled goods.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, BinaryIO, NamedTuple

from lxml import etree

from api.rules.screening import EntryKind
from api.screening import names


class ListFormat(StrEnum):
    """How a list is written."""

    OPENSANCTIONS_CSV = "opensanctions_csv"
    OPENSANCTIONS_NDJSON = "opensanctions_ndjson"
    OFAC_XML = "ofac_xml"
    UN_XML = "un_xml"
    EU_XML = "eu_xml"
    TABLE_CSV = "table_csv"


class Unreadable(Exception):
    """A file is not what it is said to be; `place` is the line or the element."""

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(f"{place}: {detail}")
        self.place, self.detail = place, detail


class Listed(NamedTuple):
    """An entry of a list."""

    external_id: str
    kind: EntryKind
    names: tuple[str, ...]
    identifiers: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    hs_prefixes: tuple[str, ...] = ()
    programme: str | None = None
    listed_on: date | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of all that it says: the same as long as nothing changes."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


TABLE = ("id", "kind", "name", "aliases", "identifiers", "countries", "programme", "listed_on")
TABLE_COLUMNS = (*TABLE, "hs_codes")
_SIMPLE = ("id", "schema", "name", "aliases", "countries", "identifiers", "sanctions", "first_seen")
_SCHEMAS = {
    "Person": EntryKind.PERSON,
    "Vessel": EntryKind.VESSEL,
    **dict.fromkeys(
        ("Company", "LegalEntity", "Organization", "PublicBody"), EntryKind.ORGANISATION
    ),
}
"""Schemas of FollowTheMoney whose entities are parties, or carry goods."""
_NAMES = ("name", "alias", "weakAlias", "previousName", "abbreviation")
_NUMBERS = (
    *("registrationNumber", "innCode", "taxNumber", "uscCode", "ogrnCode", "leiCode"),
    *("swiftBic", "bikCode", "imoNumber", "idNumber", "passportNumber", "okpoCode"),
)
_HS = re.compile(r"[0-9]{2,10}")


def read(file: BinaryIO, format: ListFormat) -> Iterator[Listed]:
    """The entries of a file, in its order. Raises Unreadable, maybe after entries."""
    file.seek(0)
    for listed in _READERS[format](file):
        if not listed.external_id or len(listed.external_id) > 200:
            raise Unreadable(listed.external_id[:40] or "an entry", "has no id of 1 to 200 letters")
        if listed.names or listed.hs_prefixes:
            yield listed


def _simple_csv(file: BinaryIO) -> Iterator[Listed]:
    for _, row in _rows(file, _SIMPLE):
        kind = _SCHEMAS.get(row["schema"])
        if kind is not None:
            yield Listed(
                row["id"],
                kind,
                _unique([row["name"], *row["aliases"].split(";")]),
                _numbers(row["identifiers"].split(";")),
                _countries(row["countries"].split(";")),
                programme=row["sanctions"][:1000] or None,
                listed_on=_day(row["first_seen"]),
            )


def _ndjson(file: BinaryIO) -> Iterator[Listed]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            entity = json.loads(line)
            told: Mapping[str, list[str]] = entity["properties"]
            kind = _SCHEMAS.get(entity["schema"])
            if kind is None or not entity.get("target", True):
                continue
            yield Listed(
                entity["id"],
                kind,
                _unique(_values(told, _NAMES)),
                _numbers(_values(told, _NUMBERS)),
                _countries(_values(told, ("country", "jurisdiction", "nationality"))),
                programme="; ".join(_values(told, ("program", "programId", "topics")))[:1000]
                or None,
                listed_on=_day(str(entity.get("first_seen") or "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreadable(f"line {number}", "is no entity of FollowTheMoney") from error


def _table_csv(file: BinaryIO) -> Iterator[Listed]:
    for number, row in _rows(file, TABLE_COLUMNS):
        codes = [re.sub(r"[ .]", "", code) for code in row["hs_codes"].split(";") if code.strip()]
        wrong = next((code for code in codes if not _HS.fullmatch(code)), None)
        if row["kind"] not in [*EntryKind] or wrong is not None:
            raise Unreadable(f"line {number}", "has another kind, or a code that is not of HS")
        if row["listed_on"] and _day(row["listed_on"]) is None:
            raise Unreadable(f"line {number}", "listed_on is not written as YYYY-MM-DD")
        yield Listed(
            row["id"],
            EntryKind(row["kind"]),
            _unique([row["name"], *row["aliases"].split(";")]),
            _numbers(row["identifiers"].split(";")),
            _countries(row["countries"].split(";")),
            tuple(codes),
            row["programme"][:1000] or None,
            _day(row["listed_on"]),
        )


def _ofac(file: BinaryIO) -> Iterator[Listed]:
    kinds = {"Individual": EntryKind.PERSON, "Vessel": EntryKind.VESSEL}
    for entry in _elements(file, "sdnEntry"):
        parts = [entry, *entry.iterfind("{*}akaList/{*}aka")]
        yield Listed(
            _text(entry, "uid"),
            kinds.get(_text(entry, "sdnType"), EntryKind.ORGANISATION),
            _unique(f"{_text(each, 'firstName')} {_text(each, 'lastName')}" for each in parts),
            _numbers(_texts(entry, "idList/{*}id/{*}idNumber")),
            _countries(_texts(entry, "addressList/{*}address/{*}country")),
            programme="; ".join(_texts(entry, "programList/{*}program"))[:1000] or None,
        )


def _un(file: BinaryIO) -> Iterator[Listed]:
    given = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
    for entry in _elements(file, "INDIVIDUAL", "ENTITY"):
        person = etree.QName(entry).localname == "INDIVIDUAL"
        prefix = "INDIVIDUAL" if person else "ENTITY"
        own = " ".join(filter(None, (_text(entry, part) for part in given)))
        yield Listed(
            _text(entry, "DATAID"),
            EntryKind.PERSON if person else EntryKind.ORGANISATION,
            _unique(
                [
                    own,
                    _text(entry, "NAME_ORIGINAL_SCRIPT"),
                    *_texts(entry, f"{prefix}_ALIAS/{{*}}ALIAS_NAME"),
                ]
            ),
            _numbers(_texts(entry, "INDIVIDUAL_DOCUMENT/{*}NUMBER")),
            _countries(
                [
                    *_texts(entry, "NATIONALITY/{*}VALUE"),
                    *_texts(entry, f"{prefix}_ADDRESS/{{*}}COUNTRY"),
                ]
            ),
            programme=_text(entry, "UN_LIST_TYPE")[:1000] or None,
            listed_on=_day(_text(entry, "LISTED_ON")),
        )


def _eu(file: BinaryIO) -> Iterator[Listed]:
    for entry in _elements(file, "sanctionEntity"):
        subject = entry.find("{*}subjectType")
        person = subject is not None and subject.get("classificationCode") == "P"
        regulations = entry.findall("{*}regulation")
        yield Listed(
            entry.get("logicalId", ""),
            EntryKind.PERSON if person else EntryKind.ORGANISATION,
            _unique(each.get("wholeName", "") for each in entry.iterfind("{*}nameAlias")),
            _numbers(each.get("number", "") for each in entry.iterfind("{*}identification")),
            _countries(
                each.get("countryIso2Code", "")
                for each in (*entry.iterfind("{*}citizenship"), *entry.iterfind("{*}address"))
            ),
            programme="; ".join(_unique(each.get("programme", "") for each in regulations)) or None,
            listed_on=_day(regulations[0].get("publicationDate", "")) if regulations else None,
        )


_READERS: Mapping[ListFormat, Callable[[BinaryIO], Iterator[Listed]]] = {
    ListFormat.OPENSANCTIONS_CSV: _simple_csv,
    ListFormat.OPENSANCTIONS_NDJSON: _ndjson,
    ListFormat.TABLE_CSV: _table_csv,
    ListFormat.OFAC_XML: _ofac,
    ListFormat.UN_XML: _un,
    ListFormat.EU_XML: _eu,
}


def _rows(file: BinaryIO, columns: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.DictReader(text, strict=True)
    try:
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise Unreadable("line 1", f"lacks the columns {', '.join(missing)}")
        for row in reader:
            if None in row or None in row.values():
                raise Unreadable(f"line {reader.line_num}", "has not as many cells as line 1")
            yield reader.line_num, {name: value.strip() for name, value in row.items()}
    except (csv.Error, UnicodeDecodeError) as error:
        raise Unreadable(f"line {reader.line_num}", "is no CSV in UTF-8") from error
    finally:
        text.detach()


def _elements(file: BinaryIO, *tags: str) -> Iterator[etree._Element]:
    """Elements by local name, each forgotten once it was used; no entity is resolved."""
    found = etree.iterparse(
        file,
        events=("end",),
        tag=[f"{{*}}{tag}" for tag in tags],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    )
    try:
        for _, element in found:
            yield element
            element.clear(keep_tail=False)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"line {error.lineno}", "is no well-formed XML") from error


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(f"{{*}}{path}") or "").strip()


def _texts(element: etree._Element, path: str) -> list[str]:
    return [(each.text or "").strip() for each in element.iterfind(f"{{*}}{path}")]


def _values(told: Mapping[str, list[str]], properties: Iterable[str]) -> list[str]:
    return [value for name in properties for value in told.get(name, ())]


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cut for value in values if (cut := " ".join(value.split())[:500])))


def _numbers(values: Iterable[str]) -> tuple[str, ...]:
    found = (names.identifier(value)[:100] for value in values)
    return tuple(dict.fromkeys(number for number in found if len(number) >= 4))


def _countries(values: Iterable[str]) -> tuple[str, ...]:
    """ISO 3166-1 codes in capitals, or the publisher's words where it gives words."""
    return tuple(
        dict.fromkeys(
            value.upper() if len(value) == 2 else value[:100]
            for value in map(str.strip, values)
            if value
        )
    )


def _day(text: Any) -> date | None:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None
