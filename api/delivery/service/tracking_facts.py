"""Tracking events as the rules fold them, and what follows from them. Never commits."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import performance
from api.contracts.models import DeliveryScheduleRow, Performance
from api.core import db
from api.delivery.models import DespatchAdvice, DespatchLine, Shipment
from api.delivery.service import transits
from api.rules.schedules import PerformanceEvent
from api.rules.tracking import decisive
from api.rules.tracking.fold import Fact, Tracking, fold, standing
from api.rules.tracking.milestones import Classifier, Milestone

_SOURCE = "tracking_event:"
_CLASSIFIERS = {each.value: each for each in Classifier}
_MILESTONES = {each.value: each for each in Milestone}
TOLD = """
SELECT id, source_id::text, event_id, classifier, milestone, event_time, record_time, leg_seq,
  place_code, delay_reason, retracts_event_id
FROM tracking_event WHERE shipment_id = %(shipment_id)s
"""


class Line(NamedTuple):
    """So much of a row of the schedule is in a shipment."""

    line: DespatchLine
    row: DeliveryScheduleRow


class _Decided(NamedTuple):
    """An event that shows a performance."""

    event_id: UUID
    at: datetime


def told_of(session: Session, shipment_id: UUID) -> dict[UUID, Fact]:
    """Everything that was told of a shipment, by the id of the event."""
    return {
        id_: Fact(
            source=source,
            key=key,
            classifier=_CLASSIFIERS[classifier],
            milestone=None if milestone is None else _MILESTONES[milestone],
            event_time=event_time,
            record_time=record_time,
            leg=leg,
            place=place,
            delay_reason=delay_reason,
            retracts=retracts,
        )
        for (
            id_,
            source,
            key,
            classifier,
            milestone,
            event_time,
            record_time,
            leg,
            place,
            delay_reason,
            retracts,
        ) in db.rows(session, TOLD, shipment_id=shipment_id)
    }


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
    told = told_of(session, shipment_id)
    _perform(session, shipment_id, told)
    found = fold(told.values())
    transits.observe(session, shipment_id, found)
    return found


def _perform(session: Session, shipment_id: UUID, told: Mapping[UUID, Fact]) -> None:
    """Have the performances of the shipment's lines be those that standing events show."""
    ids = {(fact.source, fact.key): id_ for id_, fact in told.items()}
    sources = {id_.hex for id_ in told}
    actual = [
        fact
        for fact in standing(told.values())
        if fact.classifier is Classifier.ACT and fact.milestone
    ]
    contents = lines(session, shipment_id)
    now = db.now(session)
    held = [
        fact
        for fact in performance.facts(session, _rows_ever(session, shipment_id))
        if fact.source.startswith(_SOURCE) and _event_of(fact.source) in sources
    ]
    here = {line.row.id for line in contents}
    for fact in held:
        if fact.schedule_row_id not in here:
            _retract(session, fact, now)
    for line in contents:
        wanted = dict(_decided(actual, ids))
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
                _retract(session, fact, now)
        for event, shown in wanted.items():
            _record(session, line, event, shown)


def _retract(session: Session, fact: Performance, now: datetime) -> None:
    performance.retract(session, fact, at=now, source=f"{_SOURCE}retracted:{fact.id.hex}")


def _rows_ever(session: Session, shipment_id: UUID) -> Sequence[UUID]:
    """The rows of every despatch advice of the shipment, those cancelled among them."""
    query = (
        select(DespatchLine.schedule_row_id)
        .join(DespatchAdvice, col(DespatchAdvice.id) == DespatchLine.advice_id)
        .where(DespatchAdvice.shipment_id == shipment_id)
    )
    return session.exec(query.distinct()).all()


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
    actual: Sequence[Fact], ids: Mapping[tuple[str, str], UUID]
) -> Iterator[tuple[PerformanceEvent, _Decided]]:
    """What actual events, in order of time, show to have been performed, and the first that does."""
    for event, milestone in decisive.PERFORMANCE.items():
        first = next((fact for fact in actual if fact.milestone is milestone), None)
        if first is not None:
            yield event, _Decided(ids[first.source, first.key], first.event_time)


def _event_of(source: str) -> str:
    return source.removeprefix(_SOURCE).partition(":")[0]
