"""Giving rows new values, so that only what differs is written and can be named."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from sqlmodel import SQLModel

from api.catalog.models import LeadTimeTier, PriceTier


def assign(row: SQLModel, values: Mapping[str, Any]) -> list[str]:
    """Set the columns that differ, by value (12.50 is 12.500000); their names."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def assign_tiers[T: PriceTier | LeadTimeTier](
    rows: list[T], wanted: Sequence[BaseModel], table: type[T]
) -> bool:
    """Make the rows the wanted tiers, ascending; True when that changed anything.

    The row of a bound that stays is kept: deleting and inserting it would break its UNIQUE.
    """
    left, changed = {row.min_quantity: row for row in rows}, False
    for values in (tier.model_dump() for tier in wanted):
        row = left.pop(values["min_quantity"], None)
        if row is None:
            rows.append(table(**values))
            changed = True
        else:
            changed |= bool(assign(row, values))
    for row in left.values():
        rows.remove(row)
    rows.sort(key=lambda row: row.min_quantity)
    return changed or bool(left)
