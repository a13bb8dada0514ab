"""Routes of plans of suppliers: everybody reads, the operator enters them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query

from api.core import db
from api.core.errors import AlreadyExists
from api.core.http import documented, public_router
from api.core.inputs import IsoDate
from api.identity import access
from api.identity.access import Context, require
from api.payments.models import SupplierPlan
from api.payments.schemas.plans import SupplierPlanIn, SupplierPlanOut
from api.payments.service import plans
from api.rules.clock import local_date

public = public_router("/public/supplier-plans", "supplier-plans")
router = access.router("/supplier-plans", "supplier-plans")
Admin = Annotated[Context, require("plans:admin")]
Add = Annotated[Context, require("plans:admin", key=True)]


@public.get("", response_model=list[SupplierPlanOut])
def read(
    on: Annotated[IsoDate | None, Query(description="As they are on this day; else today")] = None,
) -> Sequence[SupplierPlan]:
    """The plans that suppliers may subscribe to, with their quotas and monthly fees."""
    with db.unit_of_work() as session:
        return [*plans.on(session, on or local_date(db.now(session)))]


@router.get("", response_model=list[SupplierPlanOut])
def list_all(ctx: Admin) -> Sequence[SupplierPlan]:
    """Every row of every plan, those to come too."""
    return [*plans.every(ctx.session)]


@router.post(
    "", status_code=201, response_model=SupplierPlanOut, responses=documented(AlreadyExists)
)
def add(data: SupplierPlanIn, ctx: Add) -> SupplierPlan:
    """Add a plan, or what an existing one becomes, from a later day on.

    Who is subscribed keeps what there was until the end of the period.
    """
    return plans.add(ctx.session, actor=ctx.actor, org_id=ctx.org_id, data=data)
