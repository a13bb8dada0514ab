"""ZIP archives, from files that are never trusted: judged by their directory, before anything is
unpacked."""

import posixpath
import re
import zipfile
from collections.abc import Sequence
from typing import NoReturn

from api.core.errors import refused

MAX_ENTRIES = 1_000
MAX_UNPACKED_BYTES = 400_000_000
MAX_RATIO = 200
MAX_TYPES_BYTES = 1_000_000
_SMALL_BYTES = 1_000_000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MACROS = re.compile(r"vbaproject|macrosheet", re.IGNORECASE)


def inspect(archive: zipfile.ZipFile, *, code: str, hint: str = "") -> Sequence[zipfile.ZipInfo]:
    """The entries of an archive that may be unpacked. Raises Invalid with `CODE_bomb`,
    `CODE_malformed` or `CODE_encrypted`; `hint` is what to do instead of sending much."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_ENTRIES:
        _refuse(f"{code}_bomb", f"It has more than {MAX_ENTRIES} parts{hint}.")
    if len(set(names)) < len(names):
        _refuse(f"{code}_malformed", "It has two parts of one name.")
    if any(entry.flag_bits & 1 for entry in entries):
        _refuse(f"{code}_encrypted", "It has a password; save it without one.")
    if any(entry.compress_type not in _METHODS for entry in entries):
        _refuse(f"{code}_malformed", "It is packed in an unusual way; use deflate.")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        detail = f"Unpacked it has more than {MAX_UNPACKED_BYTES} bytes{hint}."
        _refuse(f"{code}_bomb", detail)
    for entry in entries:
        large = entry.file_size > _SMALL_BYTES
        if large and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            detail = f"{entry.filename} unpacks to more than {MAX_RATIO} times its size."
            _refuse(f"{code}_bomb", detail)
        if _leads_out(entry.filename):
            _refuse(f"{code}_malformed", f"{entry.filename[:100]} leads out of the archive.")
    return entries


def has_macros(entries: Sequence[zipfile.ZipInfo]) -> bool:
    """True when the names of an Office document's parts tell of macros."""
    return any(_MACROS.search(entry.filename) for entry in entries)


def _leads_out(name: str) -> bool:
    plain = posixpath.normpath(name.replace("\\", "/"))
    return plain.startswith(("/", "../")) or plain == ".." or ":" in plain.partition("/")[0]


def _refuse(code: str, detail: str) -> NoReturn:
    raise refused("#/", code, detail)
