"""Samples: a buyer asks for one, its seller says on which terms, it is sent, received, judged. Pure.

Who does what is in the names of the actions; a deadline lapses what nobody answers. A price that is
credited on order comes off the first order, once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from api.rules.states import Machine

ANSWER_DAYS = 7
"""For the seller to say its terms or to decline."""
ASSESSMENT_DAYS = 30
"""For the buyer to judge what it received."""


class SampleStatus(StrEnum):
    """`offered`: the terms are said; `agreed`: the buyer takes them."""

    REQUESTED = "requested"
    OFFERED = "offered"
    DECLINED = "declined"
    AGREED = "agreed"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    SHIPPED = "shipped"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


_S = SampleStatus
SAMPLE = Machine(
    {
        "offer": (frozenset({_S.REQUESTED}), _S.OFFERED),
        "decline": (frozenset({_S.REQUESTED}), _S.DECLINED),
        "agree": (frozenset({_S.OFFERED}), _S.AGREED),
        "cancel": (frozenset({_S.REQUESTED, _S.OFFERED, _S.AGREED}), _S.CANCELLED),
        "ship": (frozenset({_S.AGREED}), _S.SHIPPED),
        "receive": (frozenset({_S.SHIPPED}), _S.RECEIVED),
        "accept": (frozenset({_S.RECEIVED}), _S.ACCEPTED),
        "reject": (frozenset({_S.RECEIVED}), _S.REJECTED),
        "lapse": (frozenset({_S.REQUESTED, _S.OFFERED, _S.RECEIVED}), _S.LAPSED),
    }
)


class Side(StrEnum):
    """Who acts."""

    BUYER = "buyer"
    SELLER = "seller"
    CLOCK = "clock"


ACTS: Mapping[str, Side] = {
    "request": Side.BUYER,
    "offer": Side.SELLER,
    "decline": Side.SELLER,
    "agree": Side.BUYER,
    "cancel": Side.BUYER,
    "ship": Side.SELLER,
    "receive": Side.BUYER,
    "accept": Side.BUYER,
    "reject": Side.BUYER,
    "lapse": Side.CLOCK,
    "credit": Side.SELLER,
}
OPEN = frozenset({_S.REQUESTED, _S.OFFERED, _S.AGREED, _S.SHIPPED, _S.RECEIVED})
"""Of these a buyer has one for an offer at a time."""


class CarriagePayer(StrEnum):
    """Who pays the carriage of a sample."""

    BUYER = "buyer"
    SELLER = "seller"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a seller asks for a sample; no price: it is free."""

    price: Decimal | None
    credited_on_order: bool
    carriage_paid_by: CarriagePayer
    ship_by: date
    open_until: datetime


def term_fault(terms: Terms, now: datetime, today: date) -> tuple[str, str] | None:
    """The field that is wrong with terms, and why; None when they can be offered."""
    if terms.credited_on_order and terms.price is None:
        return "credited_on_order", "nothing_to_credit"
    if terms.ship_by < today:
        return "ship_by", "in_the_past"
    if terms.open_until <= now:
        return "open_until", "in_the_past"
    return None


def due_at(
    status: SampleStatus, moved_at: datetime, open_until: datetime | None
) -> datetime | None:
    """When a sample lapses that stays in `status`, which it reached at `moved_at`; None: never."""
    match status:
        case SampleStatus.REQUESTED:
            return moved_at + timedelta(days=ANSWER_DAYS)
        case SampleStatus.OFFERED:
            return open_until
        case SampleStatus.RECEIVED:
            return moved_at + timedelta(days=ASSESSMENT_DAYS)
        case _:
            return None


def may_credit(status: SampleStatus, *, credited_on_order: bool, credited: bool) -> bool:
    """True when the price may still come off an order: it was agreed so, and the sample came."""
    came = status in (SampleStatus.RECEIVED, SampleStatus.ACCEPTED, SampleStatus.REJECTED)
    return credited_on_order and came and not credited
