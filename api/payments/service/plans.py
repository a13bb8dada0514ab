"""Plans of suppliers: which there are, and whose counts for whom. Never commits."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.errors import AlreadyExists, refused
from api.payments.models import PlanSubscription, SupplierPlan
from api.payments.schemas.plans import SupplierPlanIn
from api.rules.clock import local_date
from api.rules.offers import plain
from api.rules.subscriptions import FREE, GRANTING


def add(session: Session, *, actor: str, org_id: UUID, data: SupplierPlanIn) -> SupplierPlan:
    """Add a plan, or what an existing one becomes, from a day after today on.

    Raises Invalid for a day that has begun, because people subscribed by what stood then, and
    AlreadyExists.
    """
    if data.valid_from <= local_date(db.now(session)):
        raise refused("#/valid_from", "in_past", "A plan begins after today.")
    plan = SupplierPlan(
        added_by=actor,
        **data.model_dump(exclude={"monthly_fees"}),
        monthly_fees={currency: plain(fee) for currency, fee in data.monthly_fees.items()},
    )
    try:
        with session.begin_nested():
            session.add(plan)
    except IntegrityError as error:
        raise AlreadyExists("The plan has a row from this day on.") from error
    audit.record(
        session,
        f"supplier_plan:{plan.id.hex}",
        "add",
        actor=actor,
        org_id=org_id,
        change=data.model_dump(mode="json"),
    )
    return plan


def every(session: Session) -> Sequence[SupplierPlan]:
    """All rows of all plans, by code, the latest first."""
    query = select(SupplierPlan).order_by(
        col(SupplierPlan.code), col(SupplierPlan.valid_from).desc()
    )
    return session.exec(query).all()


def on(session: Session, day: date) -> Sequence[SupplierPlan]:
    """The plans as they are on a day, by code."""
    query = (
        select(SupplierPlan)
        .where(SupplierPlan.valid_from <= day)
        .ext(distinct_on(col(SupplierPlan.code)))
        .order_by(col(SupplierPlan.code), col(SupplierPlan.valid_from).desc())
    )
    return session.exec(query).all()


def of_code(session: Session, code: str, day: date) -> SupplierPlan | None:
    """A plan as it is on a day; None: there is none."""
    query = (
        select(SupplierPlan)
        .where(SupplierPlan.code == code, SupplierPlan.valid_from <= day)
        .order_by(col(SupplierPlan.valid_from).desc())
        .limit(1)
    )
    return session.exec(query).one_or_none()


def free(session: Session) -> SupplierPlan:
    """The free plan of today."""
    found = of_code(session, FREE, local_date(db.now(session)))
    assert found is not None, "it is there from the first migration on"
    return found


def counting_for(session: Session, org_ids: Collection[UUID]) -> dict[UUID, SupplierPlan]:
    """The plan whose quotas count for each organisation now."""
    query = (
        select(PlanSubscription.org_id, SupplierPlan)
        .join(SupplierPlan, col(SupplierPlan.id) == col(PlanSubscription.plan_id))
        .where(
            col(PlanSubscription.org_id).in_(org_ids), col(PlanSubscription.status).in_(GRANTING)
        )
    )
    found = dict(session.exec(query).all())
    rest = free(session) if len(found) < len(org_ids) else None
    return {each: found.get(each) or rest for each in org_ids}  # type: ignore[misc]
