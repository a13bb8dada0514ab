"""The timeline and the ETA of a shipment, as both sides see them. Never commits."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, select

from api.core import db, pages
from api.core.pages import PageQuery
from api.delivery.models import Shipment, TrackingEvent
from api.delivery.schemas.timelines import (
    DueOut,
    EtaOut,
    IncidentOut,
    SegmentOut,
    StepOut,
    TimelineOut,
)
from api.delivery.service import tracked, tracking_facts, transits
from api.delivery.service.tracking_facts import Line
from api.delivery.service.transits import Known, Segment
from api.rules import schedules
from api.rules.tracking import decisive, due, eta
from api.rules.tracking.fold import Step, Tracking, fold
from api.rules.tracking.milestones import Milestone

_M = Milestone
WARNING_DAYS = 3
"""From how many days before a due day on it is shown as at risk while nothing is expected."""
_TENTH = Decimal("0.1")
_OVER = frozenset({_M.DELIVERED, _M.LOST})


def timeline(session: Session, shipment: Shipment) -> TimelineOut:
    """Where the shipment is, its steps planned against actual, and what is due of it."""
    told = tracking_facts.told_of(session, shipment.id)
    found = fold(told.values())
    now = db.now(session)
    return TimelineOut(
        shipment_id=shipment.id,
        number=shipment.number,
        status=found.status,
        since=found.since,
        events=len(told),
        steps=[_step(step) for step in found.steps],
        incidents=[
            IncidentOut(
                milestone=fact.milestone,
                at=fact.event_time,
                leg_seq=fact.leg,
                place_code=fact.place,
                delay_reason=fact.delay_reason,
            )
            for fact in found.incidents
            if fact.milestone is not None
        ],
        due=[
            shown
            for line in tracking_facts.lines(session, shipment.id)
            if (shown := _due(line, found, now)) is not None
        ],
    )


def estimated(session: Session, shipment: Shipment) -> EtaOut:
    """When the shipment is expected, from what is published, planned and observed of its way."""
    now = db.now(session)
    found = fold(tracking_facts.told_of(session, shipment.id).values())
    legs = tracked.legs_of(session, [shipment.id])[shipment.id]
    places = transits.places_of(session, legs)
    over = min((at for each in _OVER if (at := found.actual(each)) is not None), default=None)
    ahead = [] if over is not None else transits.way_ahead(legs, places, found)
    told = [(each, transits.known(session, each, places, found, now)) for each in ahead]
    missing = [each.key for each, known in told if known is None]
    if not legs:
        missing = ["legs"]
    starts_at, begun = _start(ahead, found, now)
    answer = EtaOut(
        shipment_id=shipment.id,
        computed_at=now,
        delivered_at=found.actual(_M.DELIVERED),
        starts_at=None if over is not None else starts_at,
        p50_at=None,
        p90_at=None,
        carrier_at=_carriers(found),
        segments=[_segment(each, known) for each, known in told if known is not None],
        missing=list(dict.fromkeys(missing)),
    )
    if over is None and told and not missing:
        durations = [known.duration for _, known in told if known is not None]
        left = eta.remaining(durations, begun_hours=begun)
        answer.p50_at = starts_at + timedelta(hours=left.p50_hours)
        answer.p90_at = starts_at + timedelta(hours=left.p90_hours)
    return answer


def list_events(
    session: Session, org_id: UUID, shipment: Shipment, page: PageQuery
) -> tuple[list[TrackingEvent], str | None]:
    """Everything that was told of a shipment, what was recorded last first."""
    query = select(TrackingEvent).where(TrackingEvent.shipment_id == shipment.id)
    scope = f"tracking-events:{org_id}:{shipment.id}"
    rows, cursor = pages.newest_first(session, query, TrackingEvent, page, scope=scope, filters={})
    return [*rows], cursor


def _start(ahead: list[Segment], found: Tracking, now: datetime) -> tuple[datetime, float]:
    """The instant from which the way that is left counts, and how long its first part lasts."""
    if not ahead:
        return now, 0.0
    first = ahead[0]
    if first.begun_at is not None:
        return now, max(0.0, (now - first.begun_at) / timedelta(hours=1))
    departures = [
        step.moment
        for step in found.steps
        if step.milestone is _M.DEPARTED and step.leg == first.leg.seq and step.actual is None
    ]
    return max([now, *departures]), 0.0


def _carriers(found: Tracking) -> datetime | None:
    steps = [step for step in found.steps if step.milestone is _M.DELIVERED]
    return steps[0].estimated if steps else None


def _step(step: Step) -> StepOut:
    late = step.deviation
    return StepOut(
        milestone=step.milestone,
        leg_seq=step.leg,
        place_code=step.place,
        planned_at=step.planned,
        replanned_at=step.replanned,
        estimated_at=step.estimated,
        estimates=[*step.estimates],
        actual_at=step.actual,
        deviation_hours=None if late is None else _hours(late / timedelta(hours=1)),
        delay_reasons=[*step.delay_reasons],
    )


def _due(line: Line, found: Tracking, now: datetime) -> DueOut | None:
    """The day that binds for a row of the schedule, and whether tracking shows it kept."""
    row = line.row
    if row.due is None:
        return None
    milestones = {
        schedules.PerformanceEvent.READY: (_M.GOODS_READY,),
        schedules.PerformanceEvent.HANDED_OVER: decisive.handover(row.incoterm),
    }.get(schedules.decisive_event(row.incoterm), (_M.DELIVERED,))
    done_at = next((at for each in milestones if (at := found.actual(each)) is not None), None)
    expected = next((step.estimated for step in found.steps if step.milestone in milestones), None)
    stands = due.Due(row.due, done_at=done_at, expected_p50=expected)
    return DueOut(
        row=row.number,
        event=row.contractual_event,
        day=row.due,
        quantity=line.line.quantity,
        unit_code=row.unit_code,
        done_at=done_at,
        standing=due.standing(stands, now=now, warning_days=WARNING_DAYS),
        days_late=due.days_late(stands, now=now),
    )


def _segment(segment: Segment, known: Known) -> SegmentOut:
    return SegmentOut(
        leg_seq=segment.leg.seq,
        kind=segment.kind,
        key=segment.key,
        p50_hours=_hours(known.duration.quantile(0.5)),
        p90_hours=_hours(known.duration.quantile(0.9)),
        basis=known.basis,
        reviewed=known.reviewed,
        observations=_hours(known.duration.weight),
    )


def _hours(value: float) -> Decimal:
    return Decimal(str(value)).quantize(_TENTH)
