"""Regular expressions that others have written, matched in time proportional to the text.

The dialect is that of JSON Schema without look-around and back-references, so that no expression
of a buyer can hold up the opening of bids.
"""

from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError


def is_usable(pattern: str) -> bool:
    """True for a regular expression of the dialect."""
    try:
        _compiled(pattern)
    except (ValidationError, ValueError):
        return False
    return True


def matches(pattern: str, text: str) -> bool:
    """True when the expression is found in the text; `^` and `$` bind it to the ends."""
    return bool(_compiled(pattern).is_valid(text))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    return Draft202012Validator({"pattern": pattern}, pattern_options=RegexOptions())
