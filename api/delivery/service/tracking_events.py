"""Events that the sides of a contract tell themselves, one or many. Never commits."""

from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from api.core.errors import FieldError, Invalid, NotFound
from api.delivery.carriers.told import SourceKind, Told
from api.delivery.models import TrackingEvent
from api.delivery.schemas.tracking import FaultOut, ReportOut, TrackingEventIn, TrackingEventsIn
from api.delivery.service import tracking_intake, tracking_native, tracking_sources
from api.delivery.service.tracking_intake import Fault, Numbered
from api.delivery.tracking_problems import EventIdTaken, EventInFuture, SourceNotOfFormat
from api.intake.models import IntakeSource

_SAME = (
    "shipment_id",
    "milestone",
    "classifier",
    "event_time",
    "place_code",
    "leg_seq",
    "retracts_event_id",
    "source_code",
)
_PROBLEMS: dict[str, type[Invalid]] = {"event_in_future": EventInFuture}


def record(
    session: Session, *, org_id: UUID, actor: str, shipment_id: UUID, data: TrackingEventIn
) -> TrackingEvent:
    """Record one event; told again it is the same one.

    Raises Invalid that names the field (EventInFuture for what cannot have happened yet), NotFound
    for a shipment of others, EventIdTaken for another event under its id.
    """
    source = _source(session, org_id, data.source_id)
    told = tracking_native.told(data, shipment_id)
    report = tracking_intake.take(session, source, [Numbered(1, told)], actor=actor)
    if report.faults:
        raise _refused(report.faults[0])
    there = session.exec(
        select(TrackingEvent).where(
            TrackingEvent.source_id == source.id, TrackingEvent.event_id == data.event_id
        )
    ).one_or_none()
    if there is None:  # of a shipment that this organisation sees no longer
        raise EventIdTaken
    if report.duplicate and not _is(session, source, there, told):
        raise EventIdTaken
    return there


def record_many(session: Session, *, org_id: UUID, actor: str, data: TrackingEventsIn) -> ReportOut:
    """Record the events that can be taken, and tell why the others cannot."""
    source = _source(session, org_id, data.source_id)
    batch = [
        Numbered(row, tracking_native.told(event, event.shipment_id, f"#/events/{row - 1}"))
        for row, event in enumerate(data.events, 1)
    ]
    report = tracking_intake.take(session, source, batch, actor=actor)
    faults = [FaultOut.model_validate(fault) for fault in report.faults]
    return ReportOut(**report.counts, errors=faults)


def source_of_files(session: Session, org_id: UUID, source_id: UUID | None) -> IntakeSource:
    """The source whose format a file has: one's own API source, DCSA or EPCIS.

    Raises NotFound, and SourceNotOfFormat for a service that only sends webhooks.
    """
    if source_id is None:
        return tracking_sources.own(session, org_id)
    source = tracking_sources.get(session, org_id=org_id, source_id=source_id)
    if source.disabled_at is not None:
        raise NotFound
    if source.provider not in (SourceKind.API, SourceKind.DCSA, SourceKind.EPCIS):
        raise SourceNotOfFormat(f"A source of kind {source.provider} sends webhooks.")
    return source


def _source(session: Session, org_id: UUID, source_id: UUID | None) -> IntakeSource:
    source = source_of_files(session, org_id, source_id)
    if source.provider != SourceKind.API:
        raise SourceNotOfFormat(f"A source of kind {source.provider} tells in its own format.")
    return source


def _is(session: Session, source: IntakeSource, there: TrackingEvent, told: Told) -> bool:
    """True when the event under this id says what was told now."""
    row: dict[str, Any] = tracking_intake.read(session, source, told)
    return all(getattr(there, name) == row[name] for name in _SAME)


def _refused(fault: Fault) -> Exception:
    if fault.code == "shipment_unknown":
        return NotFound()
    kind = _PROBLEMS.get(fault.code, Invalid)
    error = FieldError(pointer=fault.pointer, code=fault.code, detail=fault.detail)
    return kind(fault.detail, errors=[error])
