"""The procedures that the machine of a tender's life drives, one row each.

Another procedure (restricted, a call-off of a framework) is another row. What it does beside the
steps of `before.py` and `after.py` (applications, mini-competitions) is a class of rules of its own,
named in `acts`; what must come before the draft is `prepare`, which gives further fields of it.
"""

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
    sealed: bool = False
    two_envelopes: bool = False
    prolonged: bool = True
    acts: tuple[type, ...] = ()
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


SMALL: Mapping[str, Any] = {"value": {"amount": "900000", "currency": "KGS"}}
KINDS = (
    Kind("open", lots=2, sealed=True),
    Kind("open_of_generic_rules", lots=2, regime="generic", prolonged=False),
    Kind(
        "request_for_quotations",
        {"procedure": "rfq", **SMALL},
        quantity=60,
        lot_value="900000",
    ),
    Kind(
        "single_source",
        {"procedure": "single_source", "procurement_method_ground": "naturalMonopoly"},
        prolonged=False,
    ),
    Kind("reverse_auction", {"auction_step_bp": 100}, lots=2),
    Kind("two_envelopes", lots=2, two_envelopes=True),
)
