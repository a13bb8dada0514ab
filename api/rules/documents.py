"""Documents: kept by their SHA-256, looked through for viruses, shown to whom they may be. Pure."""

from enum import StrEnum

from api.rules.states import Machine

CHUNK_BYTES = 256 * 1024


class DocumentFormat(StrEnum):
    """OCDS `document.format` that are taken: media types of IANA."""

    PDF = "application/pdf"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ZIP = "application/zip"
    JPEG = "image/jpeg"
    PNG = "image/png"
    CSV = "text/csv"
    TEXT = "text/plain"


class ScanState(StrEnum):
    """What a virus scanner has found."""

    PENDING = "pending"
    CLEAN = "clean"
    INFECTED = "infected"


class Confidentiality(StrEnum):
    """Who reads a document of a tender, beside its buyer."""

    PUBLIC = "public"
    BUYER_ONLY = "buyerOnly"


_S = ScanState
SCAN = Machine(
    {
        "clear": (frozenset({_S.PENDING}), _S.CLEAN),
        "condemn": (frozenset({_S.PENDING, _S.CLEAN}), _S.INFECTED),
    }
)


def may_be_given(state: ScanState, *, own: bool, scanned: bool) -> bool:
    """True when the bytes may be sent: never what is infected, and to others, where an installation
    has a scanner (`scanned`), only what it has cleared."""
    if state is ScanState.INFECTED:
        return False
    return own or not scanned or state is ScanState.CLEAN
