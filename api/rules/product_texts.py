"""Texts of a product: what each was made from, whether that is still so, what a market lacks. Pure.

A text is named by its field (`names`, `descriptions`) and its language. A translation remembers the
hash of the source text that it was made from; when the source says something else, it is stale.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple, Protocol

FIELDS = ("names", "descriptions")
SOURCE_ORDER: Mapping[str, tuple[str, ...]] = {
    "ky": ("ru", "en", "zh"),
    "ru": ("ky", "en", "zh"),
    "en": ("ru", "zh", "ky"),
    "zh": ("en", "ru", "ky"),
}
"""Which of several source texts a translation into a language is made from: the nearest first."""


class TextField(StrEnum):
    """The texts of a product that are kept by language."""

    NAMES = "names"
    DESCRIPTIONS = "descriptions"


class TextStatus(StrEnum):
    """How far a text can be relied on.

    `source` was written by the owner, `human` translated by a person, `machine` by a program and
    read by nobody, `reviewed` read by a person as it stands, `stale` made from a source text that
    has changed since.
    """

    SOURCE = "source"
    HUMAN = "human"
    MACHINE = "machine"
    REVIEWED = "reviewed"
    STALE = "stale"


class LackReason(StrEnum):
    """Why a text does not serve a market."""

    MISSING = "missing"
    STALE = "stale"
    UNREVIEWED = "unreviewed"


class Note(Protocol):
    """What is kept of a translation."""

    text_sha256: str
    source_language: str | None
    source_sha256: str | None

    @property
    def reviewed(self) -> bool: ...


class Requirement(NamedTuple):
    """A market wants a field in a language from a day until the day before another."""

    field: str
    language: str
    valid_from: date
    valid_to: date | None = None


class Lack(NamedTuple):
    """A text that a product must have for a market, and why it does not serve."""

    field: str
    language: str
    reason: LackReason


def digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, 64 hexadecimal digits."""
    return sha256(text.encode()).hexdigest()


def source_language(origins: Mapping[str, str], into: str) -> str | None:
    """The language that a translation into another is made from; None without a source text."""
    return next((each for each in SOURCE_ORDER[into] if origins.get(each) == "source"), None)


def status(
    texts: Mapping[str, str], origins: Mapping[str, str], language: str, note: Note | None
) -> TextStatus:
    """The status of the text in `language`, which must be there.

    A note about another wording than the present one says nothing.
    """
    origin = origins.get(language, "source")
    if origin == "source":
        return TextStatus.SOURCE
    if note is None or note.text_sha256 != digest(texts[language]):
        return TextStatus(origin)
    if note.source_language is not None:
        now = texts.get(note.source_language)
        if now is None or digest(now) != note.source_sha256:
            return TextStatus.STALE
    return TextStatus.REVIEWED if note.reviewed else TextStatus(origin)


def in_force(rows: Iterable[Requirement], day: date) -> list[Requirement]:
    """The requirements that count on a day, in the order of their fields and languages."""
    counting = (
        row
        for row in rows
        if row.valid_from <= day and (row.valid_to is None or day < row.valid_to)
    )
    return sorted(counting, key=lambda row: (FIELDS.index(row.field), row.language))


def lacking(
    required: Sequence[Requirement], statuses: Mapping[tuple[str, str], TextStatus]
) -> list[Lack]:
    """What a product lacks for a market; `statuses` are those of the texts that it has.

    A description is wanted in a language only where the product has one in any.
    """
    described = {field for field, _ in statuses}
    found = []
    for row in required:
        if row.field != TextField.NAMES and row.field not in described:
            continue
        reason = _reason(statuses.get((row.field, row.language)))
        if reason is not None:
            found.append(Lack(row.field, row.language, reason))
    return found


def _reason(found: TextStatus | None) -> LackReason | None:
    match found:
        case None:
            return LackReason.MISSING
        case TextStatus.STALE:
            return LackReason.STALE
        case TextStatus.MACHINE:
            return LackReason.UNREVIEWED
        case _:
            return None
