"""What a file is: by its name and by its bytes, which must agree.

Only formats that no browser runs are taken; SVG, HTML and Office documents with macros are not.
"""

import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

import puremagic

from api.core.errors import refused
from api.core.files import archives
from api.rules.files import EXTENSIONS, DocumentFormat, format_of

_HEAD_BYTES = 4_096
_PIECE_BYTES = 256 * 1024
_F = DocumentFormat
_TEXTS = (_F.CSV, _F.TEXT)
_PACKED = {_F.XLSX: "xl/workbook.xml", _F.DOCX: "word/document.xml", _F.ZIP: None}
_MARKS_OF_WIDE_TEXT = (b"\xff\xfe", b"\xfe\xff")
_NEVER_IN_TEXT = bytes({*range(32)} - {*b"\t\n\v\f\r\x1a\x1b"})
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, ValueError)


def identify(file: BinaryIO, name: str, given: DocumentFormat | None = None) -> DocumentFormat:
    """The format that the name's end promises, which the bytes are and `given` says too.

    Raises Invalid: `extension_refused`, `format_mismatch`, or what is wrong with an archive.
    """
    promised = format_of(name)
    if promised is None:
        detail = f"The name must end in one of {', '.join(f'.{each}' for each in EXTENSIONS)}."
        raise refused("#?query/name", "extension_refused", detail)
    if given is not None and given is not promised:
        detail = f"{name[-40:]} is no name of {given.value}."
        raise refused("#?query/format", "format_mismatch", detail)
    if promised in _TEXTS:
        _require_text(file, promised)
    elif promised in _PACKED:
        _require_packed(file, promised)
    else:
        _require_magic(file, promised)
    file.seek(0)
    return promised


def _require_magic(file: BinaryIO, promised: DocumentFormat) -> None:
    """The bytes begin as those of the format do."""
    if promised.value not in _media_types(file):
        _mismatch(promised)


def _require_text(file: BinaryIO, promised: DocumentFormat) -> None:
    """No byte that texts do not have, in any of the encodings of the region, and no markup."""
    head = _head(file)
    if any(found.startswith(("text/html", "image/svg")) for found in _media_types(file)):
        _mismatch(promised)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        _mismatch(promised)
    if head.startswith(_MARKS_OF_WIDE_TEXT):
        return
    for piece in _pieces(file):
        if len(piece.translate(None, _NEVER_IN_TEXT)) < len(piece):
            _mismatch(promised)


def _require_packed(file: BinaryIO, promised: DocumentFormat) -> None:
    """A ZIP archive that may be unpacked, with the part that makes it the format."""
    file.seek(0)
    if not file.read(4).startswith(b"PK\x03\x04"):
        _mismatch(promised)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archives.inspect(archive, code="archive")
            part = _PACKED[promised]
            office = "[Content_Types].xml" in archive.namelist()
            if part is not None and not (office and part in archive.namelist()):
                _mismatch(promised)
            if archives.has_macros(entries) or (office and _says_macros(archive)):
                raise refused("#/", "macros", "The document has macros; save it without them.")
    except _UNREADABLE as error:
        raise refused("#/", "archive_malformed", f"Not a whole archive: {error}") from error


def _says_macros(archive: zipfile.ZipFile) -> bool:
    with archive.open("[Content_Types].xml") as part:
        return b"macroenabled" in part.read(archives.MAX_TYPES_BYTES).lower()


def _media_types(file: BinaryIO) -> set[str]:
    try:
        return {found.mime_type for found in puremagic.magic_string(_head(file))}
    except (puremagic.PureError, ValueError):
        return set()


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(_HEAD_BYTES)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    return iter(lambda: file.read(_PIECE_BYTES), b"")


def _mismatch(promised: DocumentFormat) -> NoReturn:
    raise refused("#/", "format_mismatch", f"The bytes are not {promised.value}.")
