"""Giving rows new values, so that only what differs is written and can be named."""

from collections.abc import Mapping
from typing import Any


def assign(row: object, values: Mapping[str, Any]) -> list[str]:
    """Set the columns that differ, by value (12.50 is 12.500000); their names."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed
