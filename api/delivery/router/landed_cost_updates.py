"""Routes of landed costs that are computed anew, and of what the goods came to."""

from typing import Annotated, Any

from api.core import ids
from api.core.errors import AlreadyExists
from api.core.http import documented
from api.core.pages import Page
from api.delivery.models import LandedCostActual, LandedCostFollowing
from api.delivery.problems import LandedCostNotComputable, LandedCostSuperseded, NumbersUnchanged
from api.delivery.router.landed_costs import found, shown
from api.delivery.schemas.landed_cost_actuals import (
    ActualIn,
    ActualOut,
    FollowIn,
    FollowingOut,
    LandedCostChangesOut,
    RecomputeIn,
    VarianceOut,
)
from api.delivery.schemas.landed_costs import LandedCostId, LandedCostOut
from api.delivery.service import actuals, recomputing
from api.identity import access
from api.identity.access import Context, require
from api.procurement.evaluation.recomputing import NOTHING, Difference

router = access.router("/landed-costs", "landed-costs")
Read = Annotated[Context, require("landed-costs:read")]
Write = Annotated[Context, require("landed-costs:write")]


@router.post(
    "/{landed_cost_id}/recompute",
    status_code=201,
    response_model=LandedCostOut,
    responses=documented(LandedCostNotComputable, LandedCostSuperseded, NumbersUnchanged),
)
def recompute(landed_cost_id: LandedCostId, data: RecomputeIn, ctx: Write) -> dict[str, Any]:
    """Compute a landed cost anew by the tariffs, rate card and exchange rates of today or a day;
    its price, terms and route stay."""
    row = found(ctx, landed_cost_id)
    made = recomputing.recompute(ctx.session, row, actor=ctx.actor, day=data.day)
    ctx.headers["Location"] = f"/v1/landed-costs/{ids.show('landedcost', made.id)}"
    return shown(made)


@router.post(
    "/{landed_cost_id}/follow",
    response_model=FollowingOut,
    responses=documented(LandedCostSuperseded),
)
def follow(landed_cost_id: LandedCostId, data: FollowIn, ctx: Write) -> LandedCostFollowing:
    """Have it computed anew whenever the numbers change; `landed_cost.recomputed` tells."""
    row = found(ctx, landed_cost_id)
    return recomputing.follow(ctx.session, row, actor=ctx.actor, until=data.until)


@router.post("/{landed_cost_id}/unfollow", status_code=204)
def unfollow(landed_cost_id: LandedCostId, ctx: Write) -> None:
    """Have it computed anew no longer."""
    recomputing.unfollow(ctx.session, found(ctx, landed_cost_id), actor=ctx.actor)


@router.get("/{landed_cost_id}/changes", response_model=LandedCostChangesOut)
def changes(landed_cost_id: LandedCostId, ctx: Read) -> dict[str, Any]:
    """What is different from the computation before: the numbers, and the figures they moved."""
    row = found(ctx, landed_cost_id)
    told = recomputing.changes(ctx.session, row)
    return {
        "previous_id": told.before.id,
        "currency": row.currency,
        "total_before": told.before.total_gross,
        "total_after": row.total_gross,
        "difference": row.total_gross - told.before.total_gross,
        "numbers": [*map(_change, told.numbers)],
        "figures": [*map(_change, told.figures)],
    }


@router.post(
    "/{landed_cost_id}/actuals",
    status_code=201,
    response_model=ActualOut,
    responses=documented(AlreadyExists),
)
def enter_actual(landed_cost_id: LandedCostId, data: ActualIn, ctx: Write) -> LandedCostActual:
    """Enter what an invoice or customs say that a figure came to."""
    row = found(ctx, landed_cost_id)
    return actuals.record(ctx.session, row, actor=ctx.actor, data=data)


@router.get("/{landed_cost_id}/actuals", response_model=Page[ActualOut])
def list_actuals(landed_cost_id: LandedCostId, ctx: Read) -> Page[Any]:
    """What was entered, in the order in which it came; replaced entries stay."""
    rows = [*actuals.entries(ctx.session, found(ctx, landed_cost_id))]
    return Page(items=rows, has_more=False, next_cursor=None)


@router.get("/{landed_cost_id}/variance", response_model=VarianceOut)
def variance(landed_cost_id: LandedCostId, ctx: Read) -> dict[str, Any]:
    """What the goods came to against the estimate, figure by figure, and why it differs."""
    row = found(ctx, landed_cost_id)
    told = actuals.against(ctx.session, row)
    return {
        "currency": row.currency,
        "estimated": told.estimated,
        "forecast": told.forecast,
        "difference": told.difference,
        "settled": told.settled,
        "rows": [
            {
                "figure": each.key.figure,
                "charge": each.key.charge,
                "estimated": each.estimated,
                "actual": each.actual,
                "difference": each.difference,
                "by_amount": each.by_amount,
                "by_rate": each.by_rate,
            }
            for each in told.rows
        ],
    }


def _change(each: Difference) -> dict[str, Any]:
    before, after = (None if value is NOTHING else value for value in each[1:])
    return {"pointer": each.pointer, "before": before, "after": after}
