"""What a supplier sends, made ready for reading in steps: UTF-8 lines under known columns."""

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from api.catalog import encodings, rows, xlsx
from api.catalog.columns import Header
from api.catalog.encodings import Encoding
from api.catalog.rows import Format, Lines, Record
from api.core.errors import refused

_MEMORY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """A file whose columns were found; the rows begin at byte `offset` of it as UTF-8."""

    file: BinaryIO
    encoding: Encoding
    head: Header | None
    offset: int
    row: int

    def pieces(self) -> Iterator[bytes]:
        """The whole file as UTF-8."""
        return encodings.as_utf_8(self.file, self.encoding)

    def records(self) -> Iterator[Record]:
        """The rows behind the header."""
        lines = Lines(self.pieces())
        for _ in range(self.row):
            next(lines)
        return rows.read(lines, self.head, self.row)

    def lines(self) -> int:
        """How many lines follow the header: at least as many as rows."""
        count, last = 0, b"\n"
        for piece in self.pieces():
            count, last = count + piece.count(b"\n"), piece[-1:]
        return count + (last != b"\n") - self.row


@contextmanager
def opened(file: BinaryIO, format: Format) -> Iterator[Source]:
    """Find out how a file is to be read; Invalid when it cannot be, or its columns are not right."""
    if format is not Format.XLSX:
        yield _found(file, encodings.detect(file), format)
        return
    with tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES) as table:
        _write_csv(file, cast(BinaryIO, table))
        yield _found(cast(BinaryIO, table), Encoding.UTF_8, format)


def _found(file: BinaryIO, encoding: Encoding, format: Format) -> Source:
    if not any(piece.strip() for piece in encodings.as_utf_8(file, encoding)):
        raise refused("#/", "empty", "The file is empty.")
    lines = Lines(encodings.as_utf_8(file, encoding))
    head, row = rows.header(lines) if format is not Format.NDJSON else (None, 0)
    return Source(file, encoding, head, lines.offset, row)


def _write_csv(workbook: BinaryIO, table: BinaryIO) -> None:
    """The first sheet as CSV whose rows have the sheet's numbers and the header's width."""
    text = io.TextIOWrapper(table, "utf-8", newline="")
    writer, number, width = csv.writer(text, lineterminator="\n"), 0, 0
    for place, cells in xlsx.rows(workbook):
        text.write("\n" * (place - number - 1))
        if not number:
            cells = [" ".join(cell.split()) for cell in cells]
            width = len(cells)
        writer.writerow([*cells, *[""] * (width - len(cells))])
        number = place
    text.detach()
