"""Rows of an import file as offers: tables by their columns, NDJSON by the fields of `OfferIn`.

Files are UTF-8 here (encodings.py), and a workbook is the CSV of its first sheet (workbooks.py).
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from itertools import islice
from typing import Any

from pydantic import ValidationError

from api.catalog import columns
from api.catalog.checks import shape_errors
from api.catalog.columns import DESCRIPTIONS, LANGUAGES, NAMES, Header, storable
from api.catalog.encodings import MAX_LINE_BYTES
from api.catalog.schemas import OfferIn
from api.core import spreadsheets
from api.core.errors import FieldError

MAX_LINES_OF_ROW = 200
MEANING = b"1"
"""Changed when the same row would be read as another offer than before."""
_PRODUCT = ("brand", "model", "mpn", "gtin", "hs_code", "cpv_code", "country_of_origin")
_PARSED = {*NAMES, *DESCRIPTIONS, *_PRODUCT, "place", "certificates", "attributes"}
_TIERS = {"price_tiers": "unit_price", "lead_time_tiers": "days"}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
"""What spreadsheets begin a formula with; `'=` is text that begins so."""


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    NDJSON = "ndjson"
    XLSX = "xlsx"


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
            storable(column, 200),
            error.code,
            storable(error.detail, 1000),
            storable(value, 200) if value is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stands in the file: its cells, or the one line of NDJSON (no `head`).

    What a row says is found out only by `read`, which costs far more than to see that it says the
    same as the last time (`digest`).
    """

    number: int
    head: Header | None
    cells: tuple[str, ...]
    problem: RowError | None = None

    def read(self) -> Row:
        """The offer that the row describes, or why it describes none."""
        if self.problem is not None:
            return Row(self.number, errors=(self.problem,))
        if self.head is None:
            return from_json(self.number, self.cells[0].encode("utf-8", "surrogateescape"))
        named = dict(zip(self.head.columns, self.cells, strict=True))
        return from_csv(self.number, named)

    def digest(self, context: bytes) -> bytes:
        """The same for rows that say the same in the same `context`."""
        found = blake2b(context + MEANING, digest_size=24)
        if self.head is not None:
            found.update("\0".join(self.head.columns).encode())
        found.update("\0".join(("", *self.cells)).encode("utf-8", "surrogateescape"))
        return found.digest()


class Lines(Iterator[bytes]):
    """Lines of a file that arrives in chunks; `offset` is the byte after the last one read.

    A line that is too long for an offer comes in pieces, so that memory stays bounded.
    """

    def __init__(self, chunks: Iterator[bytes], offset: int = 0) -> None:
        self._chunks, self._buffer, self._start, self.offset = chunks, b"", 0, offset

    def __next__(self) -> bytes:
        end = self._buffer.find(b"\n", self._start)
        while end < 0 and len(self._buffer) - self._start < MAX_LINE_BYTES:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._buffer, self._start = self._buffer[self._start :] + chunk, 0
            end = self._buffer.find(b"\n")
        size = (end + 1 if end >= 0 else len(self._buffer)) - self._start
        if not size:
            raise StopIteration
        line = self._buffer[self._start : self._start + min(size, MAX_LINE_BYTES)]
        self._start += len(line)
        self.offset += len(line)
        return line

    def unread(self, lines: Sequence[bytes]) -> None:
        """Give the last lines back, to be read again."""
        again = b"".join(lines)
        self._buffer, self._start = again + self._buffer[self._start :], 0
        self.offset -= len(again)


def header(lines: Lines) -> tuple[Header, int]:
    """The columns by the first line that is not empty, and its number; Invalid if not right."""
    number = 0
    for line in lines:
        number += 1
        if line.strip():
            return columns.header(_text(line)), number
    return columns.header(""), number


def read(lines: Lines, head: Header | None, number: int) -> Iterator[Record]:
    """The rows from here on, `number` being that of the row before; empty rows are passed."""
    for line in lines:
        number += 1
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            while not next(lines, b"\n").endswith(b"\n"):
                pass
            detail = f"The line has more than {MAX_LINE_BYTES} bytes."
            yield _unreadable(number, head, line[:200], "line_too_long", detail)
        elif head is None:
            if line.strip():
                text = line.decode("utf-8", "surrogateescape")
                yield Record(number, None, (text.rstrip("\r\n"),))
        else:
            record = _record(lines, line, head, number)
            if record is not None:
                yield record


def _record(lines: Lines, line: bytes, head: Header, number: int) -> Record | None:
    """The row that begins with a line; more lines belong to it while a quote is open.

    After a quote that never ends only the first line is lost: the others are read anew.
    """
    more: list[bytes] = []

    def texts() -> Iterator[str]:
        yield _text(line)
        for another in islice(lines, MAX_LINES_OF_ROW):
            more.append(another)
            yield _text(another)

    whole = line.count(b'"') % 2 == 0
    try:
        source = (_text(line),) if whole else texts()
        cells = next(csv.reader(source, delimiter=head.delimiter, strict=True), [])
    except csv.Error as error:
        lines.unread(more)
        return _unreadable(number, head, line, "csv_malformed", f"Not readable as CSV: {error}")
    width = len(head.columns)
    if not any(cells):
        return None
    if len(cells) > width and not any(cells[width:]):
        del cells[width:]
    if len(cells) == width:
        return Record(number, head, tuple(cells))
    detail = f"{len(cells)} cells instead of {width}"
    problem = RowError(number, "", "wrong_number_of_cells", detail, None)
    return Record(number, head, tuple(cells[:width]), problem)


def _unreadable(number: int, head: Header | None, line: bytes, code: str, detail: str) -> Record:
    problem = RowError(number, "", code, detail, None)
    return Record(number, head, (_text(line).rstrip("\r\n"),), problem)


def _text(line: bytes) -> str:
    """Bytes that are no UTF-8 stay marked, and make their own row invalid only."""
    return line.decode("utf-8", "surrogateescape")


def from_csv(number: int, cells: Mapping[str, str]) -> Row:
    """The row of a CSV file, given as column -> text; empty cells are as if left out."""
    filled = {
        column: spreadsheets.plain(stripped)
        for column, text in cells.items()
        if (stripped := text.strip()) and column
    }
    row, malformed = Row(number, cells=cells), []
    fields: dict[str, Any] = {c: t for c, t in filled.items() if c not in _PARSED | _TIERS.keys()}
    for column, value in _TIERS.items():
        if column in filled:
            first = filled.get("min_order_quantity", "1")
            pairs, bad = _pairs(column, filled[column], first)
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


def _pairs(
    column: str, text: str, alone: str | None = None
) -> tuple[list[tuple[str, str]], list[FieldError]]:
    """`a=b;c=d` as pairs, and what could not be read; a single number belongs to `alone`."""
    if alone is not None and _NUMBER.fullmatch(text):
        return [(alone, text)], []
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
