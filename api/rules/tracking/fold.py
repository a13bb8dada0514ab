"""Tracking events of a shipment -> its status, and its milestones planned against actual. Pure.

Events arrive late, twice and out of order, so nothing here depends on the order in which they are
given: they are a set. A retraction takes back the event that it names, of the same source; it is
not retracted itself (what was true after all is told anew).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from api.rules.tracking.milestones import Classifier, Milestone

_M = Milestone


class ShipmentStatus(StrEnum):
    """Where a shipment is, as far as actual events tell."""

    PLANNED = "planned"
    READY = "ready"
    IN_TRANSIT = "in_transit"
    AT_CUSTOMS = "at_customs"
    HELD = "held"
    OUT_FOR_DELIVERY = "out_for_delivery"
    LOST = "lost"
    PARTIALLY_DELIVERED = "partially_delivered"
    DELIVERED = "delivered"
    INSPECTING = "inspecting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Fact(NamedTuple):
    """One tracking event. `milestone` is None for a code that is read as none, and a retraction.

    `key` is the publisher's own id of the event, unique in its source; `retracts` names another.
    """

    source: str
    key: str
    classifier: Classifier
    milestone: Milestone | None
    event_time: datetime
    record_time: datetime
    leg: int | None = None
    place: str | None = None
    delay_reason: str | None = None
    retracts: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone on a leg: when it was planned, is expected, and happened.

    `planned` is the first plan, `replanned` the last where it differs; `estimates` are all that
    were told, in the order of their telling. `actual` is the first time at which it was so.
    """

    milestone: Milestone
    leg: int | None
    planned: datetime | None
    replanned: datetime | None
    estimates: tuple[datetime, ...]
    actual: datetime | None
    place: str | None
    delay_reasons: tuple[str, ...]

    @property
    def estimated(self) -> datetime | None:
        """The last estimate."""
        return self.estimates[-1] if self.estimates else None

    @property
    def moment(self) -> datetime:
        """When it happened, is expected, or was to be: the best known of them."""
        found = self.actual or self.estimated or self.replanned or self.planned
        assert found is not None, "a step has at least one fact"
        return found

    @property
    def deviation(self) -> timedelta | None:
        """How much later than first planned it happened or is expected; negative when earlier."""
        told = self.actual or self.estimated
        return None if told is None or self.planned is None else told - self.planned


@dataclass(frozen=True, slots=True)
class Tracking:
    """What the events of a shipment amount to; `incidents` are those that nothing has ended."""

    status: ShipmentStatus
    since: datetime | None
    steps: tuple[Step, ...]
    incidents: tuple[Fact, ...]

    def actual(self, milestone: Milestone, leg: int | None = None) -> datetime | None:
        """When a milestone was reached, on a leg or on whichever was first."""
        found = [
            step.actual
            for step in self.steps
            if step.milestone is milestone
            and step.actual is not None
            and (leg is None or step.leg == leg)
        ]
        return min(found, default=None)


_S = ShipmentStatus
_STAGES: Sequence[Mapping[Milestone, ShipmentStatus]] = (
    {_M.GOODS_READY: _S.READY},
    {
        _M.PICKED_UP: _S.IN_TRANSIT,
        _M.LOADED: _S.IN_TRANSIT,
        _M.EXPORT_CLEARED: _S.IN_TRANSIT,
        _M.DEPARTED: _S.IN_TRANSIT,
        _M.IN_TRANSIT: _S.IN_TRANSIT,
        _M.ARRIVED: _S.IN_TRANSIT,
        _M.AT_BORDER: _S.AT_CUSTOMS,
        _M.BORDER_CROSSED: _S.IN_TRANSIT,
        _M.IMPORT_CUSTOMS_OPEN: _S.AT_CUSTOMS,
        _M.CUSTOMS_INFO_NEEDED: _S.HELD,
        _M.IMPORT_RELEASED: _S.IN_TRANSIT,
        _M.CUSTOMS_REFUSED: _S.HELD,
        _M.OUT_FOR_DELIVERY: _S.OUT_FOR_DELIVERY,
    },
    {
        _M.PARTIALLY_DELIVERED: _S.PARTIALLY_DELIVERED,
        _M.DELIVERED: _S.DELIVERED,
        _M.LOST: _S.LOST,
    },
    {
        _M.ACCEPTED_SUBJECT_TO_INSPECTION: _S.INSPECTING,
        _M.ACCEPTED: _S.ACCEPTED,
        _M.REJECTED: _S.REJECTED,
    },
)
"""Each stage takes the status from all before it: a scan after the delivery undoes no delivery."""
_STAGE = {
    milestone: (stage, status)
    for stage, statuses in enumerate(_STAGES)
    for milestone, status in statuses.items()
}
_PASSING = frozenset({_M.DELAYED, _M.CUSTOMS_INFO_NEEDED, _M.CUSTOMS_REFUSED})
"""Incidents that end with the next step, whichever it is."""
_LASTING: Mapping[Milestone, frozenset[Milestone]] = {
    _M.DAMAGED: frozenset(),
    _M.LOST: frozenset({_M.DELIVERED, _M.ACCEPTED}),
    _M.PARTIALLY_DELIVERED: frozenset({_M.DELIVERED, _M.ACCEPTED}),
    _M.REJECTED: frozenset({_M.ACCEPTED}),
}
"""Incidents, and what ends them: nothing makes damaged goods whole."""
_RANK = {milestone: rank for rank, milestone in enumerate(Milestone)}


def standing(facts: Iterable[Fact]) -> list[Fact]:
    """The events that nobody has taken back, in order: by event time, then by record time."""
    given = set(facts)
    retracted = {(fact.source, fact.retracts) for fact in given if fact.retracts is not None}
    return sorted(
        (
            fact
            for fact in given
            if fact.retracts is None and (fact.source, fact.key) not in retracted
        ),
        key=_order,
    )


def fold(facts: Iterable[Fact]) -> Tracking:
    """The status and the steps of a shipment; the same for every order of the same events."""
    told = standing(facts)
    actual = [
        fact for fact in told if fact.classifier is Classifier.ACT and fact.milestone is not None
    ]
    status, since = _status(actual)
    return Tracking(status, since, _steps(told), _incidents(actual))


def _status(actual: Sequence[Fact]) -> tuple[ShipmentStatus, datetime | None]:
    """That of the last event in time of the highest stage that was reached, and since when."""
    staged = [(fact, *_STAGE[fact.milestone]) for fact in actual if fact.milestone in _STAGE]
    if not staged:
        return ShipmentStatus.PLANNED, None
    highest = max(stage for _, stage, _ in staged)
    last, _, status = [each for each in staged if each[1] == highest][-1]
    return status, last.event_time


def _steps(told: Sequence[Fact]) -> tuple[Step, ...]:
    """The steps in the order of their moments; what was only requested is none."""
    named = sorted(
        (
            fact
            for fact in told
            if fact.milestone is not None and fact.classifier is not Classifier.REQ
        ),
        key=lambda fact: (*_place_in_route(fact), *_order(fact)),
    )
    steps = [_step([*group]) for _, group in groupby(named, key=_place_in_route)]
    return tuple(
        sorted(steps, key=lambda step: (step.moment, _RANK[step.milestone], step.leg or 0))
    )


def _step(facts: Sequence[Fact]) -> Step:
    """One step of the facts about it, which are in order of event time."""
    by_record = sorted(facts, key=lambda fact: (fact.record_time, *_order(fact)))
    plans = [fact.event_time for fact in by_record if fact.classifier is Classifier.PLN]
    actual = [fact for fact in facts if fact.classifier is Classifier.ACT]
    first = facts[0]
    assert first.milestone is not None, "a step is of a milestone"
    places = [fact.place for fact in (*actual, *by_record[::-1]) if fact.place is not None]
    return Step(
        milestone=first.milestone,
        leg=first.leg,
        planned=plans[0] if plans else None,
        replanned=plans[-1] if plans and plans[-1] != plans[0] else None,
        estimates=tuple(fact.event_time for fact in by_record if fact.classifier is Classifier.EST),
        actual=actual[0].event_time if actual else None,
        place=places[0] if places else None,
        delay_reasons=tuple(
            dict.fromkeys(fact.delay_reason for fact in by_record if fact.delay_reason)
        ),
    )


def _incidents(actual: Sequence[Fact]) -> tuple[Fact, ...]:
    """Incidents that no later event has ended."""
    return tuple(
        fact
        for place, fact in enumerate(actual)
        if fact.milestone is not None
        and (fact.milestone in _PASSING or fact.milestone in _LASTING)
        and not _ended(fact.milestone, {later.milestone for later in actual[place + 1 :]})
    )


def _ended(incident: Milestone, later: Collection[Milestone | None]) -> bool:
    if incident in _PASSING:
        return any(each not in _PASSING and each is not _M.DAMAGED for each in later)
    return not _LASTING[incident].isdisjoint(later)


def _order(fact: Fact) -> tuple[datetime, datetime, int, str, str]:
    rank = -1 if fact.milestone is None else _RANK[fact.milestone]
    return fact.event_time, fact.record_time, rank, fact.source, fact.key


def _place_in_route(fact: Fact) -> tuple[int, int]:
    """The step that a fact is about: its milestone on its leg."""
    assert fact.milestone is not None
    return _RANK[fact.milestone], -1 if fact.leg is None else fact.leg
