"""Texts in tables for spreadsheets (CSV, XLSX): none of them is taken for a formula (OWASP, CSV
injection), numbers stay numbers, and what was written is read back as it was."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from api.rules.files import DocumentFormat

MEDIA_TYPE = DocumentFormat.XLSX.value
"""Of a workbook."""

_RISKY = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?')
_ESCAPED = re.compile(r"''*[=+\-@\t\r\n]")


def escaped(text: str) -> str:
    """The text behind an apostrophe if a spreadsheet would run it.

    >>> escaped("=1+1"), escaped("-5"), escaped("ОсОО")
    ("'=1+1", '-5', 'ОсОО')
    """
    return f"'{text}" if _RISKY.match(text) and not _NUMBER.fullmatch(text) else text


def plain(text: str) -> str:
    """What `escaped` was given.

    >>> plain("'=1+1"), plain("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if _ESCAPED.match(text) else text


def cell(value: Any) -> Any:
    """A value as a cell: texts escaped, everything else as it is."""
    return escaped(value) if isinstance(value, str) else value


def json_text(text: str) -> str:
    """JSON whose texts are escaped, wherever they stand; keys, and the digits of numbers, are
    left alone."""
    return _STRING.sub(_escaped_token, text)


def _escaped_token(found: re.Match[str]) -> str:
    token, colon = found.groups()
    if colon is not None:
        return found[0]
    return json.dumps(escaped(json.loads(token)), ensure_ascii=False)


class CsvWriter:
    """Rows as CSV whose texts no spreadsheet runs, in pieces of UTF-8 that begin with a mark."""

    def __init__(self, delimiter: str = ",") -> None:
        self._text = io.StringIO("\ufeff")
        self._text.seek(1)
        self._writer = csv.writer(self._text, delimiter=delimiter)

    def write(self, row: Iterable[Any]) -> None:
        self._writer.writerow([cell(value) for value in row])

    def full(self) -> bool:
        """True when it is time to take what was written."""
        return self._text.tell() > 100_000

    def taken(self) -> bytes:
        """What was written since the last call."""
        piece = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        return piece


class Sheet(NamedTuple):
    """A table of a workbook: a line above its heading, if any, the names of its columns, and rows.

    `widths` are those of the columns, in characters; `fixed` is the first cell that scrolls.
    """

    columns: Sequence[str]
    rows: Iterable[Iterable[Any]]
    title: str = "Sheet"
    above: Sequence[Any] = ()
    widths: Sequence[int] = ()
    fixed: str = "A2"


def workbook(sheets: Iterable[Sheet]) -> bytes:
    """A workbook (XLSX) whose texts no spreadsheet runs; numbers are numbers."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for each in sheets:
        sheet = book.create_sheet(each.title)
        if each.above:
            sheet.append([cell(value) for value in each.above])
        sheet.append([*each.columns])
        for heading in sheet[sheet.max_row]:
            heading.font = Font(bold=True)
        for row in each.rows:
            sheet.append([cell(value) for value in row])
        for n, width in enumerate(each.widths, start=1):
            sheet.column_dimensions[get_column_letter(n)].width = width
        sheet.freeze_panes = each.fixed
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
