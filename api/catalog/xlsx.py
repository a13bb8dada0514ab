"""Workbooks (XLSX) as streams of rows, from files that are never trusted.

Libraries were measured first. python-calamine reads 47,000 rows of 27 cells a second, but makes
the rectangle around all cells in memory: two cells far apart end the process. openpyxl reads
4,400, and builds each row before its cells can be counted. Here (6,000) expat tells of every element
as it comes, and all counts are bounded: entries and bytes before anything is unpacked, then rows,
columns, texts and depth. No entity, link, macro or formula is followed: what needs one is refused.
"""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, NoReturn, Protocol
from xml.parsers import expat

from api.catalog.sheets import Sheet, Styles, Texts
from api.core.errors import refused
from api.core.files import archives

MAX_TEXTS_BYTES = 100_000_000
MAX_STYLES_BYTES = 10_000_000
MAX_DEPTH = 40
MAX_NAMES = 1_000
MAX_TOKEN_BYTES = 1_000_000
_SMALL_BYTES = 1_000_000
_PIECE_BYTES = 64 * 1024
_UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class Reader(Protocol):
    """Who is told the elements of a part as they come."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None: ...

    def text(self, data: str) -> None: ...

    def end(self, name: str) -> None: ...


def rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """(number, cells) of every filled row of the first visible sheet, as texts.

    Numbers have no more digits than they need, days are ISO 8601. Invalid when the file is no
    workbook, is cut off, has a formula or macros, or is larger unpacked than a catalogue can be.
    """
    with _readable():
        archive = zipfile.ZipFile(file)
        _inspect(archive)
        book = _Book(archive)
        styles, texts = Styles(is_1904=book.is_1904), Texts()
        _read(archive, book.parts.get("styles"), styles, limit=MAX_STYLES_BYTES)
        _read(archive, book.parts.get("sharedStrings"), texts, limit=MAX_TEXTS_BYTES)
        sheet = Sheet(texts.found, styles)
        for _ in _pieces(archive, book.sheet, sheet, limit=archives.MAX_UNPACKED_BYTES):
            yield from sheet.taken()


def _inspect(archive: zipfile.ZipFile) -> None:
    """Refuse what the directory of the archive tells already, before anything is unpacked."""
    entries = archives.inspect(archive, code="xlsx", hint="; send CSV")
    if archives.has_macros(entries) or _has_macro_types(archive):
        _refuse("xlsx_macros", "The workbook has macros; save it as .xlsx without them.")


def _has_macro_types(archive: zipfile.ZipFile) -> bool:
    types = _Attributes("Override", "Default")
    _read(archive, "[Content_Types].xml", types)
    return any("macroenabled" in each.get("ContentType", "").casefold() for each in types.found)


class _Attributes:
    """The attributes of the elements with these names."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self.found: list[Mapping[str, str]] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in self._names:
            self.found.append({"": name, **attributes})

    def text(self, data: str) -> None:
        pass

    def end(self, name: str) -> None:
        pass


class _Book:
    """Which parts of the archive are the first visible sheet, its texts and its styles."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        (name,) = _related(archive, "").get("officeDocument", {"": "xl/workbook.xml"}).values()
        told, related = _Attributes("workbookPr", "sheet"), _related(archive, name)
        _read(archive, name, told)
        self.is_1904 = any(each.get("date1904") in ("1", "true") for each in told.found)
        shown = [
            value
            for each in told.found
            if each[""] == "sheet" and each.get("state", "visible") == "visible"
            for key, value in each.items()
            if key.rpartition(":")[2] == "id"
        ]
        sheets = related.get("worksheet", {})
        self.sheet = next((sheets[id_] for id_ in shown if id_ in sheets), "")
        if not self.sheet:
            _refuse("xlsx_malformed", "The workbook has no visible sheet.")
        self.parts = {
            kind: next(iter(related[kind].values()))
            for kind in ("styles", "sharedStrings")
            if kind in related
        }


def _related(archive: zipfile.ZipFile, part: str) -> dict[str, dict[str, str]]:
    """Kind of relation -> id -> part of the archive; links to the outside are passed over."""
    folder, name = posixpath.split(part)
    relations = _Attributes("Relationship")
    _read(archive, posixpath.join(folder, "_rels", f"{name}.rels"), relations)
    found: dict[str, dict[str, str]] = {}
    for each in relations.found:
        if each.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, each["Target"]))
            kind = each["Type"].rpartition("/")[2]
            found.setdefault(kind, {})[each["Id"]] = target.lstrip("/")
    return found


def _read(
    archive: zipfile.ZipFile, part: str | None, reader: Reader, *, limit: int = _SMALL_BYTES
) -> None:
    """Tell a whole part to its reader; nothing when there is none."""
    if part is not None:
        for _ in _pieces(archive, part, reader, limit=limit):
            pass


def _pieces(archive: zipfile.ZipFile, part: str, reader: Reader, *, limit: int) -> Iterator[None]:
    """Tell a part to its reader; yields after each piece. Names come without a prefix."""
    depth, local = 0, dict[str, str]()
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def opened(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH or len(local) > MAX_NAMES:
            _refuse("xlsx_malformed", f"{part} is no part of a workbook.")
        if name not in local:
            local[name] = name.rpartition(":")[2]
        reader.start(local[name], attributes)

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        reader.end(local[name])

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _no_doctype
    if archive.getinfo(part).file_size > limit:
        _refuse("xlsx_bomb", f"{part} has more than {limit} bytes; send CSV.")
    fed = 0
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE_BYTES):
            parser.Parse(piece)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > MAX_TOKEN_BYTES:
                _refuse("xlsx_malformed", f"{part} has an element that is too long.")
            yield
    parser.Parse(b"", True)
    yield


def _no_doctype(*_: object) -> None:
    _refuse("xlsx_malformed", "The workbook declares a document type, which no workbook has.")


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        _refuse("xlsx_malformed", f"Not a whole XLSX workbook: {error}", error)


def _refuse(code: str, detail: str, cause: Exception | None = None) -> NoReturn:
    raise refused("#/", code, detail) from cause
