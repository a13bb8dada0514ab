"""Plans of suppliers: what they allow, how a subscription lives, what a change of plan costs. Pure.

Statuses have Stripe's names and meaning (https://docs.stripe.com/billing/subscriptions/overview),
`incomplete` and `unpaid` apart: here both are `paused`, because they allow nothing either.
"""

import calendar
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from api.rules import fees
from api.rules.clock import BISHKEK, local_date
from api.rules.states import Machine

FREE = "free"
"""The plan of everybody who subscribed to no other; it costs nothing."""


class Quota(StrEnum):
    """What a plan allows so much of."""

    BIDS = "bids"
    ALERTS = "alerts"
    LISTINGS = "listings"


MONTHLY = frozenset({Quota.BIDS, Quota.ALERTS})
"""Acts that are counted by calendar month in Bishkek; of the others, what stands at the moment."""


class SubscriptionStatus(StrEnum):
    """How a subscription stands."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    PAUSED = "paused"
    CANCELED = "canceled"


_S = SubscriptionStatus
LIVING = frozenset(_S) - {_S.CANCELED}
GRANTING = frozenset({_S.TRIALING, _S.ACTIVE, _S.PAST_DUE})
"""While it is so, the plan's quotas count; else those of the free plan."""
SUBSCRIPTION = Machine[SubscriptionStatus](
    {
        "activate": (frozenset({_S.TRIALING, _S.PAST_DUE, _S.PAUSED}), _S.ACTIVE),
        "try": (frozenset({_S.PAUSED}), _S.TRIALING),
        "fall_behind": (frozenset({_S.TRIALING, _S.ACTIVE, _S.PAUSED}), _S.PAST_DUE),
        "pause": (GRANTING, _S.PAUSED),
        "cancel": (LIVING, _S.CANCELED),
    }
)
ACTION_TO = {target: action for action, (_, target) in SUBSCRIPTION.actions.items()}
"""The one action that enters a status."""
_OF_STRIPE = {"incomplete": _S.PAUSED, "unpaid": _S.PAUSED, "incomplete_expired": _S.CANCELED}


def of_stripe(told: str) -> SubscriptionStatus:
    """A status as Stripe says it; ValueError for one that nobody knows."""
    return _OF_STRIPE.get(told) or SubscriptionStatus(told)


def months_after(anchor: datetime, count: int) -> datetime:
    """The same day and time of a later month; its last day where it is shorter. As Stripe, in UTC.

    >>> months_after(datetime(2026, 1, 31, 9, tzinfo=UTC), 1)
    datetime.datetime(2026, 2, 28, 9, 0, tzinfo=datetime.timezone.utc)
    """
    anchor = anchor.astimezone(UTC)
    years, month = divmod(anchor.month - 1 + count, 12)
    year, month = anchor.year + years, month + 1
    last = calendar.monthrange(year, month)[1]
    return anchor.replace(year=year, month=month, day=min(anchor.day, last))


def period_after(anchor: datetime, end: datetime) -> datetime:
    """The end of the period that begins when the one until `end` is over."""
    end = end.astimezone(UTC)
    anchor = anchor.astimezone(UTC)
    passed = (end.year - anchor.year) * 12 + end.month - anchor.month
    return months_after(anchor, passed + 1)


def difference(
    old: Decimal, new: Decimal, *, start: datetime, end: datetime, now: datetime, places: int
) -> Decimal:
    """What a dearer plan costs more for the rest of a period, by the second, rounded half up.

    Nothing for a plan that is not dearer: it takes effect when the period is over.
    """
    rest = Decimal(int((end - now).total_seconds()))
    whole = Decimal(int((end - start).total_seconds()))
    if new <= old or rest <= 0:
        return Decimal(0)
    return fees.rounded((new - old) * min(rest, whole) / whole, places)


def month_of(now: datetime) -> date:
    """The first day of the month in Bishkek, by which monthly quotas are counted."""
    return local_date(now).replace(day=1)


def renews_at(now: datetime) -> datetime:
    """When monthly quotas are whole again: as the next month begins in Bishkek."""
    first = month_of(now)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return datetime(following.year, following.month, 1, tzinfo=BISHKEK).astimezone(UTC)
