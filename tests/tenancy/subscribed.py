"""A supplier that is subscribed to a plan, in the story."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from api.core import ids
from api.matching.models import MatchAlert
from api.payments.models import PlanCharge, PlanPrice, PlanSubscription, PlanUsage, SupplierPlan
from api.rules.clock import utcnow
from api.rules.rails import RailName
from api.rules.subscriptions import Quota, SubscriptionStatus
from tests.tenancy.world import written


def to_a_plan(superuser: psycopg.Connection[Any], org_id: UUID, tender_id: UUID) -> str:
    """The id of a subscription that was charged and used."""
    now = utcnow()
    plan = SupplierPlan(
        code="manufacturer",
        valid_from=date(2026, 1, 1),
        names={"en": "Manufacturer"},
        monthly_fees={"KGS": "2500"},
        source="test",
        added_by="test",
    )
    subscription = PlanSubscription(
        org_id=org_id,
        plan_id=plan.id,
        plan=plan.code,
        currency="KGS",
        fee=Decimal(2500),
        rail=RailName.BANK_TRANSFER,
        status=SubscriptionStatus.ACTIVE,
        anchor=now,
        period_start=now,
        period_end=now + timedelta(days=30),
    )
    charge = PlanCharge(
        org_id=org_id,
        subscription_id=subscription.id,
        plan_id=plan.id,
        key="first",
        code=plan.code,
        period_start=subscription.period_start,
        period_end=subscription.period_end,
        amount=Decimal(2500),
        currency="KGS",
        due_at=subscription.period_end,
    )
    price = PlanPrice(plan_id=plan.id, currency="KGS", external_id="price_1")
    usage = PlanUsage(org_id=org_id, quota=Quota.ALERTS, month=date(2026, 11, 1), used=1)
    alert = MatchAlert(seller_id=org_id, tender_id=tender_id, offers=1, best_rank=1)
    for row in (plan, subscription, charge, price, usage, alert):
        written(superuser, row)
    return ids.show("subscription", subscription.id)
