"""Reading tables from TSV and CSV files, and saying exactly which rows cannot be used."""

import csv
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.core.errors import FieldError, Invalid

MAX_ERRORS = 200
_PREFIX = re.compile("^(name|title)_(?=[a-z]{2}$)")

type Progress = Callable[[str, int, int], None]
"""Called with what is loaded, how many rows are done and how many there are."""


class FileRefused(Invalid):
    """Rows of a file cannot be loaded; nothing of it was."""

    code, title = "file_refused", "The file has rows that cannot be loaded"


class BadValue(Exception):
    """A value that cannot be used; becomes a `FieldError` with the line's number."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code = column, code


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file: its number (the header is 1) and its cells by column."""

    line: int
    cells: dict[str, str]

    def get(self, column: str) -> str:
        """The cell without surrounding blanks; empty when the file lacks the column."""
        return self.cells.get(column, "").strip()

    def required(self, column: str, *, max_length: int) -> str:
        """The cell, which must be there; BadValue when it is empty or too long."""
        value = self.get(column)
        if not value:
            raise BadValue(column, "missing", "is empty")
        if len(value) > max_length:
            raise BadValue(column, "too_long", f"is longer than {max_length} characters")
        return value

    def texts(self, columns: Collection[str], *, max_length: int = 1000) -> dict[str, str]:
        """The filled cells of the language columns; BadValue when there is none."""
        found = {c: self.required(c, max_length=max_length) for c in columns if self.get(c)}
        if not found:
            raise BadValue(next(iter(columns)), "missing", "has no text in any language")
        return found


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read: its columns, its lines, and the lines that are no rows."""

    name: str
    columns: list[str]
    rows: list[Row]
    errors: list[FieldError]

    def parse[T](self, parse: Callable[[Row], T], key: Callable[[T], object]) -> list[T]:
        """`parse` of every row; FileRefused with every bad row, and with keys that repeat."""
        found: dict[object, tuple[int, T]] = {}
        errors = [*self.errors]
        for row in self.rows:
            try:
                value = parse(row)
                if (same := found.get(key(value))) is not None:
                    raise BadValue(self.columns[0], "repeated", f"is the same as line {same[0]}")
                found[key(value)] = (row.line, value)
            except BadValue as bad:
                errors.append(_error(row.line, bad.column, bad.code, str(bad)))
        if errors:
            raise refused(self.name, errors)
        return [value for _, value in found.values()]


def read(file: Path, required: Collection[str]) -> Sheet:
    """Read a UTF-8 file with a header: tabs without quoting (TSV), else commas or semicolons.

    A column `name_ru` or `title_ru` is read as `ru`. FileRefused when it is not UTF-8 or lacks a
    required column.
    """
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise refused(file.name, [_error(line, "", "encoding", "is not UTF-8")]) from error
    header, _, _ = text.partition("\n")
    delimiter = "\t" if "\t" in header else ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(
        text.splitlines(keepends=True),
        delimiter=delimiter,
        quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
        strict=True,
    )
    columns = [_PREFIX.sub("", name.strip().lower()) for name in next(reader, [])]
    missing = [name for name in required if name not in columns]
    if missing:
        errors = [_error(1, name, "missing", "the column is missing") for name in missing]
        raise refused(file.name, errors)
    return Sheet(file.name, columns, *_rows(reader, columns))


def refused(name: str, errors: list[FieldError]) -> FileRefused:
    """The problem that tells of every bad row of a file."""
    errors = sorted(errors, key=lambda error: int(error.pointer.split("/")[1]))
    count = len(errors)
    detail = f"{name}: {count} {'row' if count == 1 else 'rows'} cannot be loaded; nothing was."
    return FileRefused(detail, errors=errors[:MAX_ERRORS])


def _rows(reader: Any, columns: list[str]) -> tuple[list[Row], list[FieldError]]:
    rows, errors = [], []
    line = 1
    try:
        for cells in reader:
            first, line = line + 1, reader.line_num
            if not any(cells):
                continue
            if len(cells) == len(columns):
                rows.append(Row(first, dict(zip(columns, cells, strict=True))))
            else:
                message = f"has {len(cells)} cells where the header has {len(columns)}"
                errors.append(_error(first, "", "row_length", message))
    except csv.Error as error:
        errors.append(_error(line + 1, "", "quoting", str(error)))
    return rows, errors


def _error(line: int, column: str, code: str, message: str) -> FieldError:
    where = f"line {line}, column {column}" if column else f"line {line}"
    return FieldError(pointer=f"#/{line}/{column}", code=code, detail=f"{where}: {message}")
