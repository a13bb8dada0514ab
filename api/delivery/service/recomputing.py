"""Landed costs computed anew by later numbers, on demand or whenever the numbers change.

The price, the terms and the route stay; tariffs, rate card, parameters and exchange rates are those
of the new day. Never commits.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, db, deadlines
from api.core.deadlines import Deadline
from api.core.errors import FieldError, Invalid, NotFound
from api.core.outbox import emit
from api.delivery.landed_cost import files
from api.delivery.models import LandedCostEstimate, LandedCostFollowing
from api.delivery.problems import LandedCostSuperseded, NumbersUnchanged
from api.delivery.service import composing, estimates
from api.delivery.service.composing import Computed, Known
from api.procurement.evaluation.recomputing import Difference, compared
from api.rules.clock import BISHKEK, local_date
from api.rules.landed_cost import NotComputable, compute
from api.rules.offers import plain

RECOMPUTE_DUE = "landed_cost.recompute_due"
LONGEST_DAYS = 366
CLOCK = "clock"
_SHORTLY = timedelta(hours=1)
"""After midnight in Bishkek, when the rates of the day have been loaded."""


class Changes(NamedTuple):
    """What was another number than in the computation before, and what it did to the figures."""

    before: LandedCostEstimate
    numbers: Sequence[Difference]
    figures: Sequence[Difference]


def recompute(
    session: Session, row: LandedCostEstimate, *, actor: str, day: date | None
) -> LandedCostEstimate:
    """A landed cost by the numbers of a day (today in Bishkek unless given), kept as the next of
    its chain.

    Raises NumbersUnchanged when it comes to the same, LandedCostSuperseded when there is a next one
    already, and LandedCostNotComputable.
    """
    if _successor(session, row.id) is not None:
        raise LandedCostSuperseded
    try:
        found = _anew(session, row, day or local_date(db.now(session)))
    except NotComputable as problem:
        raise estimates.refused(problem.faults) from problem
    if found is None:
        raise NumbersUnchanged
    return _next(session, row, found, actor=actor)


def follow(
    session: Session, row: LandedCostEstimate, *, actor: str, until: date
) -> LandedCostFollowing:
    """Have a landed cost computed anew whenever the numbers change, until a day. Asked again, the
    day is moved.

    Raises LandedCostSuperseded for one that is not the last of its chain, and Invalid for a day that
    has passed or is more than a year away.
    """
    if _successor(session, row.id) is not None:
        raise LandedCostSuperseded
    today = local_date(db.now(session))
    if not today < until <= today + timedelta(days=LONGEST_DAYS):
        detail = f"a day after {today}, at most {LONGEST_DAYS} days away"
        raise Invalid(errors=[FieldError(pointer="#/until", code="out_of_bounds", detail=detail)])
    found = _following(session, row.id)
    if found is None:
        found = LandedCostFollowing(org_id=row.org_id, latest_id=row.id, until=until)
    else:
        found.until, found.version = until, found.version + 1
    session.add(found)
    session.flush()
    deadlines.arm(session, RECOMPUTE_DUE, found.id, _after(today), org_id=row.org_id)
    _told(session, row, "follow", actor, until=until.isoformat())
    return found


def unfollow(session: Session, row: LandedCostEstimate, *, actor: str) -> None:
    """Have a landed cost computed anew no longer. Raises NotFound when it is not followed."""
    found = _following(session, row.id)
    if found is None:
        raise NotFound
    deadlines.disarm(session, RECOMPUTE_DUE, found.id)
    session.delete(found)
    session.flush()
    _told(session, row, "unfollow", actor)


def recompute_due(session: Session, following_id: UUID) -> LandedCostEstimate | None:
    """Compute a followed landed cost anew if its numbers have changed, and wake again tomorrow; for
    the workers. What cannot be computed by the new numbers is told and tried again tomorrow."""
    found = session.get(LandedCostFollowing, following_id, with_for_update=True)
    if found is None:
        return None
    today = local_date(db.now(session))
    if today > found.until:
        deadlines.disarm(session, RECOMPUTE_DUE, found.id)
        session.delete(found)
        return None
    deadlines.arm(session, RECOMPUTE_DUE, found.id, _after(today), org_id=found.org_id)
    row = session.get_one(LandedCostEstimate, found.latest_id)
    try:
        computed = _anew(session, row, today)
    except NotComputable as problem:
        why = [f"{each.pointer}: {each.detail}" for each in problem.faults]
        emit(session, "landed_cost.not_computable", row.id, org_id=row.org_id, faults=why[:20])
        return None
    if computed is None:
        return None
    return _next(session, row, computed, actor=CLOCK)


def hasten(session: Session) -> None:
    """Numbers were loaded: every followed landed cost is due now."""
    session.connection().execute(
        update(Deadline)
        .where(col(Deadline.kind) == RECOMPUTE_DUE, col(Deadline.fired_at).is_(None))
        .values(due_at=db.now(session))
    )


def changes(session: Session, row: LandedCostEstimate) -> Changes:
    """What is different from the computation before. Raises NotFound for the first of a chain."""
    if row.previous_id is None:
        raise NotFound
    before = estimates.get(session, org_id=row.org_id, landed_cost_id=row.previous_id)
    then, now = estimates.document_of(before), estimates.document_of(row)
    return Changes(
        before,
        [*compared(then["inputs"], now["inputs"], "#/inputs")],
        [*compared(then["result"], now["result"], "#/result")],
    )


def _anew(session: Session, row: LandedCostEstimate, day: date) -> Computed | None:
    """By the numbers of a day; None when it comes to the same. Raises NotComputable."""
    base = files.inputs_of(estimates.document_of(row)["inputs"])
    known = Known(session)
    moved = composing.with_rates(known, composing.with_day(known, base, day), day)
    result = compute(moved)
    if files.document(result) == estimates.document_of(row)["result"]:
        return None
    return Computed(moved, result)


def _next(
    session: Session, row: LandedCostEstimate, found: Computed, *, actor: str
) -> LandedCostEstimate:
    try:
        with session.begin_nested():
            made = estimates.keep(session, found, of=row, actor=actor)
    except IntegrityError as error:
        raise LandedCostSuperseded from error
    following = _following(session, row.id)
    if following is not None:
        following.latest_id, following.version = made.id, following.version + 1
        session.add(following)
    emit(
        session,
        "landed_cost.recomputed",
        made.id,
        org_id=made.org_id,
        previous_id=row.id.hex,
        total_gross=plain(made.total_gross),
        difference=plain(made.total_gross - row.total_gross),
        currency=made.currency,
    )
    return made


def _following(session: Session, estimate_id: UUID) -> LandedCostFollowing | None:
    query = select(LandedCostFollowing).where(LandedCostFollowing.latest_id == estimate_id)
    return session.exec(query.with_for_update()).one_or_none()


def _successor(session: Session, estimate_id: UUID) -> UUID | None:
    query = select(LandedCostEstimate.id).where(LandedCostEstimate.previous_id == estimate_id)
    return session.exec(query).one_or_none()


def _after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), BISHKEK) + _SHORTLY


def _told(
    session: Session, row: LandedCostEstimate, action: str, actor: str, **change: str
) -> None:
    stream = f"landedcost:{row.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=row.org_id, change=change)
