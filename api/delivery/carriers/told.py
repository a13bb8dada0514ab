"""What every format is read into: one event as it was told, its codes and its clock unread."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from api.intake.schemes import Scheme
from api.rules.tracking.milestones import Classifier, EventType, FacilityType, Milestone
from api.rules.tracking.reading import Side

_MAX_TEXT = 200
_SHOWN = 120


class SourceKind(StrEnum):
    """Whose format a source speaks; `api` is our own, sent with credentials, and `partner` our own
    by signed webhooks."""

    API = "api"
    PARTNER = "partner"
    TRACK17 = "track17"
    AFTERSHIP = "aftership"
    DCSA = "dcsa"
    EPCIS = "epcis"


class Whereabouts(NamedTuple):
    """What is known of an event beside its codes, once its shipment is found."""

    side: Side | None
    at_crossing: bool
    by_buyer: bool


type Meaning = Callable[[Whereabouts], Milestone | None]


class Unreadable(ValueError):
    """A part of a message that cannot be read: where (JSON Pointer), a stable code, what is wrong."""

    def __init__(self, pointer: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer, self.code = pointer, code


class Told(NamedTuple):
    """One event. `references` are numbers by which its shipment may be known.

    `key` is the publisher's id of the event, or a hash of what it says; `retracts` is the key of
    the event that it takes back. `places` are codes of ours or UN/LOCODEs to look for; `exact`
    says that one which is not known is a fault, and not a place of somebody else's list.
    """

    key: str
    classifier: Classifier
    event_type: EventType
    code: str
    meaning: Meaning
    time: str
    offset: str | None = None
    references: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    place_text: str | None = None
    country: str | None = None
    facility_type: FacilityType | None = None
    delay_reason: str | None = None
    retracts: str | None = None
    shipment_id: UUID | None = None
    leg_seq: int | None = None
    confidence: Decimal | None = None
    exact: bool = False
    rec24_code: str | None = None
    dcsa_code: str | None = None
    biz_step: str | None = None
    disposition: str | None = None
    pointer: str = "#"


type Parse = Callable[[Any], Iterator[Told | Unreadable]]


class Carrier(NamedTuple):
    """How it may sign, the first way being the usual one, and how a body is read."""

    schemes: Mapping[str, Scheme]
    parse: Parse


def parsed(body: bytes) -> Any:
    """The JSON of a body. Raises Unreadable, also for numbers and nesting that no event has."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Unreadable("#", "json_invalid", "The body is not JSON in UTF-8.") from error


def mapping(value: Any, pointer: str) -> Mapping[str, Any]:
    """The value as an object. Raises Unreadable."""
    if not isinstance(value, dict):
        raise Unreadable(pointer, "object_expected", "An object is expected here.")
    return value


def items(value: Any, pointer: str) -> Sequence[Any]:
    """The value as a list; none when it is missing. Raises Unreadable."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Unreadable(pointer, "list_expected", "A list is expected here.")
    return value


def text(value: Any, pointer: str, *, most: int = _MAX_TEXT) -> str | None:
    """A short text, or None when there is none. Raises Unreadable; numbers are taken as written."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable(pointer, "text_expected", "A text is expected here.")
    found = "".join(c for c in str(value).strip() if c.isprintable())
    return found[:most] or None


def needed(value: Any, pointer: str) -> str:
    """A short text that must be there. Raises Unreadable."""
    found = text(value, pointer)
    if found is None:
        raise Unreadable(pointer, "missing", "This is missing.")
    return found


def code[E: StrEnum](value: str, kind: type[E], pointer: str) -> E:
    """The value as a member of an enumeration. Raises Unreadable."""
    try:
        return kind(value)
    except ValueError:
        detail = f"{value[:_SHOWN]!r} is not one of {', '.join(kind)}."
        raise Unreadable(pointer, "enum", detail) from None


def content_key(value: Any) -> str:
    """A key of what has no id of its own: the same for the same content, whoever wrote it."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
    return f"sha256:{digest}"


def each(
    values: Sequence[Any], pointer: str, read: Callable[[Any, str], Sequence[Told]]
) -> Iterator[Told | Unreadable]:
    """Every event of a list; one that cannot be read does not keep the others."""
    for index, value in enumerate(values):
        try:
            yield from read(value, f"{pointer}/{index}")
        except Unreadable as error:
            yield error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
