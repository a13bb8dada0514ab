"""Events of suppliers' subscriptions to plans."""

from datetime import datetime
from decimal import Decimal

from api.rules.rails import RailName
from api.rules.subscriptions import SubscriptionStatus
from api.webhooks.catalogue.kinds import Data, Kind


class SubscriptionEventData(Data):
    """A subscription as it is after what happened."""

    plan: str
    next_plan: str | None
    status: SubscriptionStatus
    rail: RailName
    currency: str
    fee: Decimal
    period_end: datetime
    cancel_at_period_end: bool


TYPES = (
    *Kind(
        "subscription",
        "subscription",
        "subscriptions:read",
        SubscriptionEventData,
        {
            "plan": "manufacturer",
            "next_plan": None,
            "status": SubscriptionStatus.ACTIVE,
            "rail": RailName.BANK_TRANSFER,
            "currency": "KGS",
            "fee": "2500",
            "period_end": "2026-12-28T09:00:00+00:00",
            "cancel_at_period_end": False,
        },
    ).types(
        started="Your organisation subscribed to a plan.",
        changed="Another plan, or the end of the subscription, was asked for.",
        renewed="A new period of your subscription has begun.",
        activated="Your subscription counts: its trial is over, or what was owed is paid.",
        past_due="An invoice of your subscription was not paid in time; its quotas still count.",
        paused="The grace is over: until it is paid, the quotas of the free plan count.",
        canceled="Your subscription has ended.",
    ),
)
INTERNAL = (
    "subscription.period_ended",
    "subscription.payment_due",
    "subscription.grace_ended",
)
