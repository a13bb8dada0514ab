"""Files of many events: NDJSON, or a ZIP of NDJSON and JSON files. Bounded, whatever they claim."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from api.core.errors import FieldError
from api.delivery.carriers.told import Unreadable, parsed
from api.delivery.tracking_problems import FileUnreadable

MAX_LINE_BYTES = 64 * 1024
MAX_ENTRY_BYTES = 50_000_000
MAX_FILE_BYTES = 200_000_000
MAX_ENTRIES = 20_000
_LINES = (".ndjson", ".jsonl")
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class FileFormat(StrEnum):
    """How a file of events is written."""

    NDJSON = "ndjson"
    ZIP = "zip"


MEDIA_TYPES = {
    FileFormat.NDJSON: "application/x-ndjson",
    FileFormat.ZIP: "application/zip",
}


class Line(NamedTuple):
    """A document of a file and the entry of the ZIP that it is in; Unreadable if it is none."""

    entry: str
    document: Any


type _Unread = tuple[str, Callable[[], Any]]


def require_readable(body: bytes, format: FileFormat) -> None:
    """Raise FileUnreadable for what is refused as a whole: no ZIP, a bomb, foreign entries."""
    if not body.strip():
        raise _refused("empty", "The file is empty.")
    if format is not FileFormat.ZIP:
        return
    try:
        entries = _entries(body)
    except _BROKEN as error:
        raise _refused("no_zip", "This is not a ZIP file.") from error
    if not entries:
        raise _refused("empty", "The ZIP file has no files in it.")
    if len(entries) > MAX_ENTRIES:
        raise _refused("too_many_entries", f"A ZIP file may have {MAX_ENTRIES} files in it.")
    if sum(each.file_size for each in entries) > MAX_FILE_BYTES:
        raise _refused("too_large_unpacked", f"Unpacked it may have {MAX_FILE_BYTES} bytes.")
    for each in entries:
        if each.flag_bits & _ENCRYPTED:
            raise _refused("encrypted", f"{each.filename[:100]!r} is encrypted.")
        if not each.filename.lower().endswith((*_LINES, ".json")):
            detail = f"{each.filename[:100]!r} is no .ndjson, .jsonl or .json file."
            raise _refused("foreign_entry", detail)


def documents(body: bytes, format: FileFormat, begin: int = 0) -> Iterator[Line]:
    """Every document of a file behind the first `begin`, in order; a list in a JSON file is as many
    documents. Lines that are passed over are not read."""
    return (Line(entry, read()) for entry, read in islice(_unread(body, format), begin, None))


def _unread(body: bytes, format: FileFormat) -> Iterator[_Unread]:
    """Every document of a file, and how to read it."""
    if format is FileFormat.NDJSON:
        yield from _lines("", io.BytesIO(body))
        return
    left = MAX_FILE_BYTES
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for each in _entries(body):
            try:
                with archive.open(each) as packed:
                    found = packed.read(min(left, MAX_ENTRY_BYTES) + 1)
            except _BROKEN as error:
                detail = f"The file in the ZIP cannot be unpacked ({type(error).__name__})."
                yield _fault(each.filename, "entry_broken", detail)
                continue
            left -= len(found)
            if len(found) > MAX_ENTRY_BYTES or left < 0:
                detail = "Unpacked it is larger than it may be."
                yield _fault(each.filename, "entry_too_large", detail)
                return
            if each.filename.lower().endswith(_LINES):
                yield from _lines(each.filename, io.BytesIO(found))
            else:
                yield from _whole(each.filename, found)


def _entries(body: bytes) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return [each for each in archive.infolist() if not each.is_dir()]


def _lines(entry: str, file: io.BytesIO) -> Iterator[_Unread]:
    while line := file.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE_BYTES)
            detail = f"A line may have {MAX_LINE_BYTES} bytes."
            yield _fault(entry, "line_too_long", detail)
        elif line.strip():
            yield entry, partial(_read, line)


def _whole(entry: str, body: bytes) -> Iterator[_Unread]:
    found = _read(body)
    for each in found if isinstance(found, list) else [found]:
        yield entry, partial(_told, each)


def _fault(entry: str, code: str, detail: str) -> _Unread:
    return entry, partial(Unreadable, "#", code, detail)


def _told(document: Any) -> Any:
    return document


def _read(body: bytes) -> Any:
    try:
        return parsed(body)
    except Unreadable as error:
        return error


def _refused(code: str, detail: str) -> FileUnreadable:
    return FileUnreadable(detail, errors=[FieldError(pointer="#", code=code, detail=detail)])
