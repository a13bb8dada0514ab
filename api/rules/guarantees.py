"""Demand guarantees of banks: what one must say, how it lives, until when it can be called. Pure.

The words are those of the Uniform Rules for Demand Guarantees (ICC publication 758, URDG 758): the
applicant asks the guarantor for it, the beneficiary may demand payment until it expires.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from api.rules.clock import BISHKEK
from api.rules.states import Machine
from api.rules.tenders import Fault, Value


class GuaranteeKind(StrEnum):
    """What a guarantee stands for: a bid, the performance of a contract, or an advance payment."""

    BID = "bid"
    PERFORMANCE = "performance"
    ADVANCE = "advance"


class ApplicableRules(StrEnum):
    """Rules that the guarantee says it is subject to (SWIFT MT760, field 40C)."""

    URDG = "urdg_758"
    ISPR = "isp_98"


class Channel(StrEnum):
    """How the guarantor confirmed that the guarantee is its own: an authenticated SWIFT message, or
    a letter of the bank."""

    MT760 = "swift_mt760"
    LETTER = "letter"


class GuaranteeStatus(StrEnum):
    """Where a guarantee stands; `extended` and `reduced` are in force as `accepted` is."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXTENDED = "extended"
    REDUCED = "reduced"
    EXPIRED = "expired"
    CALLED = "called"
    PAID = "paid"
    RELEASED = "released"


class AmendmentKind(StrEnum):
    """What an amendment of the guarantor (SWIFT MT767) changes."""

    EXTEND = "extend"
    REDUCE = "reduce"


class AmendmentStatus(StrEnum):
    """An amendment counts once the beneficiary's side has accepted it (URDG 758, article 11)."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"


_G, _A = GuaranteeStatus, AmendmentStatus
IN_FORCE = frozenset({_G.ACCEPTED, _G.EXTENDED, _G.REDUCED})
OPEN = IN_FORCE | {_G.SUBMITTED, _G.CALLED}
"""A guarantee that can still come to something."""
GUARANTEE = Machine(
    {
        "accept": (frozenset({_G.SUBMITTED}), _G.ACCEPTED),
        "refuse": (frozenset({_G.SUBMITTED}), _G.REFUSED),
        "extend": (IN_FORCE, _G.EXTENDED),
        "reduce": (IN_FORCE, _G.REDUCED),
        "expire": (IN_FORCE | {_G.SUBMITTED}, _G.EXPIRED),
        "call": (IN_FORCE, _G.CALLED),
        "reject_demand": (frozenset({_G.CALLED}), _G.ACCEPTED),
        "pay": (frozenset({_G.CALLED}), _G.PAID),
        "release": (IN_FORCE | {_G.SUBMITTED}, _G.RELEASED),
    }
)
AMENDMENT = Machine(
    {
        "accept": (frozenset({_A.SUBMITTED}), _A.ACCEPTED),
        "refuse": (frozenset({_A.SUBMITTED}), _A.REFUSED),
    }
)
NOTICE_DAYS = (30, 7, 1)
"""So many days before its end it is told that a guarantee in force is about to expire."""
_BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")


@dataclass(frozen=True, slots=True)
class Needed:
    """What a guarantee must be good for: at least this value, valid on `until` and before."""

    value: Value
    until: date


@dataclass(frozen=True, slots=True)
class Terms:
    """What a guarantee says of itself. `claim_days` follow its validity, for demands alone."""

    value: Value
    issuer_bic: str
    issuer_country: str
    issued: date
    valid_until: date
    claim_days: int


def faults(terms: Terms, needed: Needed, *, today: date) -> list[Fault]:
    """What makes a guarantee no security for what is needed, each with its field."""
    found = []
    if _BIC.fullmatch(terms.issuer_bic) is None:
        detail = "must be a BIC of 8 or 11 characters (ISO 9362)"
        found.append(Fault("#/guarantee/issuer_bic", "bic_malformed", detail))
    elif terms.issuer_bic[4:6] != terms.issuer_country:
        detail = f"is of {terms.issuer_bic[4:6]} by its BIC"
        found.append(Fault("#/guarantee/issuer_country", "country_differs", detail))
    if terms.value.currency != needed.value.currency:
        detail = f"must be {needed.value.currency}"
        found.append(Fault("#/guarantee/currency", "currency_differs", detail))
    elif terms.value.amount < needed.value.amount:
        detail = f"must be at least {needed.value.amount.normalize():f} {needed.value.currency}"
        found.append(Fault("#/guarantee/amount", "amount_too_small", detail))
    if terms.issued > today:
        found.append(Fault("#/guarantee/issued_date", "in_future", "must not be after today"))
    if terms.valid_until < needed.until:
        detail = f"must be {needed.until.isoformat()} or later"
        found.append(Fault("#/guarantee/valid_until", "expires_too_early", detail))
    return found


def last_moment(valid_until: date, claim_days: int) -> datetime:
    """The first instant at which a demand is too late: the end, in Bishkek, of the last day on which
    it can be presented."""
    end = valid_until + timedelta(days=claim_days + 1)
    return datetime.combine(end, time.min, BISHKEK)


def can_be_called(valid_until: date, claim_days: int, now: datetime) -> bool:
    """True while a demand can be presented."""
    return now < last_moment(valid_until, claim_days)


def notices(valid_until: date) -> dict[int, datetime]:
    """When it is told that the guarantee expires in so many days: by day, the instant."""
    return {
        days: datetime.combine(valid_until - timedelta(days=days), time.min, BISHKEK)
        for days in NOTICE_DAYS
    }


def days_left(valid_until: date, today: date, notice: Iterable[int] = NOTICE_DAYS) -> int | None:
    """The closest notice that is due today; None: there is none due."""
    left = (valid_until - today).days
    return min((each for each in notice if 0 <= left <= each), default=None)


def amendment_faults(
    kind: AmendmentKind,
    *,
    valid_until: date,
    new_valid_until: date | None,
    amount: Decimal,
    new_amount: Decimal | None,
) -> list[Fault]:
    """An extension that does not prolong, a reduction that does not reduce, or one that does more."""
    if kind is AmendmentKind.EXTEND:
        if new_amount is not None:
            return [Fault("#/amount", "not_taken", "an extension leaves the amount as it is")]
        if new_valid_until is None or new_valid_until <= valid_until:
            detail = f"must be after {valid_until.isoformat()}"
            return [Fault("#/valid_until", "not_later", detail)]
        return []
    if new_valid_until is not None:
        return [Fault("#/valid_until", "not_taken", "a reduction leaves the validity as it is")]
    if new_amount is None or not 0 < new_amount < amount:
        return [Fault("#/amount", "not_less", f"must be less than {amount.normalize():f}")]
    return []
