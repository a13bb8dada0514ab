"""Tables of the ledger as files: CSV and XLSX that no spreadsheet runs."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from api.core import spreadsheets
from api.core.spreadsheets import CsvWriter, Sheet


class TableFormat(StrEnum):
    """Comma-separated values in UTF-8, or an Office Open XML workbook."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES = {
    TableFormat.CSV: "text/csv; charset=utf-8",
    TableFormat.XLSX: spreadsheets.MEDIA_TYPE,
}


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: TableFormat) -> bytes:
    """A heading and rows; amounts are numbers, instants are UTC in ISO 8601."""
    if form is TableFormat.CSV:
        writer = CsvWriter()
        writer.write(columns)
        for row in rows:
            writer.write(map(_value, row))
        return writer.taken()
    return spreadsheets.workbook([Sheet(columns, ([_value(each) for each in row] for row in rows))])


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value
