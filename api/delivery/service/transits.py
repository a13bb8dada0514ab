"""Ways of shipments in segments: what each is thought to take, what it took. Never commits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, or_
from sqlmodel import Session, col, select

from api.core import bulk
from api.delivery.models import ShipmentLeg, TransitObservation, TransitSeed
from api.delivery.models.transit import SegmentKind
from api.delivery.service import tracked
from api.reference import service as reference
from api.reference.models import Place
from api.rules.clock import local_date
from api.rules.tracking import eta
from api.rules.tracking.eta import Duration, Observation, Seed
from api.rules.tracking.fold import Tracking
from api.rules.tracking.milestones import Milestone
from api.rules.transport import TransportMode

_M = Milestone
_EARTH_KM = 6371.0
_HISTORY = 500
_MOST_HOURS = Decimal(10_000)
PLANNED_SPREAD = 1.566
"""p90 / p50 of a planned duration: a lognormal one with sigma 0.35, as of roads."""


class Segment(NamedTuple):
    """A part of a way: its key, its leg, its kind, and the share of the leg's distance."""

    key: str
    leg: ShipmentLeg
    kind: SegmentKind
    share: float
    begun_at: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What a segment is thought to take, and why: its seed's source, or the plan."""

    duration: Duration
    seed: Seed
    basis: str
    reviewed: bool


def leg_key(leg: ShipmentLeg) -> str:
    """The segment of a leg without the wait at its crossing."""
    return f"leg:{leg.mode}:{leg.from_place_code}:{leg.to_place_code}"


def crossing_key(leg: ShipmentLeg, places: dict[str, Place]) -> str:
    """The segment of a wait at a crossing, which differs by direction."""
    ends = [places[code].country for code in (leg.from_place_code, leg.to_place_code)]
    return f"crossing:{leg.crossing_code}:{'-'.join(ends)}"


def places_of(session: Session, legs: Sequence[ShipmentLeg]) -> dict[str, Place]:
    """The places of legs by code."""
    codes = {leg.from_place_code for leg in legs} | {leg.to_place_code for leg in legs}
    codes |= {leg.crossing_code for leg in legs if leg.crossing_code}
    return reference.places(session, codes)


def observe(session: Session, shipment_id: UUID, found: Tracking) -> None:
    """Keep the hours of the segments that are over, as events tell them now.

    A crossing takes from the arrival at the border until it is crossed; a leg what is left of its
    time. Where the arrival at the border is not told, neither is known.
    """
    legs = tracked.legs_of(session, [shipment_id])[shipment_id]
    places = places_of(session, legs)
    rows = []
    for leg in legs:
        departed = found.actual(_M.DEPARTED, leg.seq) or found.actual(_M.PICKED_UP, leg.seq)
        arrived = found.actual(_M.ARRIVED, leg.seq)
        if arrived is None and leg is legs[-1]:
            arrived = found.actual(_M.DELIVERED)
        waited: timedelta | None = timedelta()
        if leg.crossing_code is not None:
            reached = found.actual(_M.AT_BORDER, leg.seq)
            crossed = found.actual(_M.BORDER_CROSSED, leg.seq)
            waited = None if reached is None or crossed is None else crossed - reached
            if waited is not None and crossed is not None:
                rows += _observed(shipment_id, leg, crossing_key(leg, places), waited, crossed)
        if departed is not None and arrived is not None and waited is not None:
            moving = arrived - departed - waited
            rows += _observed(shipment_id, leg, leg_key(leg), moving, arrived)
    session.connection().execute(
        delete(TransitObservation).where(col(TransitObservation.shipment_id) == shipment_id)
    )
    bulk.insert(session, TransitObservation, rows)


def way_ahead(
    legs: Sequence[ShipmentLeg], places: dict[str, Place], found: Tracking
) -> list[Segment]:
    """The segments that are not over, the first with the moment at which it began, if it has."""
    ahead: list[Segment] = []
    last = max((leg.seq for leg in legs if found.actual(_M.ARRIVED, leg.seq)), default=0)
    for leg in legs:
        if leg.seq <= last:
            continue
        ahead += _segments(leg, places, found)
    return ahead


def known(
    session: Session, segment: Segment, places: dict[str, Place], found: Tracking, now: datetime
) -> Known | None:
    """What a segment is thought to take; None where nothing is published, planned or observed."""
    seed = _seed(session, segment, places, now) or _planned(segment, found)
    history = _history(session, segment.key, now)
    if seed is None:
        if not history:
            return None
        middle = sorted(each.hours for each in history)[len(history) // 2]
        seed = Seed(middle, middle * PLANNED_SPREAD), "history", False
    duration = eta.learned(seed[0], history)
    scaled = Duration(duration.mu + math.log(segment.share), duration.sigma, duration.weight)
    return Known(scaled, seed[0], seed[1], seed[2])


def _segments(leg: ShipmentLeg, places: dict[str, Place], found: Tracking) -> list[Segment]:
    """What is left of a leg."""
    key, departed = leg_key(leg), found.actual(_M.DEPARTED, leg.seq)
    if leg.crossing_code is None:
        return [Segment(key, leg, SegmentKind.LEG, 1.0, departed)]
    border = places[leg.crossing_code]
    before = _km(places[leg.from_place_code], border)
    after = _km(border, places[leg.to_place_code])
    share = min(max(before / (before + after), 0.01), 0.99) if before + after else 0.5
    reached = found.actual(_M.AT_BORDER, leg.seq)
    crossed = found.actual(_M.BORDER_CROSSED, leg.seq)
    parts = [
        Segment(key, leg, SegmentKind.LEG, share, departed),
        Segment(crossing_key(leg, places), leg, SegmentKind.CROSSING, 1.0, reached),
        Segment(key, leg, SegmentKind.LEG, 1 - share, crossed),
    ]
    done = 2 if crossed is not None else 1 if reached is not None else 0
    return parts[done:]


def _seed(
    session: Session, segment: Segment, places: dict[str, Place], now: datetime
) -> tuple[Seed, str, bool] | None:
    """The published hours that are most exactly of this segment, the latest of equal ones."""
    ends = [places[c].country for c in (segment.leg.from_place_code, segment.leg.to_place_code)]
    crossing, mode = segment.kind is SegmentKind.CROSSING, segment.leg.mode
    query = select(TransitSeed).where(
        TransitSeed.kind == segment.kind,
        col(TransitSeed.valid_from) <= local_date(now),
        or_(col(TransitSeed.from_country).is_(None), col(TransitSeed.from_country) == ends[0]),
        or_(col(TransitSeed.to_country).is_(None), col(TransitSeed.to_country) == ends[1]),
    )
    of_mode = col(TransitSeed.mode) == mode
    if crossing and mode is TransportMode.ROAD:
        # Trains change gauge there: hours that name no mode are those of lorries.
        of_mode = or_(of_mode, col(TransitSeed.mode).is_(None))
    if crossing:
        at = col(TransitSeed.place_code)
        query = query.where(or_(at.is_(None), at == segment.leg.crossing_code))
    query = query.where(of_mode)
    rows = session.exec(query).all()
    if not rows:
        return None
    best = max(rows, key=_exactness)
    factor = 1.0
    if best.per_km is not None:
        whole = _way_km(segment.leg, places)
        factor = max(whole, 1.0) / float(best.per_km)
    seed = Seed(float(best.p50_hours) * factor, float(best.p90_hours) * factor)
    return seed, best.source, best.reviewed


def _exactness(row: TransitSeed) -> tuple[object, ...]:
    named = (row.place_code, row.from_country, row.to_country)
    return (*(each is not None for each in named), row.valid_from, row.id)


def _planned(segment: Segment, found: Tracking) -> tuple[Seed, str, bool] | None:
    """The hours of a leg by its plan, if that says when it departs and arrives."""
    if segment.kind is not SegmentKind.LEG:
        return None
    plans = {
        step.milestone: step.replanned or step.planned
        for step in found.steps
        if step.leg == segment.leg.seq
    }
    departs, arrives = plans.get(_M.DEPARTED), plans.get(_M.ARRIVED)
    if departs is None or arrives is None or arrives <= departs:
        return None
    hours = (arrives - departs) / timedelta(hours=1)
    return Seed(hours, hours * PLANNED_SPREAD), "plan", False


def _history(session: Session, key: str, now: datetime) -> list[Observation]:
    """The latest hours of a segment: of everybody's shipments, without saying whose."""
    query = (
        select(col(TransitObservation.hours), col(TransitObservation.observed_at))
        .where(TransitObservation.segment == key)
        .where(col(TransitObservation.observed_at) <= now)
        .order_by(col(TransitObservation.observed_at).desc())
        .limit(_HISTORY)
    )
    return [Observation(float(hours), now - at) for hours, at in session.exec(query).all()]


def _observed(
    shipment_id: UUID, leg: ShipmentLeg, key: str, lasted: timedelta, at: datetime
) -> list[dict[str, object]]:
    """The row of a segment, unless its clocks contradict each other."""
    hours = Decimal(lasted // timedelta(seconds=1)) / 3600
    if not 0 < hours < _MOST_HOURS:
        return []
    return [
        bulk.new_row(
            segment=key,
            hours=hours.quantize(Decimal("0.0001")) or Decimal("0.0001"),
            observed_at=at,
            shipment_id=shipment_id,
            leg_seq=leg.seq,
        )
    ]


def _way_km(leg: ShipmentLeg, places: dict[str, Place]) -> float:
    """Straight kilometres of a leg, by its crossing if it has one."""
    start, end = places[leg.from_place_code], places[leg.to_place_code]
    if leg.crossing_code is None:
        return _km(start, end)
    border = places[leg.crossing_code]
    return _km(start, border) + _km(border, end)


def _km(a: Place, b: Place) -> float:
    """Great-circle distance (haversine)."""
    lat1, lon1, lat2, lon2 = (
        math.radians(float(x)) for x in (a.latitude, a.longitude, b.latitude, b.longitude)
    )
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))
