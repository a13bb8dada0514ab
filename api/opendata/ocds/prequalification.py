"""The section of a release about the prequalification: its periods, and, once the rules of the
tender let candidates be known, who applied and what was decided."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from api.core import ids
from api.opendata.ocds.process import Process, Section
from api.opendata.ocds.values import Json, compact, instant, period
from api.procurement import service as procurement
from api.procurement.models import Qualification, Submission
from api.procurement.service import applications, prequalification_views, submissions
from api.rules.prequalification import QualificationStatus

_STATUS = {QualificationStatus.ACTIVE: "valid", QualificationStatus.UNSUCCESSFUL: "disqualified"}


def prequalification(process: Process) -> Section:
    """`preQualification`, `submissions` and `qualifications`; nothing of a tender without one."""
    tender = process.tender
    if tender.prequalification_period_end is None:
        return Section({})
    announced, terms = _announced(process), submissions.find(process.session, tender.id)
    shortlist = submissions.shortlist_of(terms)
    starts = [each.announced_at for each in announced if each.announced_at is not None]
    facts = compact(
        {
            "period": period(
                instant(tender.published_at), instant(tender.prequalification_period_end)
            ),
            "standstillPeriod": period(
                instant(min(starts, default=None)),
                instant(tender.prequalification_standstill_end),
            ),
            "minimumCandidates": procurement.policy_of(tender).min_candidates,
            "maximumCandidates": shortlist and shortlist.maximum,
            "candidateRanking": shortlist
            and [
                {"requirement": key.requirement_id, "order": key.order.value}
                for key in shortlist.ranked_by
            ],
            "unsuccessfulReason": tender.unsuccessful_reason,
        }
    )
    if not prequalification_views.revealed(tender):
        return Section({"preQualification": facts})
    found = _opened(process)
    candidates = {each.id: _candidates(process, each) for each in found}
    roles = {org_id: {"interestedParty"} for named in candidates.values() for org_id in named}
    process.learn(roles)
    latest = {each.submission_id: each for each in announced}
    members: Json = {"preQualification": facts}
    if found:
        members["submissions"] = {
            "details": [
                _submission(process, each, candidates[each.id], latest.get(each.id))
                for each in found
            ]
        }
    if announced:
        members["qualifications"] = [_qualification(each) for each in announced]
    return Section(members, roles)


def _announced(process: Process) -> Sequence[Qualification]:
    return process.session.exec(
        select(Qualification)
        .where(
            Qualification.tender_id == process.tender.id,
            col(Qualification.announced_at).is_not(None),
        )
        .order_by(col(Qualification.id))
        .execution_options(populate_existing=True)
    ).all()


def _opened(process: Process) -> Sequence[Submission]:
    return process.session.exec(
        select(Submission)
        .where(Submission.tender_id == process.tender.id, col(Submission.opened_at).is_not(None))
        .order_by(col(Submission.id))
    ).all()


def _candidates(process: Process, submission: Submission) -> list[UUID]:
    """The lead, and the members that have joined."""
    members = [
        each.organisation_id
        for each in applications.tenderers(process.session, submission.id)
        if each.accepted_at is not None
    ]
    return [*dict.fromkeys([submission.supplier_id, *members])]


def _submission(
    process: Process,
    submission: Submission,
    candidates: Sequence[UUID],
    decision: Qualification | None,
) -> Json:
    return {
        "id": ids.show("submission", submission.id),
        "date": instant(submission.received_at),
        "status": _STATUS.get(decision.status, "disqualified") if decision else "pending",
        "candidates": [process.reference(org_id) for org_id in candidates],
    }


def _qualification(found: Qualification) -> Json:
    return compact(
        {
            "id": ids.show("qualification", found.id),
            "date": instant(found.cancelled_at or found.decided_at),
            "status": found.status.value,
            "description": found.cancellation_reason or found.decision,
            "relatedSubmission": ids.show("submission", found.submission_id),
            "invitationDate": instant(found.invited_at),
            "relatedLots": found.invited_lots
            and [ids.show("lot", lot) for lot in found.invited_lots],
        }
    )
