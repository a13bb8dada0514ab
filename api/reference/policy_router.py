"""Routes about policy sets and work calendars: everybody reads, the operator enters rows."""

from typing import Annotated, Any

from fastapi import Path, Query

from api.core import db, ids
from api.core.errors import NotFound
from api.core.http import documented, public_router
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.reference import calendars, parameters, policies
from api.reference.models import PolicySet
from api.reference.policies import PolicyOverlaps
from api.reference.policy_schemas import (
    CalendarCode,
    Day,
    EndIn,
    Jurisdiction,
    PolicySetId,
    PolicySetIn,
    PolicySetOut,
    PolicySetSummary,
    Procedure,
    WorkCalendarOut,
    WorkDayOut,
    WorkYearOut,
)
from api.rules.policy import ProcurementRegime

public = public_router("/public", "policies")
router = access.router("/policy-sets", "policies")
ROUTERS = (public, router)
Admin = Annotated[Context, require("reference:admin")]


@public.get("/policy-sets", response_model=Page[PolicySetSummary])
def list(
    jurisdiction: Jurisdiction | None = None,
    regime: ProcurementRegime | None = None,
    procedure: Procedure | None = None,
    on: Annotated[Day | None, Query(description="Only those that count on this day.")] = None,
) -> Page[Any]:
    """Every policy set, or those of a jurisdiction, a regime, a procedure or a day."""
    with db.unit_of_work() as session:
        rows = policies.list_sets(
            session, jurisdiction=jurisdiction, regime=regime, procedure=procedure, on=on
        )
    return Page(items=[*rows], has_more=False, next_cursor=None)


@public.get(
    "/policy-sets/{policy_set_id}", response_model=PolicySetOut, responses=documented(NotFound)
)
def get(policy_set_id: PolicySetId) -> PolicySet:
    """A policy set with every parameter and its source."""
    with db.unit_of_work() as session:
        return policies.get(session, policy_set_id)


@public.get("/policy-parameters")
async def get_parameters() -> dict[str, Any]:
    """The JSON Schema of the parameters: their meaning, bounds and defaults."""
    return parameters.schema()


@public.get("/work-calendars", response_model=Page[WorkYearOut])
def list_work_years() -> Page[Any]:
    """The years of every work calendar."""
    with db.unit_of_work() as session:
        rows = calendars.list_years(session)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@public.get(
    "/work-calendars/{calendar}/{year}",
    response_model=WorkCalendarOut,
    responses=documented(NotFound),
)
def get_work_year(
    calendar: CalendarCode, year: Annotated[int, Path(ge=2000, le=2099)]
) -> WorkCalendarOut:
    """The holidays and working Saturdays of a year."""
    with db.unit_of_work() as session:
        found, days = calendars.get_year(session, calendar, year)
    shown = [WorkDayOut.model_validate(day) for day in days]
    return WorkCalendarOut(**WorkYearOut.model_validate(found).model_dump(), days=shown)


@router.post(
    "",
    status_code=201,
    response_model=PolicySetOut,
    responses=documented(PolicyOverlaps, NotFound),
)
def create(data: PolicySetIn, ctx: Admin) -> PolicySet:
    """Enter a row of law. Its numbers are never altered afterwards; tenders that are published
    keep those of their day."""
    row = policies.add(ctx.session, actor=ctx.actor, org_id=ctx.org_id, data=data)
    ctx.headers["Location"] = f"/public/policy-sets/{ids.show('policy', row.id)}"
    return row


@router.post("/{policy_set_id}/end", response_model=PolicySetOut)
def end(policy_set_id: PolicySetId, data: EndIn, ctx: Admin) -> PolicySet:
    """Let a policy set count no longer from a day on, today at the earliest."""
    return policies.end(
        ctx.session,
        actor=ctx.actor,
        org_id=ctx.org_id,
        policy_set_id=policy_set_id,
        on=data.valid_to,
    )
