"""What several resources do in the same way."""

from typing import Any

Json = dict[str, Any]


def merge(held: Json, given: Json) -> Json:
    """Take over given values, metadata key by key; returns what they replaced."""
    previous: Json = {}
    for name, value in given.items():
        if name == "expand":
            continue
        new = _metadata(held.get(name) or {}, value) if name == "metadata" else value or None
        if value is False or value == 0:
            new = value
        if held.get(name) != new:
            previous[name] = held.get(name)
            held[name] = new
    return previous


def _metadata(held: Json, given: Any) -> Json:
    """Metadata after an update: an empty value takes its key away, an empty whole all of them."""
    if not given:
        return {}
    return {k: v for k, v in {**held, **given}.items() if v not in ("", None)}
