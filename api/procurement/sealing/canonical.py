"""Canonical JSON (RFC 8785), of which every hash and signature here is made."""

import json
from collections.abc import Mapping
from typing import Any

import rfc8785

from api.core import audit

_SAFE = 2**53
MAX_DEPTH = 64
"""Objects and arrays within each other: more than any bid needs, less than any parser bears."""


def dumps(value: Any) -> bytes:
    """The one canonical text of a value.

    Raises ValueError, with nothing of the value in it, for what JSON cannot say exactly: integers
    beyond 2**53 - 1, NaN, half a surrogate pair, types that are not JSON's; nor for deeper nesting
    than `MAX_DEPTH`.
    """
    if not _is_shallow(value):
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    try:
        return audit.canonical(value)
    except (rfc8785.CanonicalizationError, TypeError, UnicodeEncodeError):
        pass
    raise ValueError("no canonical JSON can say this exactly; write large numbers as text")


def joined(members: Mapping[str, bytes]) -> bytes:
    """The canonical text of an object with ASCII names, of the canonical texts of its members."""
    return b"{%s}" % b",".join(dumps(name) + b":" + members[name] for name in sorted(members))


def loads(text: bytes) -> Any:
    """The value of a JSON text. Raises ValueError, telling nothing of the text.

    Numbers are doubles, as in a browser; a name that stands twice in an object is refused.
    """
    try:
        return json.loads(
            text.decode(), parse_int=_number, parse_constant=_refuse, object_pairs_hook=_object
        )
    except (ValueError, RecursionError):
        pass
    raise ValueError("not JSON in UTF-8 with every name once")


_NESTED = (dict, list, tuple)


def _is_shallow(value: Any) -> bool:
    nested = [value] if isinstance(value, _NESTED) else []
    for _ in range(MAX_DEPTH + 1):
        if not nested:
            return True
        nested = [
            inner
            for each in nested
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, _NESTED)
        ]
    return False


def _number(digits: str) -> int | float:
    number = float(digits)
    return int(digits) if -_SAFE < number < _SAFE else number


def _refuse(_: str) -> None:
    raise ValueError


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
