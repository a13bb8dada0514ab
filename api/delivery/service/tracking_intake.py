"""Events as they were told -> rows of `tracking_event`; what cannot be taken -> faults.

Never commits. A batch costs a fixed number of statements. Rows are only ever added: an event whose
id its source has told before is a duplicate, whatever came first.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session

from api.core import audit, bulk, db
from api.core.audit import Change
from api.core.outbox import Event, emit_all
from api.delivery.carriers.told import Told, Unreadable, Whereabouts
from api.delivery.models import TrackingEvent
from api.delivery.schemas.tracking import Clock
from api.delivery.service import tracked
from api.delivery.service.tracked import AT_CROSSING, Known, Tracked
from api.intake.models import IntakeSource
from api.reference.models import Place
from api.rules.contracts import Side
from api.rules.tracking import clocks, reading
from api.rules.tracking.clocks import ClockFault
from api.rules.tracking.milestones import BUYERS_OWN, NAMES, Milestone

EVENT = "shipment.tracked"
COUNTS = ("created", "duplicate", "rejected")


class Numbered(NamedTuple):
    """What was told as the `row`th of its message, from 1."""

    row: int
    told: Told | Unreadable


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row was not taken; `value` is what stood there."""

    row: int
    pointer: str
    code: str
    detail: str
    value: str | None = None


@dataclass(slots=True)
class Report:
    """What became of a batch; `ids` are the events that are there now, by row."""

    created: int = 0
    duplicate: int = 0
    faults: list[Fault] = field(default_factory=list)
    ids: dict[int, UUID] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """By the names of `COUNTS`."""
        rejected = len({fault.row for fault in self.faults})
        return dict(zip(COUNTS, (self.created, self.duplicate, rejected), strict=True))


@dataclass(frozen=True)
class Batch:
    """Who tells, when it is recorded, and from which message."""

    source: IntakeSource
    now: datetime
    message_id: UUID | None = None
    sha256: str | None = None

    @cached_property
    def clock(self) -> Clock:
        """How the moments of the source are read."""
        return Clock.model_validate(self.source.settings)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the events of a batch may be about."""

    by_id: Mapping[UUID, Tracked]
    by_reference: Mapping[str, set[UUID]]
    known: Known


class _Refused(Exception):
    def __init__(self, field: str, code: str, detail: str, value: str | None = None) -> None:
        super().__init__(detail)
        self.field, self.code, self.value = field, code, value


def take(
    session: Session,
    source: IntakeSource,
    batch: Sequence[Numbered],
    *,
    actor: str,
    message_id: UUID | None = None,
    sha256: str | None = None,
) -> Report:
    """Record what can be taken of a batch, and tell why the rest cannot."""
    report = Report()
    about = Batch(source, db.now(session), message_id, sha256)
    told = [(number, each) for number, each in batch if isinstance(each, Told)]
    found = _find(session, source.org_id, [each for _, each in told])
    rows: dict[int, dict[str, Any]] = {}
    for number, each in batch:
        if isinstance(each, Unreadable):
            report.faults.append(Fault(number, each.pointer[:300], each.code, str(each)))
            continue
        try:
            rows[number] = _row(about, found, each)
        except _Refused as refused:
            pointer = f"{each.pointer}/{refused.field}".rstrip("/")[:300]
            value = refused.value[:200] if refused.value else None
            report.faults.append(Fault(number, pointer, refused.code, str(refused), value))
    inserted = bulk.insert_new(
        session, TrackingEvent, [*rows.values()], key=("source_id", "event_id")
    )
    news: dict[UUID, int] = defaultdict(int)
    for number, row in rows.items():
        if row["id"] in inserted:
            report.created += 1
            report.ids[number] = row["id"]
            news[row["shipment_id"]] += 1
        else:
            report.duplicate += 1
    _announce(session, source, actor, [(found.by_id[id_], count) for id_, count in news.items()])
    return report


def read(session: Session, source: IntakeSource, told: Told) -> dict[str, Any]:
    """What the row of an event that can be taken would be."""
    about = Batch(source, db.now(session))
    return _row(about, _find(session, source.org_id, [told]), told)


def _announce(
    session: Session, source: IntakeSource, actor: str, news: Sequence[tuple[Tracked, int]]
) -> None:
    """Say of each shipment how many events of it are new."""
    told = [(each, {"source": source.id.hex, "events": count}) for each, count in news]
    changes = [Change(f"shipment:{each.id.hex}", "track", said) for each, said in told]
    audit.record_all(session, changes, actor=actor, org_id=source.org_id, in_turn=True)
    events = [Event(EVENT, each.id, said, each.buyer_id, each.suppliers) for each, said in told]
    emit_all(session, events, org_id=None)


def _find(session: Session, org_id: UUID, told: Sequence[Told]) -> _Found:
    named = {each.shipment_id for each in told if each.shipment_id is not None}
    references = tracked.by_references(
        session, org_id, {r for each in told if each.shipment_id is None for r in each.references}
    )
    ids = named.union(*references.values())
    shipments = tracked.by_ids(session, org_id, ids)
    codes = {code for each in told for code in each.places}
    codes |= {leg.crossing for one in shipments.values() for leg in one.legs if leg.crossing}
    return _Found(shipments, references, tracked.known(session, codes))


def _row(about: Batch, found: _Found, told: Told) -> dict[str, Any]:
    """The row of an event. Raises _Refused."""
    shipment = _shipment(found, told)
    place = _place(found.known, told)
    role = shipment.role_of(about.source.org_id)
    moment = _moment(about, told)
    milestone = None if told.retracts else _milestone(shipment, told, place, role)
    leg = _leg(shipment, told, milestone, None if place is None else place.code)
    if milestone in AT_CROSSING:
        place = _crossing(found.known, shipment, told, place, leg)
    return bulk.new_row(
        source_id=about.source.id,
        event_id=told.key[:200],
        org_id=about.source.org_id,
        shipment_id=shipment.id,
        message_id=about.message_id,
        event_type=told.event_type.value,
        classifier=told.classifier.value,
        milestone=None if milestone is None else milestone.value,
        source_code=told.code[:200] or None,
        rec24_code=told.rec24_code or _rec24(milestone),
        dcsa_code=told.dcsa_code,
        biz_step=told.biz_step,
        disposition=told.disposition,
        event_time=moment.at,
        event_timezone_offset=moment.offset,
        record_time=about.now,
        place_code=None if place is None else place.code,
        place_text=told.place_text,
        facility_type=None if told.facility_type is None else told.facility_type.value,
        leg_seq=leg,
        delay_reason=told.delay_reason,
        publisher_role=role.value,
        raw_payload_sha256=about.sha256,
        retracts_event_id=told.retracts,
        confidence=told.confidence,
    )


def _shipment(found: _Found, told: Told) -> Tracked:
    if told.shipment_id is not None:
        if told.shipment_id not in found.by_id:
            detail = "You are no side of such a shipment."
            raise _Refused("shipment_id", "shipment_unknown", detail)
        return found.by_id[told.shipment_id]
    for reference in told.references:
        if ids := found.by_reference.get(reference):
            if len(ids) > 1:
                detail = "Several shipments of yours are known by this number."
                raise _Refused("", "shipment_ambiguous", detail, reference)
            return found.by_id[next(iter(ids))]
    detail = "No shipment of yours is known by these numbers."
    raise _Refused("", "shipment_unknown", detail, ", ".join(told.references))


def _place(known: Known, told: Told) -> Place | None:
    place = known.place(told.places)
    if place is None and told.exact and told.places:
        detail = "No such place: see GET /v1/places."
        raise _Refused("place_code", "place_unknown", detail, told.places[0])
    return place


def _moment(about: Batch, told: Told) -> clocks.Moment:
    try:
        moment = clocks.read(told.time, zone=about.clock.timezone, offset=told.offset)
    except ClockFault as fault:
        raise _Refused("event_time", fault.code, str(fault), told.time) from fault
    tolerance = about.clock.future_tolerance_seconds
    if clocks.from_future(moment.at, told.classifier, now=about.now, tolerance=tolerance):
        detail = f"It is {about.now:%Y-%m-%dT%H:%M:%SZ} now: this has not happened yet."
        raise _Refused("event_time", "event_in_future", detail, told.time)
    return moment


def _milestone(shipment: Tracked, told: Told, place: Place | None, role: Side) -> Milestone | None:
    country = told.country or (None if place is None else place.country)
    side = reading.side_of(country, origin=shipment.origin, destination=shipment.destination)
    at_crossing = tracked.is_crossing(place)
    found = told.meaning(Whereabouts(side, at_crossing, role is Side.BUYER))
    if found in BUYERS_OWN and role is not Side.BUYER:
        if told.exact:
            detail = "Only the buyer accepts or rejects goods."
            raise _Refused("milestone", "buyer_only", detail, found)
        return None
    return reading.at_crossing(found) if at_crossing else found


def _leg(
    shipment: Tracked, told: Told, milestone: Milestone | None, place: str | None
) -> int | None:
    if told.leg_seq is None:
        return shipment.leg_of(milestone, place)
    if told.leg_seq not in {leg.seq for leg in shipment.legs}:
        detail = "The shipment has no such leg."
        raise _Refused("leg_seq", "leg_unknown", detail, str(told.leg_seq))
    return told.leg_seq


def _crossing(
    known: Known, shipment: Tracked, told: Told, place: Place | None, leg: int | None
) -> Place | None:
    """The crossing that was reached or passed: the one named, or the one planned on the leg."""
    if tracked.is_crossing(place):
        return place
    if place is not None and told.exact:
        detail = "Goods cross a border at a crossing, which this place is not."
        raise _Refused("place_code", "crossing_unknown", detail, place.code)
    planned = [one.crossing for one in shipment.legs if one.seq == leg and one.crossing]
    return known.place(planned)


def _rec24(milestone: Milestone | None) -> str | None:
    """How UN/CEFACT Recommendation 24 calls a milestone."""
    codes = () if milestone is None else NAMES[milestone].rec24
    return codes[0] if codes else None
