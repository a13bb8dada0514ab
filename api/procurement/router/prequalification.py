"""Routes of the prequalification of a tender: applications, findings, decisions, results."""

from typing import Annotated, Any

from api.core import ids
from api.core.errors import Conflict, PreconditionFailed, PublicationInvalid
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.debarments import SupplierDebarred
from api.procurement import service
from api.procurement.models import Qualification, Submission, SubmissionTenderer, Tender
from api.procurement.schemas import TenderId, TenderOut
from api.procurement.schemas.ids import QualificationId, SubmissionId
from api.procurement.schemas.prequalification import (
    CandidateOut,
    PrequalificationOut,
    ProposalIn,
    QualificationOut,
    QualificationReasonIn,
    SubmissionContentIn,
    SubmissionIn,
    SubmissionOut,
    SubmissionSummary,
)
from api.procurement.service import (
    applications,
    commissions,
    prequalification,
    prequalification_views,
    qualifications,
)
from api.procurement.service import prequalification_problems as problems
from api.procurement.service.applications import Held
from api.procurement.service.award_problems import FourEyes
from api.procurement.service.evaluation_problems import ConflictDeclared, ConflictUndeclared
from api.reference.calendars import CalendarYearMissing

of_tender = access.router("/tenders", "prequalification")
of_submission = access.router("/submissions", "prequalification")
of_qualification = access.router("/qualifications", "prequalification")
Read = Annotated[Context, require("tenders:read")]
Own = Annotated[Context, require("bids:read")]
Apply = Annotated[Context, require("bids:write")]
Qualify = Annotated[Context, require("evaluations:write")]
Announce = Annotated[Context, require("evaluations:write", if_match=True)]
_DECLARED = (ConflictUndeclared, ConflictDeclared)
_CHANGED = (Conflict, PreconditionFailed)
_IN_TIME = (problems.ApplicationPeriodEnded, problems.NoPrequalification)


@of_tender.get(
    "/{tender_id}/prequalification",
    response_model=PrequalificationOut,
    responses=documented(problems.NoPrequalification),
)
def get(tender_id: TenderId, ctx: Read) -> dict[str, Any]:
    """Where a prequalification stands, what it asks, and, where the rules let it be known, who
    applied."""
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return prequalification_views.overview(ctx.session, tender, org_id=ctx.org_id)


@of_tender.post(
    "/{tender_id}/submissions",
    status_code=201,
    response_model=SubmissionOut,
    responses=documented(
        *_IN_TIME,
        service.OwnTender,
        SupplierDebarred,
        problems.SubmissionExists,
        problems.SubmissionUnfit,
        Conflict,
    ),
)
def submit(tender_id: TenderId, data: SubmissionIn, ctx: Apply) -> dict[str, Any]:
    """Apply: answer the criteria of the tender, before `prequalification_period_end` by the
    database's clock. Only your organisation sees the application until then."""
    found = applications.submit(
        ctx.session, supplier_id=ctx.org_id, tender_id=tender_id, actor=ctx.actor, data=data
    )
    ctx.headers["Location"] = f"/v1/submissions/{ids.show('submission', found.id)}"
    return _shown(ctx, found)


@of_tender.get(
    "/{tender_id}/submissions",
    response_model=Page[SubmissionSummary],
    responses=documented(*_DECLARED),
)
def list_submissions(tender_id: TenderId, ctx: Read, page: PageDep) -> Page[Any]:
    """Your own applications; the buyer's commission sees all once the time to apply is over, and
    everybody when the rules let candidates be known."""
    commissions.refuse_undeclared(ctx.session, ctx.caller, tender_id)
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    rows, cursor = prequalification_views.list_submissions(
        ctx.session, org_id=ctx.org_id, page=page, tender=tender
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@of_tender.get(
    "/{tender_id}/qualifications",
    response_model=Page[QualificationOut],
    responses=documented(*_DECLARED),
)
def list_qualifications(tender_id: TenderId, ctx: Read) -> Page[Any]:
    """What was decided about candidates: all for the buyer, your own once it is announced."""
    commissions.refuse_undeclared(ctx.session, ctx.caller, tender_id)
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    rows = prequalification_views.list_qualifications(ctx.session, tender, org_id=ctx.org_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@of_tender.post(
    "/{tender_id}/announce-qualifications",
    response_model=TenderOut,
    responses=documented(
        problems.QualificationsPending,
        CalendarYearMissing,
        PublicationInvalid,
        *_DECLARED,
        *_CHANGED,
    ),
)
def announce(tender_id: TenderId, ctx: Announce) -> Tender:
    """Tell every candidate what was decided about it. When the time to complain about it is over,
    the qualified are invited."""
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    prequalification.announce(ctx.session, tender, caller=ctx.caller)
    ctx.tag(tender)
    return tender


@of_submission.get("", response_model=Page[SubmissionSummary])
def list(ctx: Own, page: PageDep) -> Page[Any]:
    """Your organisation's applications, newest first."""
    rows, cursor = prequalification_views.list_submissions(
        ctx.session, org_id=ctx.org_id, page=page
    )
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@of_submission.get(
    "/{submission_id}", response_model=SubmissionOut, responses=documented(*_DECLARED)
)
def get_submission(submission_id: SubmissionId, ctx: Read) -> dict[str, Any]:
    """An application: your own, or one that you may know of. Its result, once it is announced."""
    found = prequalification_views.get_submission(
        ctx.session, org_id=ctx.org_id, submission_id=submission_id
    )
    commissions.refuse_undeclared(ctx.session, ctx.caller, found.tender_id)
    return _shown(ctx, found)


@of_submission.post(
    "/{submission_id}/replace",
    response_model=SubmissionOut,
    responses=documented(*_IN_TIME, problems.SubmissionUnfit, *_CHANGED),
)
def replace(submission_id: SubmissionId, data: SubmissionContentIn, ctx: Apply) -> dict[str, Any]:
    """Put other answers in the place of the earlier ones, before the deadline."""
    found, held = _own(ctx, submission_id)
    applications.replace(ctx.session, found, held, actor=ctx.actor, data=data)
    return _shown(ctx, found)


@of_submission.post(
    "/{submission_id}/withdraw",
    response_model=SubmissionOut,
    responses=documented(*_IN_TIME, *_CHANGED),
)
def withdraw(submission_id: SubmissionId, ctx: Apply) -> dict[str, Any]:
    """Take an application back before the deadline; you may apply again."""
    found, held = _own(ctx, submission_id)
    applications.withdraw(ctx.session, found, held, actor=ctx.actor)
    return _shown(ctx, found)


@of_submission.post(
    "/{submission_id}/confirm",
    response_model=SubmissionOut,
    responses=documented(*_IN_TIME, problems.SubmissionUnfit, *_CHANGED),
)
def confirm(submission_id: SubmissionId, ctx: Apply) -> dict[str, Any]:
    """Let an application stand after the criteria were changed; unconfirmed, it lapses."""
    found, _ = _own(ctx, submission_id)
    applications.confirm(ctx.session, found, actor=ctx.actor)
    return _shown(ctx, found)


@of_submission.post(
    "/{submission_id}/join",
    response_model=CandidateOut,
    responses=documented(*_IN_TIME, problems.SubmissionExists, SupplierDebarred, Conflict),
)
def join(submission_id: SubmissionId, ctx: Apply) -> SubmissionTenderer:
    """Be a member of the consortium of an application that names you; then you are in no other."""
    return applications.join(
        ctx.session, org_id=ctx.org_id, submission_id=submission_id, actor=ctx.actor, joins=True
    )


@of_submission.post(
    "/{submission_id}/leave",
    response_model=CandidateOut,
    responses=documented(*_IN_TIME, Conflict),
)
def leave(submission_id: SubmissionId, ctx: Apply) -> SubmissionTenderer:
    """Leave the consortium of an application before the deadline."""
    return applications.join(
        ctx.session, org_id=ctx.org_id, submission_id=submission_id, actor=ctx.actor, joins=False
    )


@of_qualification.get(
    "/{qualification_id}", response_model=QualificationOut, responses=documented(*_DECLARED)
)
def get_qualification(qualification_id: QualificationId, ctx: Read) -> Qualification:
    """What was found and decided about a candidate."""
    found = prequalification_views.get_qualification(
        ctx.session, org_id=ctx.org_id, qualification_id=qualification_id
    )
    commissions.refuse_undeclared(ctx.session, ctx.caller, found.tender_id)
    ctx.tag(found)
    return found


@of_qualification.post(
    "/{qualification_id}/propose",
    response_model=QualificationOut,
    responses=documented(problems.FindingsUnfit, *_DECLARED, *_CHANGED),
)
def propose(qualification_id: QualificationId, data: ProposalIn, ctx: Qualify) -> Qualification:
    """Record what was found about every requirement that the candidate answered."""
    tender, found = _held(ctx, qualification_id)
    qualifications.propose(ctx.session, tender, found, caller=ctx.caller, data=data)
    ctx.tag(found)
    return found


_DECIDED = documented(
    problems.QualificationNotProposed, problems.CriteriaUnmet, FourEyes, *_DECLARED, *_CHANGED
)


@of_qualification.post(
    "/{qualification_id}/approve", response_model=QualificationOut, responses=_DECIDED
)
def approve(
    qualification_id: QualificationId, data: QualificationReasonIn, ctx: Qualify
) -> Qualification:
    """Qualify a candidate of whom every criterion is met; by another than who found so."""
    return _decided(ctx, qualification_id, "approve", data)


@of_qualification.post(
    "/{qualification_id}/reject", response_model=QualificationOut, responses=_DECIDED
)
def reject(
    qualification_id: QualificationId, data: QualificationReasonIn, ctx: Qualify
) -> Qualification:
    """Decide that a candidate does not meet a criterion; by another than who found so."""
    return _decided(ctx, qualification_id, "reject", data)


@of_qualification.post(
    "/{qualification_id}/correct",
    response_model=QualificationOut,
    responses=documented(problems.AlreadyAnnounced, *_DECLARED, *_CHANGED),
)
def correct(
    qualification_id: QualificationId, data: QualificationReasonIn, ctx: Qualify
) -> Qualification:
    """Take a decision back that was not announced yet; the answer is the new, pending one."""
    tender, found = _held(ctx, qualification_id)
    again = qualifications.correct(
        ctx.session, tender, found, caller=ctx.caller, reason=data.reason
    )
    ctx.tag(again)
    return again


def _decided(
    ctx: Context, qualification_id: QualificationId, action: str, data: QualificationReasonIn
) -> Qualification:
    tender, found = _held(ctx, qualification_id)
    qualifications.decide(ctx.session, tender, found, action, caller=ctx.caller, reason=data.reason)
    ctx.tag(found)
    return found


def _held(ctx: Context, qualification_id: QualificationId) -> tuple[Tender, Qualification]:
    tender, found = qualifications.hold(
        ctx.session, buyer_id=ctx.org_id, qualification_id=qualification_id
    )
    ctx.check_version(found)
    return tender, found


def _own(ctx: Context, submission_id: SubmissionId) -> tuple[Submission, Held]:
    found, held = applications.lock(
        ctx.session, supplier_id=ctx.org_id, submission_id=submission_id
    )
    ctx.check_version(found)
    return found, held


def _shown(ctx: Context, found: Submission) -> dict[str, Any]:
    ctx.tag(found)
    return prequalification_views.shown(ctx.session, found, org_id=ctx.org_id)
