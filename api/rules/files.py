"""Files: which are taken, looked through for viruses, and given to whom. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from api.rules.states import Machine


class DocumentFormat(StrEnum):
    """OCDS `document.format` that are taken: media types of IANA. `SEALED` is what nobody can read
    before an opening: it is kept for a bid, and taken nowhere else."""

    PDF = "application/pdf"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ZIP = "application/zip"
    JPEG = "image/jpeg"
    PNG = "image/png"
    CSV = "text/csv"
    TEXT = "text/plain"
    SEALED = "application/vnd.kerben.age"


_F = DocumentFormat
EXTENSIONS: Mapping[str, DocumentFormat] = {
    "pdf": _F.PDF,
    "xlsx": _F.XLSX,
    "docx": _F.DOCX,
    "zip": _F.ZIP,
    "jpg": _F.JPEG,
    "jpeg": _F.JPEG,
    "png": _F.PNG,
    "csv": _F.CSV,
    "txt": _F.TEXT,
}
"""Ends of names that are taken; what a name promises, the bytes must keep."""


class ScanState(StrEnum):
    """What is known of a file: `skipped` where the installation had no virus scanner."""

    RECEIVED = "received"
    SCANNING = "scanning"
    CLEAN = "clean"
    QUARANTINED = "quarantined"
    SKIPPED = "skipped"


_S = ScanState
SCAN = Machine(
    {
        "skip": (frozenset({_S.RECEIVED}), _S.SKIPPED),
        "scan": (frozenset({_S.RECEIVED, _S.SKIPPED, _S.SCANNING}), _S.SCANNING),
        "clear": (frozenset({_S.RECEIVED, _S.SCANNING, _S.SKIPPED}), _S.CLEAN),
        "condemn": (
            frozenset({_S.RECEIVED, _S.SCANNING, _S.SKIPPED, _S.CLEAN}),
            _S.QUARANTINED,
        ),
    }
)


def format_of(name: str) -> DocumentFormat | None:
    """What the end of a file's name promises; None for what is not taken.

    >>> format_of("Смета.XLSX").name
    'XLSX'
    """
    stem, dot, end = name.rpartition(".")
    return EXTENSIONS.get(end.casefold()) if dot and stem.strip() else None


def may_be_given(state: ScanState, *, scanned: bool) -> bool:
    """True when the bytes may be sent, or be made part of what others read: where the installation
    has a scanner (`scanned`) only what it has cleared, elsewhere also what none has looked at."""
    return state is ScanState.CLEAN or (state is ScanState.SKIPPED and not scanned)
