"""Tracking events as the rules fold them, and what follows from them. Never commits."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import performance
from api.contracts.models import DeliveryScheduleRow
from api.core import db
from api.delivery.models import DespatchAdvice, DespatchLine, Shipment, TrackingEvent
from api.delivery.service import transits
from api.rules.incoterms import Incoterm
from api.rules.schedules import PerformanceEvent
from api.rules.tracking import decisive
from api.rules.tracking.fold import Fact, Tracking, fold, standing
from api.rules.tracking.milestones import Classifier, Milestone

_SOURCE = "tracking_event:"


class Line(NamedTuple):
    """So much of a row of the schedule is in a shipment."""

    line: DespatchLine
    row: DeliveryScheduleRow


class _Decided(NamedTuple):
    """An event that shows a performance."""

    event_id: UUID
    at: datetime


def events(session: Session, shipment_id: UUID) -> Sequence[TrackingEvent]:
    """Everything that was told of a shipment, in order of event time."""
    query = select(TrackingEvent).where(TrackingEvent.shipment_id == shipment_id)
    order = (col(TrackingEvent.event_time), col(TrackingEvent.record_time), col(TrackingEvent.id))
    return session.exec(query.order_by(*order)).all()


def facts(rows: Sequence[TrackingEvent]) -> list[Fact]:
    """The events as the rules see them."""
    return [
        Fact(
            source=row.source_id.hex,
            key=row.event_id,
            classifier=row.classifier,
            milestone=row.milestone,
            event_time=row.event_time,
            record_time=row.record_time,
            leg=row.leg_seq,
            place=row.place_code,
            delay_reason=row.delay_reason,
            retracts=row.retracts_event_id,
        )
        for row in rows
    ]


def lines(session: Session, shipment_id: UUID) -> list[Line]:
    """What the despatch advice in force says is in a shipment; empty before there is one."""
    query = (
        select(DespatchLine, DeliveryScheduleRow)
        .join(DespatchAdvice, col(DespatchAdvice.id) == DespatchLine.advice_id)
        .join(DeliveryScheduleRow, col(DeliveryScheduleRow.id) == DespatchLine.schedule_row_id)
        .where(DespatchAdvice.shipment_id == shipment_id)
        .where(col(DespatchAdvice.cancelled_at).is_(None))
    )
    return [Line(*row) for row in session.exec(query.order_by(col(DespatchLine.number))).all()]


def follow(session: Session, shipment_id: UUID) -> Tracking | None:
    """Draw the consequences of what was told: performance of the contract, hours of segments.

    What is drawn depends on all events alone, so that it may be done at any time and again. For
    the workers; the shipment's row keeps two of them from doing it at once.
    """
    query = select(Shipment).where(Shipment.id == shipment_id).with_for_update()
    shipment = session.exec(query).one_or_none()
    if shipment is None:
        return None
    rows = events(session, shipment_id)
    told = facts(rows)
    _perform(session, shipment_id, rows, told)
    found = fold(told)
    transits.observe(session, shipment_id, found)
    return found


def _perform(
    session: Session, shipment_id: UUID, rows: Sequence[TrackingEvent], told: Sequence[Fact]
) -> None:
    """Have the performances of the shipment's lines be those that standing events show."""
    ids = {(row.source_id.hex, row.event_id): row.id for row in rows}
    sources = {row.id.hex for row in rows}
    actual = [
        fact for fact in standing(told) if fact.classifier is Classifier.ACT and fact.milestone
    ]
    contents = lines(session, shipment_id)
    now = db.now(session)
    held = [
        fact
        for fact in performance.facts(session, [line.row.id for line in contents])
        if fact.source.startswith(_SOURCE) and _event_of(fact.source) in sources
    ]
    for line in contents:
        wanted = dict(_decided(actual, ids, line.row.incoterm))
        for fact in held:
            if fact.schedule_row_id != line.row.id:
                continue
            shown = wanted.get(fact.event)
            same = shown is not None and (shown.event_id.hex, shown.at, line.line.quantity) == (
                _event_of(fact.source),
                fact.occurred_at,
                fact.quantity,
            )
            if same:
                del wanted[fact.event]
            else:
                performance.retract(session, fact, at=now, source=f"{_SOURCE}{fact.id.hex}:retract")
        for event, shown in wanted.items():
            _record(session, line, event, shown)


def _record(session: Session, line: Line, event: PerformanceEvent, shown: _Decided) -> None:
    """Record once; what was recorded and taken back before is recorded under another number."""
    evidence = [{"type": "tracking_event", "id": shown.event_id.hex}]
    for number in range(1, 1000):
        source = f"{_SOURCE}{shown.event_id.hex}:{number}"
        if performance.record(
            session, line.row, event, line.line.quantity, shown.at, source, evidence
        ):
            return


def _decided(
    actual: Sequence[Fact], ids: dict[tuple[str, str], UUID], incoterm: Incoterm | None
) -> Iterator[tuple[PerformanceEvent, _Decided]]:
    """What actual events, in order of time, show to have been performed, and the first that does."""
    wanted = {
        PerformanceEvent.READY: (Milestone.GOODS_READY,),
        PerformanceEvent.HANDED_OVER: decisive.handover(incoterm),
        PerformanceEvent.ARRIVED: (Milestone.DELIVERED,),
    }
    for event, milestones in wanted.items():
        for milestone in milestones:
            first = next((fact for fact in actual if fact.milestone is milestone), None)
            if first is not None:
                yield event, _Decided(ids[first.source, first.key], first.event_time)
                break


def _event_of(source: str) -> str:
    return source.removeprefix(_SOURCE).partition(":")[0]
