"""Quotas of plans, used where the acts happen: the answers to api/identity/quotas.py. Never commits.

A monthly quota is one row that is counted up only below the limit: two acts at once at the last
unit wait for each other, and one finds nothing left. What is rolled back was not used.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, func, select

from api.catalog.models import Offer
from api.core import bulk, db
from api.core.errors import FieldError
from api.identity import quotas
from api.identity.quotas import QuotaUsedUp
from api.payments.models import PlanUsage, SupplierPlan
from api.payments.service import plans
from api.rules import subscriptions as rules
from api.rules.offers import OfferStatus
from api.rules.subscriptions import MONTHLY, Quota

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:seller, 20))")
_MONTHLY_DETAIL = (
    "Your plan {plan} allows {limit} {quota} a month; {used} are used. It renews at {renews_at}."
)
_STANDING_DETAIL = "Your plan {plan} allows {limit} {quota} at a time; there are {used}."


class Used(NamedTuple):
    """What an organisation may do of something, and has done. `limit` of None: no limit;
    `renews_at` of None: it is what stands, not what was done in a month."""

    quota: Quota
    limit: int | None
    used: int
    renews_at: datetime | None


class Room:
    """How many more offers a seller may show, counted down."""

    def __init__(self, plan: SupplierPlan, listed: int) -> None:
        self.plan, self.listed = plan, listed

    def take(self) -> None:
        """Use one; QuotaUsedUp when there is none."""
        limit = self.plan.limit(Quota.LISTINGS)
        if limit is not None and self.listed >= limit:
            raise _used_up(self.plan, Quota.LISTINGS, limit, self.listed, None)
        self.listed += 1


class PlanGate:
    """quotas.Gate by the plans."""

    def take(self, session: Session, org_id: UUID, quota: Quota) -> None:
        """Use one of a monthly quota; QuotaUsedUp when there is none."""
        plan, now = plans.counting_for(session, [org_id])[org_id], db.now(session)
        limit = plan.limit(quota)
        if not _count_up(session, org_id, quota, limit, now):
            assert limit is not None, "what has no limit is never used up"
            used = _used(session, org_id, now).get(quota, 0)
            raise _used_up(plan, quota, limit, used, rules.renews_at(now))

    def admitted(self, session: Session, org_ids: Iterable[UUID], quota: Quota) -> Collection[UUID]:
        """Use one of a monthly quota of each, in one order; those that had one."""
        counting, now = plans.counting_for(session, {*org_ids}), db.now(session)
        return {
            org_id
            for org_id in sorted(counting)
            if _count_up(session, org_id, quota, counting[org_id].limit(quota), now)
        }

    def room(self, session: Session, org_id: UUID) -> quotas.Room:
        """The room for offers; where there is a limit, whoever asks next waits for this one."""
        plan = plans.counting_for(session, [org_id])[org_id]
        if plan.limit(Quota.LISTINGS) is None:
            return Room(plan, 0)
        session.connection().execute(_ONE_AT_A_TIME, {"seller": f"listings:{org_id.hex}"})
        return Room(plan, _listed(session, org_id))


GATE = PlanGate()


def usage(session: Session, org_id: UUID) -> tuple[SupplierPlan, list[Used]]:
    """The plan that counts for the organisation, and what it has used of it."""
    plan, now = plans.counting_for(session, [org_id])[org_id], db.now(session)
    used = {**_used(session, org_id, now), Quota.LISTINGS: _listed(session, org_id)}
    renews = rules.renews_at(now)
    return plan, [
        Used(each, plan.limit(each), used.get(each, 0), renews if each in MONTHLY else None)
        for each in Quota
    ]


def _count_up(
    session: Session, org_id: UUID, quota: Quota, limit: int | None, now: datetime
) -> bool:
    """Count one act; False, and nothing counted, when the limit is reached."""
    if limit == 0:
        return False
    row = bulk.new_row(org_id=org_id, quota=quota, month=rules.month_of(now), used=1)
    used = col(PlanUsage.used)
    counted = (
        insert(PlanUsage)
        .values(row)
        .on_conflict_do_update(
            index_elements=["org_id", "quota", "month"],
            set_={"used": used + 1, "updated_at": now},
            where=None if limit is None else used < limit,
        )
        .returning(used)
    )
    return session.connection().execute(counted).scalar() is not None


def _used(session: Session, org_id: UUID, now: datetime) -> dict[Quota, int]:
    query = select(PlanUsage.quota, PlanUsage.used).where(
        PlanUsage.org_id == org_id, PlanUsage.month == rules.month_of(now)
    )
    return {Quota(quota): used for quota, used in session.exec(query)}


def _listed(session: Session, org_id: UUID) -> int:
    session.flush()
    query = select(func.count()).where(
        Offer.seller_id == org_id, col(Offer.status) == OfferStatus.ACTIVE
    )
    return session.exec(query).one()


def _used_up(
    plan: SupplierPlan, quota: Quota, limit: int, used: int, renews_at: datetime | None
) -> QuotaUsedUp:
    values: dict[str, object] = {"plan": plan.code, "limit": limit, "quota": quota, "used": used}
    if renews_at is not None:
        values["renews_at"] = renews_at.isoformat().replace("+00:00", "Z")
    template = _STANDING_DETAIL if renews_at is None else _MONTHLY_DETAIL
    told = template.format_map(values)
    error = FieldError(pointer=f"#/quotas/{quota}", code=QuotaUsedUp.code, detail=told)
    return QuotaUsedUp(template, values=values, errors=[error])
