"""Routes of procurement plans."""

from typing import Annotated, Any

from fastapi import Query

from api.core import ids
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.schemas import OrganisationId
from api.procurement import service
from api.procurement.models import ProcurementPlan
from api.procurement.schemas import (
    PlanId,
    PlanIn,
    PlanItemsIn,
    PlanOut,
    PlanPatch,
    PlanSummary,
    PlanUsageOut,
)

router = access.router("/plans", "plans")
Read = Annotated[Context, require("tenders:read")]
Write = Annotated[Context, require("tenders:write")]
_CHANGED = documented(Conflict, PreconditionFailed)


@router.post("", status_code=201, response_model=PlanOut, responses=documented(service.PlanExists))
def create(data: PlanIn, ctx: Write) -> ProcurementPlan:
    """Draft the procurement plan of a year; only your organisation sees it."""
    plan = service.plans.create(ctx.session, buyer_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/plans/{ids.show('plan', plan.id)}"
    return _answer(ctx, plan)


@router.get("", response_model=Page[PlanSummary])
def list(
    ctx: Read,
    page: PageDep,
    buyer: OrganisationId | None = None,
    year: Annotated[int | None, Query(ge=2000, le=2099)] = None,
) -> Page[Any]:
    """Your plans and others' published ones, newest first."""
    rows, cursor = service.plans.list_plans(
        ctx.session, org_id=ctx.org_id, page=page, buyer_id=buyer, year=year
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{plan_id}", response_model=PlanOut)
def get(plan_id: PlanId, ctx: Read) -> ProcurementPlan:
    """One plan with its lines."""
    return _answer(ctx, service.plans.get(ctx.session, org_id=ctx.org_id, plan_id=plan_id))


@router.patch(
    "/{plan_id}",
    response_model=PlanOut,
    responses=documented(service.NotDraft, PreconditionFailed),
)
def update(plan_id: PlanId, data: PlanPatch, ctx: Write) -> ProcurementPlan:
    """Change a draft; `items`, when given, replace all its lines."""
    plan = _own(ctx, plan_id)
    return _answer(ctx, service.plans.update(ctx.session, plan, actor=ctx.actor, data=data))


@router.post("/{plan_id}/items", response_model=PlanOut, responses=_CHANGED)
def add_items(plan_id: PlanId, data: PlanItemsIn, ctx: Write) -> ProcurementPlan:
    """Add lines to a plan, a published one too."""
    plan = _own(ctx, plan_id)
    return _answer(
        ctx, service.plans.add_items(ctx.session, plan, actor=ctx.actor, items=data.items)
    )


@router.post("/{plan_id}/publish", response_model=PlanOut, responses=_CHANGED)
def publish(plan_id: PlanId, ctx: Write) -> ProcurementPlan:
    """Show a plan to everybody; lots of tenders can then be published against its lines."""
    return _answer(ctx, service.plans.publish(ctx.session, _own(ctx, plan_id), actor=ctx.actor))


@router.get("/{plan_id}/usage", response_model=PlanUsageOut)
def usage(plan_id: PlanId, ctx: Read) -> dict[str, Any]:
    """A plan against what was published: each line, and the direct purchases of the year."""
    plan = service.plans.get(ctx.session, org_id=ctx.org_id, plan_id=plan_id)
    return service.plans.usage(ctx.session, plan)


def _own(ctx: Context, plan_id: PlanId) -> ProcurementPlan:
    """The caller's own plan, locked, at the version that If-Match names."""
    plan = service.plans.lock(ctx.session, buyer_id=ctx.org_id, plan_id=plan_id)
    ctx.check_version(plan)
    return plan


def _answer(ctx: Context, plan: ProcurementPlan) -> ProcurementPlan:
    ctx.tag(plan)
    return plan
