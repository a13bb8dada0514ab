from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.rules.tracking.fold import Fact, ShipmentStatus, Step, fold
from api.rules.tracking.milestones import Classifier, Milestone

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def fact(
    key: str,
    milestone: Milestone | None,
    hours: float,
    classifier: Classifier = Classifier.ACT,
    *,
    recorded: float | None = None,
    **more: Any,
) -> Fact:
    told = at(hours if recorded is None else recorded)
    return Fact(more.pop("source", "s"), key, classifier, milestone, at(hours), told, **more)


def retraction(of: str, source: str = "s") -> Fact:
    return fact(f"not {of}", None, 99, retracts=of, source=source)


facts = st.builds(
    Fact,
    source=st.sampled_from(["s", "t"]),
    key=st.integers(0, 30).map(str),
    classifier=st.sampled_from(Classifier),
    milestone=st.one_of(st.none(), st.sampled_from(Milestone)),
    event_time=st.integers(0, 6).map(at),
    record_time=st.integers(0, 6).map(at),
    leg=st.sampled_from([None, 1, 2]),
    place=st.sampled_from([None, "kg-torugart"]),
    delay_reason=st.sampled_from([None, "WEA", "CUS"]),
    retracts=st.one_of(st.none(), st.none(), st.integers(0, 30).map(str)),
)
unique_facts = st.lists(facts, max_size=14, unique_by=lambda each: (each.source, each.key))


@given(unique_facts.flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_the_order_in_which_events_arrive_changes_nothing(told: tuple[Any, Any]) -> None:
    assert fold(told[0]) == fold(told[1])


@given(unique_facts, unique_facts)
def test_an_event_that_arrives_again_changes_nothing(told: Any, again: Any) -> None:
    assert fold([*told, *told[: len(again)]]) == fold(told)


@given(unique_facts)
def test_taking_back_every_event_leaves_a_planned_shipment(told: Any) -> None:
    back = [retraction(each.key, each.source) for each in told]
    found = fold([*told, *(each._replace(key=f"{each.key}!") for each in back)])
    assert (found.status, found.steps, found.incidents) == (ShipmentStatus.PLANNED, (), ())


@given(unique_facts, facts)
def test_an_event_that_is_taken_back_is_as_if_never_told(told: Any, wrong: Fact) -> None:
    wrong = wrong._replace(key="wrong", retracts=None)
    assert fold([*told, wrong, retraction("wrong", wrong.source)]) == fold(told)


@given(unique_facts)
def test_plans_and_estimates_never_move_the_status(told: Any) -> None:
    actual = [e for e in told if e.classifier is Classifier.ACT or e.retracts is not None]
    assert fold(told).status is fold(actual).status


def test_a_scan_after_the_delivery_undoes_no_delivery() -> None:
    told = [
        fact("1", Milestone.PICKED_UP, 1),
        fact("2", Milestone.DELIVERED, 50),
        fact("3", Milestone.IN_TRANSIT, 51),
    ]
    assert fold(told).status is ShipmentStatus.DELIVERED
    assert fold([*told, retraction("2")]).status is ShipmentStatus.IN_TRANSIT


def test_an_event_that_arrives_late_finds_its_place_in_time() -> None:
    told = [
        fact("1", Milestone.IMPORT_CUSTOMS_OPEN, 10),
        fact("2", Milestone.IMPORT_RELEASED, 20),
        fact("3", Milestone.CUSTOMS_INFO_NEEDED, 15, recorded=40),
    ]
    found = fold(told)
    assert (found.status, found.since, found.incidents) == (ShipmentStatus.IN_TRANSIT, at(20), ())
    assert fold([told[0], told[2]]).status is ShipmentStatus.HELD


def test_only_the_same_source_takes_an_event_back() -> None:
    told = [fact("1", Milestone.DELIVERED, 5), retraction("1", source="t")]
    assert fold(told).status is ShipmentStatus.DELIVERED


def test_a_retraction_may_arrive_before_what_it_takes_back() -> None:
    assert fold([retraction("1")]).status is ShipmentStatus.PLANNED
    assert fold([retraction("1"), fact("1", Milestone.LOST, 5)]).status is ShipmentStatus.PLANNED


def test_a_step_has_its_first_plan_its_last_plan_every_estimate_and_its_first_time() -> None:
    told = [
        fact("p2", Milestone.DELIVERED, 60, Classifier.PLN, recorded=2),
        fact("p1", Milestone.DELIVERED, 48, Classifier.PLN, recorded=1),
        fact("e2", Milestone.DELIVERED, 70, Classifier.EST, recorded=9, delay_reason="WEA"),
        fact("e1", Milestone.DELIVERED, 55, Classifier.EST, recorded=5),
        fact("a2", Milestone.DELIVERED, 73, recorded=74),
        fact("a1", Milestone.DELIVERED, 72, recorded=80, place="kg-bishkek"),
    ]
    assert fold(told).steps == (
        Step(
            Milestone.DELIVERED,
            None,
            planned=at(48),
            replanned=at(60),
            estimates=(at(55), at(70)),
            actual=at(72),
            place="kg-bishkek",
            delay_reasons=("WEA",),
        ),
    )
    assert fold(told).steps[0].deviation == timedelta(hours=24)


def test_each_leg_departs_by_itself() -> None:
    told = [
        fact("1", Milestone.DEPARTED, 1, leg=1),
        fact("2", Milestone.DEPARTED, 30, leg=2),
        fact("3", Milestone.DEPARTED, 28, Classifier.PLN, leg=2),
    ]
    found = fold(told)
    assert [(step.leg, step.actual) for step in found.steps] == [(1, at(1)), (2, at(30))]
    assert found.actual(Milestone.DEPARTED, 2) == at(30)
    assert found.steps[1].deviation == timedelta(hours=2)


def test_incidents_stay_until_something_ends_them() -> None:
    delayed, damaged = fact("1", Milestone.DELAYED, 5), fact("2", Milestone.DAMAGED, 6)
    short, rest = fact("3", Milestone.PARTIALLY_DELIVERED, 7), fact("4", Milestone.DELIVERED, 8)
    assert fold([delayed, damaged]).incidents == (delayed, damaged)
    assert fold([delayed, damaged, short]).incidents == (damaged, short)
    assert fold([delayed, damaged, short, rest]).incidents == (damaged,)
