"""Tables of the ledger as files: CSV and XLSX that no spreadsheet runs."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font

from api.core.spreadsheets import CsvWriter, cell


class TableFormat(StrEnum):
    """Comma-separated values in UTF-8, or an Office Open XML workbook."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES = {
    TableFormat.CSV: "text/csv; charset=utf-8",
    TableFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: TableFormat) -> bytes:
    """A heading and rows; amounts are numbers, instants are UTC in ISO 8601."""
    if form is TableFormat.CSV:
        writer = CsvWriter()
        writer.write(columns)
        for row in rows:
            writer.write(map(_value, row))
        return writer.taken()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([*columns])
    for heading in sheet[1]:
        heading.font = Font(bold=True)
    for row in rows:
        sheet.append([cell(_value(value)) for value in row])
    sheet.freeze_panes = "A2"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value
