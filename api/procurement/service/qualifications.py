"""What the commission finds and decides about candidates. Never commits.

Functions that change something take the tender locked: decisions about a tender are taken one
after the other. Nothing here is told in the tender's trail, which is public: it would say how many
have applied.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, db, deadlines, ids, patterns
from api.core.errors import Conflict, FieldError, NotFound
from api.core.outbox import emit
from api.identity.service import Caller
from api.procurement.models import Qualification, Submission, Tender
from api.procurement.schemas.prequalification import ProposalIn
from api.procurement.service import commissions, shortlists, submissions, tenders, terms
from api.procurement.service.award_problems import FourEyes
from api.procurement.service.prequalification_problems import (
    AlreadyAnnounced,
    CriteriaUnmet,
    FindingsUnfit,
    QualificationNotProposed,
)
from api.rules import prequalification as rules
from api.rules.criteria import Criterion, Value
from api.rules.prequalification import (
    QUALIFICATION,
    Finding,
    QualificationCause,
    QualificationStatus,
)
from api.rules.states import IllegalTransition
from api.rules.tenders import Fault, TenderStage


def begin(session: Session, tender: Tender, found: Sequence[Submission]) -> None:
    """A pending qualification for each application that stands, when the time to apply is over."""
    for submission in found:
        new = _new(tender, submission.id, submission.supplier_id)
        _log(session, new, "begin", tenders.CLOCK, {})


def propose(
    session: Session, tender: Tender, found: Qualification, *, caller: Caller, data: ProposalIn
) -> Qualification:
    """Record what was found about each requirement that the candidate answered, and why.

    Raises Conflict, ConflictUndeclared, ConflictDeclared or FindingsUnfit.
    """
    _require_deciding(session, tender, caller)
    criteria, responses = _asked(session, tender), _responses(session, found)
    findings = [Finding(each.requirement_id, each.met, each.reason) for each in data.findings]
    faults = rules.finding_faults(criteria, responses, findings, patterns.matches) + [
        Fault("#/findings", "not_found_about", f"{id} was answered, and nothing is found about it")
        for id in rules.unfound(criteria, responses, findings)
    ]
    if faults:
        raise FindingsUnfit(errors=terms.field_errors(faults))
    found.findings = [each.model_dump() for each in data.findings]
    found.proposed_by, found.proposal = caller.actor, data.reason
    _move(session, found, "propose", caller.actor, {"findings": found.findings})
    return found


def decide(
    session: Session,
    tender: Tender,
    found: Qualification,
    action: str,
    *,
    caller: Caller,
    reason: str,
) -> Qualification:
    """Qualify a candidate, or do not (`approve`, `reject`): as the findings say, for the lots whose
    criteria are met, and by another than who proposed them.

    Raises Conflict, ConflictUndeclared, ConflictDeclared, QualificationNotProposed, FourEyes or
    CriteriaUnmet.
    """
    _require_deciding(session, tender, caller)
    if action not in QUALIFICATION.allowed(found.status):
        raise Conflict(f"The qualification is {found.status}.")
    if found.proposed_by is None:
        raise QualificationNotProposed
    if found.proposed_by == caller.actor:
        raise FourEyes
    criteria, findings = _asked(session, tender), _findings(found)
    open_criteria = rules.unmet(criteria, findings)
    active = {ids.show("lot", lot.id): lot.id for lot in shortlists.active_lots(tender)}
    lots = rules.qualified_lots(criteria, findings, [*active])
    if (action == "approve") is not bool(lots):
        raise CriteriaUnmet(
            errors=[
                FieldError(pointer=f"#/criteria/{id}", code="unmet", detail="is not met")
                for id in open_criteria
            ]
        )
    if lots and shortlists.tells_lots_apart(session, tender):
        found.lots = [active[lot] for lot in lots]
    found.decided_by, found.decided_at, found.decision = caller.actor, db.now(session), reason
    _move(session, found, action, caller.actor, {"reason": reason})
    return found


def correct(
    session: Session, tender: Tender, found: Qualification, *, caller: Caller, reason: str
) -> Qualification:
    """Take a decision back that nobody was told yet; the new, pending one.

    Raises Conflict, ConflictUndeclared, ConflictDeclared or AlreadyAnnounced.
    """
    commissions.require_cleared(session, tender, caller)
    if found.announced_at is not None:
        raise AlreadyAnnounced
    _require_deciding(session, tender, caller)
    cause = QualificationCause.CORRECTION
    return cancel(session, tender, found, actor=caller.actor, cause=cause, reason=reason)


def cancel(
    session: Session,
    tender: Tender,
    found: Qualification,
    *,
    actor: str,
    cause: QualificationCause,
    reason: str,
) -> Qualification:
    """End a decision; the candidate is decided about anew, by the qualification returned.

    Raises Conflict when the candidates have been invited already.
    """
    _end(session, found, cause, reason, actor)
    if tender.status_details is TenderStage.PREQUALIFICATION_STANDSTILL:
        deadlines.disarm(session, tenders.STANDSTILL_ENDED, tender.id)
        change = {"reason": reason}
        tenders.move(session, tender, "repeat_qualification", actor=actor, change=change)
    elif tender.status_details is not TenderStage.QUALIFICATION_PENDING:
        raise Conflict(f"The tender is {tender.status_details}: nobody is qualified anew.")
    again = _new(tender, found.submission_id, found.supplier_id)
    _log(session, again, "begin", actor, {"after": found.id.hex})
    return again


def exclude(session: Session, found: Qualification, *, actor: str, reason: str) -> None:
    """End the qualification of a candidate that is debarred when the others are invited."""
    _end(session, found, QualificationCause.DEBARMENT, reason, actor)


def renew(session: Session, found: Qualification, *, actor: str) -> Qualification:
    """The same decision again, to be announced anew: since it was, others have been put before or
    behind the candidate."""
    again = Qualification(
        **found.model_dump(
            include={"tender_id", "submission_id", "supplier_id", "buyer_id", "findings", "lots"}
        ),
        **found.model_dump(include={"proposed_by", "proposal", "decided_by", "decided_at"}),
        decision=found.decision,
        status=found.status,
    )
    _end(session, found, QualificationCause.COMPLAINT, "The shortlist has changed.", actor)
    session.flush()
    _log(session, again, "renew", actor, {"after": found.id.hex})
    return again


def announce(
    session: Session,
    found: Qualification,
    *,
    actor: str,
    now: datetime,
    until: datetime,
    shortlisted: Sequence[UUID] | None = None,
) -> None:
    """Tell the candidate what was decided, for which lots it is among the first where not all are
    invited, and until when it can be complained about."""
    found.announced_at, found.standstill_end = now, until
    found.shortlisted = None if shortlisted is None else [*shortlisted]
    found.version += 1
    change: dict[str, Any] = {"status": found.status, "standstill_end": until.isoformat()}
    if shortlisted is not None:
        change["shortlisted"] = [each.hex for each in shortlisted]
    _log(session, found, "announce", actor, change)
    _tell(session, found, "qualification.announced")


def invite(
    session: Session,
    found: Qualification,
    *,
    actor: str,
    now: datetime,
    lots: Sequence[UUID] | None = None,
) -> None:
    """Let a qualified candidate bid, for these lots; None: for all."""
    found.invited_at, found.invited_lots = now, None if lots is None else [*lots]
    found.version += 1
    _log(session, found, "invite", actor, {})
    _tell(session, found, "qualification.invited")


def live(session: Session, tender_id: UUID) -> Sequence[Qualification]:
    """The qualifications of a tender that have not been cancelled, in the order of applications."""
    session.flush()
    return session.exec(
        select(Qualification)
        .where(
            Qualification.tender_id == tender_id,
            Qualification.status != QualificationStatus.CANCELLED,
        )
        .order_by(col(Qualification.submission_id))
    ).all()


def lock(session: Session, tender: Tender, qualification_id: UUID) -> Qualification:
    """A qualification of the locked tender, as it is now; NotFound."""
    query = select(Qualification).where(
        Qualification.id == qualification_id, Qualification.tender_id == tender.id
    )
    found = session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold(
    session: Session, *, buyer_id: UUID, qualification_id: UUID
) -> tuple[Tender, Qualification]:
    """The buyer's own tender and a qualification of it, both locked; NotFound."""
    tender_id = session.exec(
        select(Qualification.tender_id).where(
            Qualification.id == qualification_id, Qualification.buyer_id == buyer_id
        )
    ).one_or_none()
    if tender_id is None:
        raise NotFound
    tender = tenders.lock(session, buyer_id=buyer_id, tender_id=tender_id)
    return tender, lock(session, tender, qualification_id)


def _new(tender: Tender, submission_id: UUID, supplier_id: UUID) -> Qualification:
    return Qualification(
        tender_id=tender.id,
        submission_id=submission_id,
        supplier_id=supplier_id,
        buyer_id=tender.buyer_id,
        findings=[],
    )


def _require_deciding(session: Session, tender: Tender, caller: Caller) -> None:
    commissions.require_cleared(session, tender, caller)
    if tender.status_details is not TenderStage.QUALIFICATION_PENDING:
        raise Conflict(f"The tender is {tender.status_details}: nobody is qualified now.")


def _asked(session: Session, tender: Tender) -> list[Criterion]:
    found = submissions.find(session, tender.id)
    return submissions.criteria_of(found.criteria if found else ())


def _responses(session: Session, found: Qualification) -> dict[str, Value]:
    submission = session.get_one(Submission, found.submission_id)
    return {each["requirement_id"]: each["value"] for each in submission.requirement_responses}


def _findings(found: Qualification) -> list[Finding]:
    return [Finding(e["requirement_id"], e["met"], e["reason"]) for e in found.findings]


def _end(
    session: Session, found: Qualification, cause: QualificationCause, reason: str, actor: str
) -> None:
    found.cancelled_at = db.now(session)
    found.cancellation_cause, found.cancellation_reason = cause, reason
    _move(session, found, "cancel", actor, {"cause": cause, "reason": reason})


def _move(
    session: Session, found: Qualification, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The one place that writes `qualification.status`."""
    try:
        found.status = QUALIFICATION.apply(action, found.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    found.version += 1
    _log(session, found, action, actor, change)
    emit(
        session,
        f"qualification.{_EVENTS[action]}",
        found.id,
        org_id=found.buyer_id,
        tender_id=found.tender_id.hex,
        status=found.status,
        version=found.version,
    )


_EVENTS = {
    "propose": "proposed",
    "approve": "approved",
    "reject": "rejected",
    "cancel": "cancelled",
}


def _log(
    session: Session, found: Qualification, action: str, actor: str, change: dict[str, Any]
) -> None:
    session.add(found)
    session.flush()
    audit.record(
        session,
        f"qualification:{found.id.hex}",
        action,
        actor=actor,
        org_id=found.buyer_id,
        change={"submission": found.submission_id.hex, **change},
    )


def _tell(session: Session, found: Qualification, event: str) -> None:
    """The event that reaches the candidate."""
    emit(
        session,
        event,
        found.id,
        org_id=found.supplier_id,
        tender_id=found.tender_id.hex,
        status=found.status,
        version=found.version,
    )
