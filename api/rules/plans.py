"""Annual procurement plans: what may be published against them. Pure.

Amounts are in the currency of the plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from api.rules.offers import plain
from api.rules.policy import share
from api.rules.states import Machine
from api.rules.tenders import Fault

MAX_PLAN_ITEMS = 1000


class PlanStatus(StrEnum):
    """A draft is its buyer's alone; what is published can only be added to."""

    DRAFT = "draft"
    PUBLISHED = "published"


PLAN = Machine({"publish": (frozenset({PlanStatus.DRAFT}), PlanStatus.PUBLISHED)})


@dataclass(frozen=True, slots=True)
class Line[I]:
    """A lot as the plan sees it: the line it names, whether that is published, and its value."""

    item: I | None
    published: bool
    amount: Decimal | None


def link_faults[I](
    lots: Sequence[Line[I]],
    *,
    required: bool,
    budgets: Mapping[I, Decimal],
    committed: Mapping[I, Decimal],
) -> list[Fault]:
    """Lots without the line of a published plan that they need, or beyond what is left of it.

    `committed` is what other published lots take of each line already.
    """
    faults, taken = [], dict(committed)
    for n, lot in enumerate(lots):
        pointer = f"#/lots/{n}/plan_item_id"
        if lot.item is None:
            if required:
                faults.append(Fault(pointer, "missing", "must name a line of the plan"))
            continue
        if not lot.published:
            faults.append(Fault(pointer, "plan_not_published", "is of a plan that is a draft"))
            continue
        if lot.amount is None:
            faults.append(Fault(f"#/lots/{n}/value", "missing", "is needed to compare the budget"))
            continue
        left = budgets[lot.item] - taken.get(lot.item, Decimal())
        taken[lot.item] = taken.get(lot.item, Decimal()) + lot.amount
        if lot.amount > left:
            detail = (
                f"is above the {plain(max(left, Decimal()))} that is left of the planned budget"
            )
            faults.append(Fault(f"#/lots/{n}/value/amount", "over_budget", detail))
    return faults


def direct_faults(
    cap_bp: int, *, plan_total: Decimal | None, bought: Decimal, amount: Decimal | None
) -> list[Fault]:
    """Why a direct purchase would pass the share of the annual plan that may be bought directly.

    `bought` is what has been bought so in the year; `plan_total` None: there is no published plan.
    """
    if plan_total is None:
        return [Fault("#/procedure", "plan_missing", "needs a published plan of the year")]
    if amount is None:
        return [Fault("#/value", "missing", "is needed to compare it with the annual cap")]
    cap = plan_total * share(cap_bp)
    if bought + amount <= cap:
        return []
    detail = f"is above the {plain(max(cap - bought, Decimal()))} that may still be bought directly"
    return [Fault("#/value/amount", "above_annual_cap", detail)]
