"""Routes about how the API is used: limits of requests, calls of what is deprecated."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.core import settings
from api.core.http import documented
from api.core.pages import Page
from api.identity import access, deprecations, rate_plans
from api.identity.access import Context, require
from api.identity.schemas import ClientId, OrganisationId

router = access.router("", "usage")
Read = Annotated[Context, require("clients:read")]
Admin = Annotated[Context, require("organisations:admin")]


class RatePlanIn(BaseModel):
    """The name of a plan of this installation."""

    model_config = ConfigDict(extra="forbid")

    rate_plan: str = Field(max_length=40, examples=["partner"])


class RatePlanOut(BaseModel):
    """A plan: requests/seconds of each bucket."""

    rate_plan: str
    limits: dict[str, str] = Field(examples=[{"default": "1200/60", "organisation": "6000/60"}])


class DeprecatedUseOut(BaseModel):
    """On this day the key called an operation that will go."""

    model_config = ConfigDict(from_attributes=True)

    client_id: ClientId
    operation: str = Field(examples=["tenders_publish"])
    day: date
    last_used_at: datetime


@router.get("/rate-plan", response_model=RatePlanOut)
def get_rate_plan(ctx: Read) -> RatePlanOut:
    """The limits that your organisation's requests are under."""
    return _shown(rate_plans.of(ctx.session, ctx.org_id))


@router.post(
    "/organisations/{organisation_id}/set-rate-plan",
    response_model=RatePlanOut,
    responses=documented(rate_plans.UnknownRatePlan),
)
def set_rate_plan(organisation_id: OrganisationId, data: RatePlanIn, ctx: Admin) -> RatePlanOut:
    """Put an organisation under the limits of a plan, within a minute."""
    rate_plans.assign(ctx.session, actor=ctx.actor, org_id=organisation_id, plan=data.rate_plan)
    return _shown(data.rate_plan)


@router.get("/deprecated-uses", response_model=Page[DeprecatedUseOut])
def list_deprecated_uses(ctx: Read) -> Page[Any]:
    """Which of your keys called a deprecated operation, and on which days, newest first."""
    rows = deprecations.list_uses(ctx.session, ctx.org_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


def _shown(plan: str | None) -> RatePlanOut:
    name = plan or settings.STANDARD_PLAN
    return RatePlanOut(rate_plan=name, limits=settings.get().rate_limits.get(name, {}))
