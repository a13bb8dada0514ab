"""Rows of an import file as offers: CSV by its columns, NDJSON by the fields of `OfferIn`."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from api.catalog.checks import shape_errors
from api.catalog.schemas import OfferIn
from api.core.errors import FieldError, Invalid

MAX_LINE_BYTES = 1_000_000
LANGUAGES = ("ky", "ru", "en", "zh")
NAMES = tuple(f"name_{lang}" for lang in LANGUAGES)
DESCRIPTIONS = tuple(f"description_{lang}" for lang in LANGUAGES)
REQUIRED = (
    "sku",
    "unit_code",
    "country_of_origin",
    "min_order_quantity",
    "currency",
    "incoterm",
    "place",
    "price_tiers",
    "lead_time_tiers",
)
OPTIONAL = (
    *NAMES,
    *DESCRIPTIONS,
    "brand",
    "model",
    "mpn",
    "gtin",
    "hs_code",
    "cpv_code",
    "order_multiple",
    "supply_quantity",
    "supply_period",
    "warranty_months",
    "payment_terms",
    "valid_from",
    "valid_through",
    "certificates",
    "attributes",
)
_PRODUCT = ("brand", "model", "mpn", "gtin", "hs_code", "cpv_code", "country_of_origin")
_PARSED = {*NAMES, *DESCRIPTIONS, *_PRODUCT, "place", "certificates", "attributes"}
_TIERS = {"price_tiers": "unit_price", "lead_time_tiers": "days"}


class Format(StrEnum):
    """How a file is written. Both are UTF-8."""

    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was not taken; `value` is what stood there."""

    row: int
    column: str
    code: str
    detail: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: an offer, or the reasons why it is none.

    `number` counts as a spreadsheet does: the header of a CSV file is row 1.
    """

    number: int
    data: OfferIn | None = None
    cells: Mapping[str, str] | None = None
    errors: tuple[RowError, ...] = ()

    def refused(self, found: Sequence[FieldError]) -> tuple[RowError, ...]:
        """The errors of the row for findings about its offer."""
        return tuple(self._error(error) for error in found)

    def _error(self, error: FieldError) -> RowError:
        path = error.pointer.removeprefix("#/")
        column = _column(path) if self.cells is not None else path
        value = (self.cells or {}).get(column)
        return RowError(
            self.number,
            _storable(column, 200),
            error.code,
            _storable(error.detail, 1000),
            _storable(value, 200) if value is not None else None,
        )


class Lines(Iterator[bytes]):
    """Lines of a file that arrives in chunks; `offset` is the byte after the last one read.

    A line that is too long for an offer comes in pieces, so that memory stays bounded.
    """

    def __init__(self, chunks: Iterator[bytes], offset: int = 0) -> None:
        self._chunks, self._buffer, self.offset = chunks, b"", offset

    def __next__(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) < MAX_LINE_BYTES:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._buffer += chunk
        if not self._buffer:
            raise StopIteration
        size = end + 1 if end >= 0 else min(len(self._buffer), MAX_LINE_BYTES)
        line, self._buffer = self._buffer[:size], self._buffer[size:]
        at_start, self.offset = self.offset == 0, self.offset + size
        return line.removeprefix(b"\xef\xbb\xbf") if at_start else line


def header(lines: Lines) -> list[str]:
    """The columns of a CSV file; Invalid when one is unknown, missing or there twice."""
    try:
        columns = next(csv.reader(_decoded(lines), strict=True), [])
    except csv.Error:
        columns = []
    found = [column.strip().casefold() for column in columns]
    known = {*REQUIRED, *OPTIONAL}
    errors = [_column_error(c, "unknown_column", "is not a column") for c in {*found} - known]
    errors += [_column_error(c, "missing", "is missing") for c in REQUIRED if c not in found]
    if not any(name in found for name in NAMES):
        errors.append(_column_error("name_en", "missing", "or a name in another language"))
    errors += [
        _column_error(c, "duplicate", "is there twice") for c in {*found} if found.count(c) > 1
    ]
    if errors:
        raise Invalid("The first line does not name the columns.", errors=errors)
    return found


def read(lines: Lines, format: Format, columns: Sequence[str], number: int) -> Iterator[Row]:
    """The rows from here on, `number` being that of the row before; empty lines are passed."""
    if format is Format.NDJSON:
        for line in lines:
            number += 1
            if line.strip():
                yield from_json(number, line)
        return
    reader = csv.reader(_decoded(lines), strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            detail = f"Not readable as CSV: {error}"
            yield Row(number, errors=(RowError(number, "", "csv_malformed", detail, None),))
            continue
        number += 1
        if len(cells) == len(columns):
            yield from_csv(number, dict(zip(columns, cells, strict=True)))
        elif cells:
            detail = f"{len(cells)} cells instead of {len(columns)}"
            yield Row(number, errors=(RowError(number, "", "wrong_number_of_cells", detail, None),))


def from_csv(number: int, cells: Mapping[str, str]) -> Row:
    """The row of a CSV file, given as column -> text; empty cells are as if left out."""
    filled = {column: text.strip() for column, text in cells.items() if text.strip()}
    row, malformed = Row(number, cells=cells), []
    fields: dict[str, Any] = {c: t for c, t in filled.items() if c not in _PARSED | _TIERS.keys()}
    for column, value in _TIERS.items():
        if column in filled:
            pairs, bad = _pairs(column, filled[column])
            fields[column] = [{"min_quantity": k, value: v} for k, v in pairs]
            malformed += bad
    attributes, bad = _pairs("attributes", filled.get("attributes", ""))
    malformed += bad
    if "place" in filled:
        fields["place_code"] = filled["place"]
    fields["certificates"] = [c.strip() for c in filled.get("certificates", "").split(";") if c]
    fields["product"] = {
        **{column: filled[column] for column in _PRODUCT if column in filled},
        "names": _by_language("name", filled),
        "descriptions": _by_language("description", filled),
        "attributes": dict(attributes),
    }
    try:
        data = OfferIn.model_validate(fields)
    except ValidationError as error:
        known = {e.pointer for e in malformed}
        shape = [e for e in shape_errors(error) if "#/" + e.pointer[2:].split("/")[0] not in known]
        return Row(number, cells=cells, errors=row.refused([*malformed, *shape]))
    if malformed:
        return Row(number, cells=cells, errors=row.refused(malformed))
    return Row(number, data, cells)


def from_json(number: int, line: bytes) -> Row:
    """The row of an NDJSON file: the fields of `POST /v1/offers`."""
    try:
        return Row(number, OfferIn.model_validate_json(line))
    except ValidationError as error:
        return Row(number, errors=Row(number).refused(shape_errors(error)))


def _pairs(column: str, text: str) -> tuple[list[tuple[str, str]], list[FieldError]]:
    """`a=b;c=d` as pairs, and what could not be read."""
    pairs, bad = [], []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        key, equals, value = part.partition("=")
        if equals and key.strip() and value.strip():
            pairs.append((key.strip(), value.strip()))
        else:
            detail = f"Expected key=value;key=value, found {json.dumps(part, ensure_ascii=False)}"
            bad.append(FieldError(pointer=f"#/{column}", code="pairs_expected", detail=detail))
    return pairs, bad


def _by_language(prefix: str, filled: Mapping[str, str]) -> dict[str, str]:
    columns = {lang: f"{prefix}_{lang}" for lang in LANGUAGES}
    return {lang: filled[column] for lang, column in columns.items() if column in filled}


def _column(path: str) -> str:
    """The column that a path of `OfferIn` comes from: product/names/zh -> name_zh."""
    parts = path.removeprefix("product/").split("/")
    if parts[0] in ("names", "descriptions"):
        return f"{parts[0][:-1]}_{parts[1]}" if len(parts) > 1 else "name_en"
    return "place" if parts[0] == "place_code" else parts[0]


def _decoded(lines: Lines) -> Iterator[str]:
    """Text; bytes that are no UTF-8 stay marked, and make their own row invalid only."""
    return (line.decode("utf-8", "surrogateescape") for line in lines)


def _storable(text: str, length: int) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:length]


def _column_error(column: str, code: str, detail: str) -> FieldError:
    shown = _storable(column, 100)
    return FieldError(pointer=f"#/columns/{shown}", code=code, detail=f"{shown} {detail}")
