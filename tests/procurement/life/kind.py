"""What tells one procedure from another in the machine of a tender's life."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.procurement import samples


@dataclass(frozen=True)
class Kind:
    """A procedure: the draft's fields, how bids come, and what its examples must reach."""

    name: str
    draft: Mapping[str, Any] = field(default_factory=dict)
    lots: int = 1
    quantity: int = 600
    lot_value: str = "6700000"
    regime: str = "state"
    country: str = "KG"
    sealed: bool = False
    two_envelopes: bool = False
    terms: Mapping[str, Any] = field(default_factory=dict)
    prolonged: bool = True
    awards: int = 1
    steps: int = 9
    """Of each example; fewer where the way to the end is long by itself."""
    acts: tuple[type, ...] = ()
    reaches: tuple[str, ...] = ()
    prepare: Callable[[Any], Mapping[str, Any]] = lambda life: {}

    def body(self, line: str) -> dict[str, Any]:
        """The draft as it is sent; its lots are bought from a line of the plan."""
        value = {"amount": self.lot_value, "currency": "KGS"}
        lots = [
            samples.lot(
                value=value,
                plan_item_id=line,
                delivery_period_start=None,
                delivery_period_end=samples.day(300),
                items=[samples.item(quantity=str(self.quantity))],
            )
            for _ in range(self.lots)
        ]
        return {"lots": lots, **self.draft}
