"""Prequalification without a database: its machines, and what follows from findings."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from api.rules import prequalification as rules
from api.rules.criteria import Criterion, DataType, Requirement
from api.rules.period_end import Obstacles
from api.rules.periods import DayUnit, Duration, Rounding, Timetable, WorkCalendar
from api.rules.prequalification import (
    QUALIFICATION,
    SUBMISSION,
    Finding,
    QualificationStatus,
    SubmissionStatus,
)
from api.rules.states import IllegalTransition
from api.rules.tenders import (
    LOT,
    OPEN_STAGES,
    PREQUALIFYING,
    STATUS_OF,
    TENDER,
    LotStatus,
    TenderStage,
    TenderStatus,
    advance,
)
from tests.rules.test_policy import policy

_Q, _T = QualificationStatus, TenderStage
YEARS = Requirement("years", DataType.INTEGER, min_value=3)
LICENCE = Requirement("licence", DataType.BOOLEAN, expected_value=True)
PARENT = Requirement("parent", DataType.BOOLEAN, expected_value=True)
CRITERIA = [Criterion("experience", [[YEARS, LICENCE], [PARENT]])]
NOW = datetime(2027, 3, 1, 6, tzinfo=UTC)


class Prequalification(RuleBasedStateMachine):
    """A tender with candidates, driven by any action in any order, refused ones included."""

    @initialize()
    def publish(self) -> None:
        self.stage, self.lots = advance(
            _T.DRAFT, [LotStatus.PLANNED, LotStatus.PLANNED], "publish_prequalification"
        )
        self.decisions = [_Q.PENDING, _Q.PENDING, _Q.PENDING]
        self.invited: set[int] = set()
        self.announced = False

    def act(self, action: str) -> bool:
        if action not in TENDER.allowed(self.stage):
            with pytest.raises(IllegalTransition):
                TENDER.apply(action, self.stage)
            return False
        self.stage, self.lots = advance(self.stage, self.lots, action)
        return True

    @rule(
        action=st.sampled_from(
            [
                "amend_prequalification",
                "extend_prequalification",
                "close_prequalification",
                "publish",
                "amend",
                "suspend",
                "resume",
                "amend_as_decided",
                "close",
                "open",
            ]
        )
    )
    def any_action(self, action: str) -> None:
        self.act(action)

    @rule(who=st.integers(0, 2), action=st.sampled_from(["propose", "approve", "reject"]))
    def decide(self, who: int, action: str) -> None:
        before = self.decisions[who]
        if self.stage is _T.QUALIFICATION_PENDING and action in QUALIFICATION.allowed(before):
            self.decisions[who] = QUALIFICATION.apply(action, before)

    @rule()
    def announce(self) -> None:
        if self.stage is _T.QUALIFICATION_PENDING and rules.ready(self.decisions):
            self.announced = self.act("announce_qualifications")

    @rule(who=st.integers(0, 2))
    def complain(self, who: int) -> None:
        """A complaint that is right: the decision falls, and is taken anew."""
        if self.stage is _T.PREQUALIFICATION_STANDSTILL and self.decisions[who] in rules.DECIDED:
            assert QUALIFICATION.apply("cancel", self.decisions[who]) is _Q.CANCELLED
            self.decisions[who] = _Q.PENDING
            assert self.act("repeat_qualification")

    @rule()
    def invite(self) -> None:
        if self.stage is not _T.PREQUALIFICATION_STANDSTILL:
            return
        qualified = {n for n, each in enumerate(self.decisions) if each is _Q.ACTIVE}
        if rules.enough(policy(min_candidates=2), len(qualified)):
            self.invited = qualified
            self.act("invite")
        else:
            self.act("fail")

    @rule(action=st.sampled_from(["cancel", "fail"]))
    def end(self, action: str) -> None:
        self.act(action)

    @invariant()
    def nobody_bids_before_the_candidates_were_told_and_invited(self) -> None:
        if self.stage in OPEN_STAGES:
            assert self.announced
            assert len(self.invited) >= 2

    @invariant()
    def only_the_qualified_are_invited_and_nothing_is_pending_then(self) -> None:
        for who in self.invited:
            assert self.decisions[who] is _Q.ACTIVE
        if self.invited:
            assert _Q.PENDING not in self.decisions

    @invariant()
    def the_lots_follow(self) -> None:
        expected = {TenderStatus.ACTIVE: LotStatus.ACTIVE,
                    TenderStatus.CANCELLED: LotStatus.CANCELLED,
                    TenderStatus.UNSUCCESSFUL: LotStatus.UNSUCCESSFUL}  # fmt: skip
        assert {*self.lots} == {expected[STATUS_OF[self.stage]]}


TestPrequalification = Prequalification.TestCase


def test_a_prequalification_is_active_and_knows_no_action_of_the_tender_period() -> None:
    of_bids = {"amend", "extend", "suspend", "resume", "prolong", "close", "open"}
    for stage in PREQUALIFYING:
        assert STATUS_OF[stage] is TenderStatus.ACTIVE
        assert not of_bids & {*TENDER.allowed(stage)}
    assert "publish_prequalification" in LOT.allowed(LotStatus.PLANNED)


@pytest.mark.parametrize("status", SubmissionStatus)
def test_only_a_pending_application_changes(status: SubmissionStatus) -> None:
    allowed = {"replace", "confirm", "withdraw", "lapse"}
    expected = allowed if status is SubmissionStatus.PENDING else set()
    assert {*SUBMISSION.allowed(status)} == expected


responses = st.fixed_dictionaries(
    {}, optional={"years": st.integers(0, 9), "licence": st.booleans(), "parent": st.booleans()}
)
said = st.lists(
    st.builds(
        Finding,
        st.sampled_from(["years", "licence", "parent", "other"]),
        st.booleans(),
        st.one_of(st.none(), st.just("because")),
    ),
    max_size=6,
)


@given(responses, said)
def test_findings_that_pass_are_of_the_criteria_once_and_never_above_the_response(
    answers: dict[str, int | bool], findings: list[Finding]
) -> None:
    faults = rules.finding_faults(CRITERIA, answers, findings, lambda pattern, text: False)
    named = [each.requirement_id for each in findings]
    if not faults:
        assert len({*named}) == len(named)
        assert "other" not in named
        for each in findings:
            assert each.met or each.reason
            if each.met:
                value = answers[each.requirement_id]
                assert value >= 3 if each.requirement_id == "years" else value is True
    assert all(fault.pointer.startswith("#/findings/") for fault in faults)


@given(st.sets(st.sampled_from(["years", "licence", "parent"])))
def test_a_criterion_is_met_by_any_of_its_groups_in_full(met: set[str]) -> None:
    findings = [Finding(id, True) for id in met]
    expected = {"years", "licence"} <= met or "parent" in met
    assert (rules.unmet(CRITERIA, findings) == []) is expected


@given(responses)
def test_something_must_be_found_about_every_answer(answers: dict[str, int | bool]) -> None:
    assert {*rules.unfound(CRITERIA, answers, [])} == {*answers}
    assert rules.unfound(CRITERIA, answers, [Finding(id, False, "no") for id in answers]) == []


def test_the_time_to_apply_and_to_complain_are_those_of_the_policy() -> None:
    days = Duration(21, DayUnit.CALENDAR, Rounding.NONE)
    table = Timetable(WorkCalendar("KG", {}, {}))
    law = policy(prequalification_duration=days, prequalification_standstill=None)

    assert rules.earliest_end(table, law, published_at=NOW) == NOW + timedelta(days=21)
    assert rules.standstill_end(table, law, announced_at=NOW) == NOW
    law = policy(prequalification_duration=None, prequalification_standstill=days)
    assert rules.earliest_end(table, law, published_at=NOW) == NOW
    assert rules.standstill_end(table, law, announced_at=NOW) == NOW + timedelta(days=21)


@pytest.mark.parametrize(
    ("wanted", "end", "criteria", "codes"),
    [
        (False, None, [], []),
        (False, NOW, [], ["no_prequalification"]),
        (True, NOW, CRITERIA, []),
        (True, None, [], ["missing", "missing"]),
        (True, NOW, [Criterion("c", [[YEARS]], "lot_1")], []),
    ],
)
def test_a_prequalification_needs_its_end_and_criteria(
    wanted: bool, end: datetime | None, criteria: list[Criterion], codes: list[str]
) -> None:
    found = rules.terms_faults(policy(prequalification=wanted), period_end=end, criteria=criteria)
    assert [each.code for each in found] == codes


@given(
    met=st.frozensets(st.sampled_from(["all", "one", "two"])),
    lots=st.lists(st.sampled_from(["lot_1", "lot_2", "lot_3"]), unique=True),
)
def test_a_candidate_qualifies_for_a_lot_when_the_criteria_of_all_and_its_own_are_met(
    met: frozenset[str], lots: list[str]
) -> None:
    of = {"all": None, "one": "lot_1", "two": "lot_2"}
    asked = [
        Criterion(id, [[Requirement(id, DataType.BOOLEAN, expected_value=True)]], lot)
        for id, lot in of.items()
    ]
    needed = {"lot_1": {"all", "one"}, "lot_2": {"all", "two"}, "lot_3": {"all"}}
    findings = [Finding(id, id in met) for id in of]

    found = rules.qualified_lots(asked, findings, lots)

    assert found == [lot for lot in lots if needed[lot] <= met]
    responses = [(id, True) for id in met]
    codes = {each.code for each in rules.response_faults(asked, responses, lots)}
    assert ("criterion_unanswered" in codes) == ("all" not in met)
    answered = [lot for lot in lots if needed[lot] - {"all"} <= met]
    assert ("no_lot_answered" in codes) == (bool(lots) and not answered and "all" in met) or (
        "all" not in met
    )


def test_the_time_to_apply_does_not_end_while_something_is_due() -> None:
    assert rules.closes(Obstacles())
    for held in (
        Obstacles(unanswered=1),
        Obstacles(complaint_open=True),
        Obstacles(cancellation_pending=True),
    ):
        assert not rules.closes(held)


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("stage", TenderStage)
def test_nobody_knows_candidates_before_results_are_announced(
    stage: TenderStage, hidden: bool
) -> None:
    told = rules.is_revealed(stage, names_hidden=hidden)
    if stage in (_T.PREQUALIFICATION, _T.QUALIFICATION_PENDING):
        assert not told
    if stage in (_T.PUBLISHED, _T.BID_OPENING_PENDING, _T.PREQUALIFICATION_STANDSTILL):
        assert told is not hidden
    if stage in (_T.BIDS_OPENED, _T.CANCELLED, _T.UNSUCCESSFUL, _T.CONTRACT_SIGNED):
        assert told
