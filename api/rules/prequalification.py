"""Prequalification: applications of candidates, what is found about each, who is invited. Pure.

A candidate answers the criteria of a tender in its submission (the application). The commission
records a finding per requirement, one person proposes, another decides; from the findings alone
follows whether a candidate can be qualified. Whether an application is late is told by
`rules.tenders.has_ended` alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.rules import shortlists
from api.rules.criteria import Criterion, Matches, RelatesTo, Value, shortfall, typed
from api.rules.enquiries import OPENED_STAGES
from api.rules.period_end import Obstacles
from api.rules.periods import Timetable
from api.rules.policy import Policy
from api.rules.shortlists import Shortlist
from api.rules.states import Machine
from api.rules.tenders import STATUS_OF, Fault, TenderStage, TenderStatus


class SubmissionStatus(StrEnum):
    """Where an application stands; it lapses when it does not answer criteria that were changed."""

    PENDING = "pending"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class QualificationStatus(StrEnum):
    """What was decided about an application, in the words of OpenProcurement."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUCCESSFUL = "unsuccessful"
    CANCELLED = "cancelled"


class QualificationCause(StrEnum):
    """Why a decision fell: a complaint was right, the commission corrects itself before anybody
    was told, or the candidate is debarred on the day of the invitations."""

    COMPLAINT = "complaint"
    CORRECTION = "correction"
    DEBARMENT = "debarment"


class Shortfall(StrEnum):
    """Why a tender is unsuccessful before it takes bids."""

    TOO_FEW_APPLICATIONS = "tooFewApplications"
    TOO_FEW_QUALIFIED = "tooFewQualified"


_S, _Q = SubmissionStatus, QualificationStatus
SUBMISSION = Machine(
    {
        "replace": (frozenset({_S.PENDING}), _S.PENDING),
        "confirm": (frozenset({_S.PENDING}), _S.PENDING),
        "withdraw": (frozenset({_S.PENDING}), _S.WITHDRAWN),
        "lapse": (frozenset({_S.PENDING}), _S.LAPSED),
    }
)
QUALIFICATION = Machine(
    {
        "propose": (frozenset({_Q.PENDING}), _Q.PENDING),
        "approve": (frozenset({_Q.PENDING}), _Q.ACTIVE),
        "reject": (frozenset({_Q.PENDING}), _Q.UNSUCCESSFUL),
        "cancel": (frozenset({_Q.ACTIVE, _Q.UNSUCCESSFUL}), _Q.CANCELLED),
    }
)
DECIDED = frozenset({_Q.ACTIVE, _Q.UNSUCCESSFUL})
REVEALED_STAGES = OPENED_STAGES
"""Stages in which candidates are known to everybody, as bidders are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a candidate meets one requirement, and why not."""

    requirement_id: str
    met: bool
    reason: str | None = None


def terms_faults(
    policy: Policy,
    *,
    period_end: datetime | None,
    criteria: Sequence[Criterion],
    shortlist: Shortlist | None = None,
) -> list[Fault]:
    """What keeps a tender from being published with, or without, a prequalification."""
    pointer = "#/prequalification_period_end"
    if not policy.prequalification:
        faults = shortlists.terms_faults(policy, criteria, shortlist)
        if period_end is not None:
            detail = "has no place in this procedure"
            faults.insert(0, Fault(pointer, "no_prequalification", detail))
        return faults
    faults = []
    if period_end is None:
        faults.append(Fault(pointer, "missing", "is needed: candidates apply until then"))
    if not criteria:
        faults.append(Fault("#/criteria", "missing", "are needed to qualify candidates by"))
    return faults + shortlists.terms_faults(policy, criteria, shortlist)


def earliest_end(table: Timetable, policy: Policy, *, published_at: datetime) -> datetime:
    """The first instant at which candidates have had the time that the policy gives them."""
    if policy.prequalification_duration is None:
        return published_at
    return table.after(published_at, policy.prequalification_duration)


def standstill_end(table: Timetable, policy: Policy, *, announced_at: datetime) -> datetime:
    """Until when decisions can be complained about; the announcement itself where the law has no
    such time."""
    if policy.prequalification_standstill is None:
        return announced_at
    return table.after(announced_at, policy.prequalification_standstill)


def response_faults(
    criteria: Sequence[Criterion],
    responses: Sequence[tuple[str, Value]],
    lots: Collection[str] = (),
) -> list[Fault]:
    """Responses of an application, as (requirement, value), that nobody asked for or that have not
    its type, and criteria of the tenderer none of whose groups is answered in full.

    Criteria of one lot are answered by who wants to bid for it: for one of the `lots`, all of its
    own must be. Whether an answer is good enough is found by the commission. What relates to lots
    and items is answered with the bid.
    """
    asked = {one.id: one for each in criteria for group in each.groups for one in group}
    faults = [
        Fault(f"#/requirement_responses/{n}", "response_unfit", "is not asked or of another type")
        for n, (id, value) in enumerate(responses)
        if id not in asked or typed(asked[id].data_type, value) is None
    ]
    answered = {id for id, _ in responses}
    open_criteria = [
        each
        for each in criteria
        if each.relates_to is RelatesTo.TENDERER
        and not any(all(one.id in answered for one in group) for group in each.groups)
    ]
    pointer = "#/requirement_responses"
    faults += [
        Fault(pointer, "criterion_unanswered", f"{each.id} is not answered in full")
        for each in open_criteria
        if each.lot is None
    ]
    if lots and not {*lots} - {each.lot for each in open_criteria}:
        detail = "the criteria of no lot are answered in full"
        faults.append(Fault(pointer, "no_lot_answered", detail))
    return faults


def finding_faults(
    criteria: Sequence[Criterion],
    responses: Mapping[str, Value],
    findings: Sequence[Finding],
    matches: Matches,
) -> list[Fault]:
    """Findings that are about nothing, said twice, without a reason, or against the response.

    A requirement is not found to be met by a response that has not its type, pattern, value or
    bounds: everybody is measured alike.
    """
    asked = {one.id: one for each in criteria for group in each.groups for one in group}
    faults, seen = [], set[str]()
    for n, finding in enumerate(findings):
        pointer, id = f"#/findings/{n}", finding.requirement_id
        if id not in asked or id in seen:
            code = "found_twice" if id in seen else "unknown_requirement"
            faults.append(Fault(f"{pointer}/requirement_id", code, "is not one to find about"))
        elif finding.met and (
            id not in responses or shortfall(asked[id], responses[id], matches) is not None
        ):
            detail = "the response does not meet the requirement"
            faults.append(Fault(f"{pointer}/met", "response_does_not_meet", detail))
        elif not finding.met and not finding.reason:
            faults.append(Fault(f"{pointer}/reason", "missing", "is needed where it is not met"))
        seen.add(id)
    return faults


def unfound(
    criteria: Sequence[Criterion],
    responses: Mapping[str, Value],
    findings: Sequence[Finding],
) -> list[str]:
    """Ids of answered requirements that nothing was found about: reasons are given for each."""
    found = {each.requirement_id for each in findings}
    asked = (one.id for each in criteria for group in each.groups for one in group)
    return [id for id in asked if id in responses and id not in found]


def unmet(criteria: Sequence[Criterion], findings: Sequence[Finding]) -> list[str]:
    """Ids of the criteria none of whose groups is met in full."""
    met = {each.requirement_id for each in findings if each.met}
    return [
        criterion.id
        for criterion in criteria
        if not any(all(one.id in met for one in group) for group in criterion.groups)
    ]


def qualified_lots(
    criteria: Sequence[Criterion], findings: Sequence[Finding], lots: Sequence[str]
) -> list[str]:
    """Those of the lots that a candidate qualifies for: every criterion of the tender and every one
    of the lot is met."""
    open_criteria = {*unmet(criteria, findings)}
    failed = {each.lot for each in criteria if each.id in open_criteria}
    return [] if None in failed else [lot for lot in lots if lot not in failed]


def tells_lots_apart(criteria: Sequence[Criterion], shortlist: Shortlist | None) -> bool:
    """Whether candidates are qualified, or chosen, for single lots."""
    return shortlist is not None or any(each.lot is not None for each in criteria)


def closes(obstacles: Obstacles) -> bool:
    """Whether the time to apply ends now: not while an answer, or a decision on the terms, is due
    by which candidates may still want to apply."""
    return not obstacles.any


def enough(policy: Policy, candidates: int) -> bool:
    """Whether there are as many candidates as the policy demands, one in any case."""
    return candidates >= max(policy.min_candidates, 1)


def ready(statuses: Collection[QualificationStatus]) -> bool:
    """Whether results can be announced: nothing is pending."""
    return QualificationStatus.PENDING not in statuses


def is_revealed(stage: TenderStage, *, names_hidden: bool) -> bool:
    """Whether everybody may know who applied: where the rules do not hide names, once results are
    announced; elsewhere when the bids are opened, or the procedure is over."""
    if STATUS_OF[stage] is not TenderStatus.ACTIVE or stage in REVEALED_STAGES:
        return True
    deciding = {TenderStage.PREQUALIFICATION, TenderStage.QUALIFICATION_PENDING}
    return not names_hidden and stage not in deciding


PHASES: Mapping[str, str] = {
    "amend": "amend_prequalification",
    "extend": "extend_prequalification",
    "resume": "extend_prequalification",
}
"""What an action on the tender period is called while candidates apply."""


def action_in(stage: TenderStage, action: str) -> str:
    """The tender's action that does `action` with the period that runs at this stage."""
    return PHASES.get(action, action) if stage is TenderStage.PREQUALIFICATION else action
