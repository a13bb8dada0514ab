"""What the independent commission does with complaints; decisions take effect at once. Never commits.

Functions take the tender and the complaint locked, in this order (`complaints.hold`).
"""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import db, deadlines
from api.core.errors import Conflict, FieldError, Invalid
from api.core.outbox import emit
from api.procurement.models import (
    Amendment,
    Award,
    Complaint,
    ComplaintDecision,
    ComplaintEffect,
    Tender,
)
from api.procurement.service import (
    agreements,
    amendments,
    award_queries,
    awards,
    cancellations,
    complaints,
    evaluations,
    parties,
    periods,
    phases,
    policies,
    qualifications,
    tenders,
)
from api.procurement.service.award_problems import EffectOutstanding, NotTheReviewer
from api.rules import complaints as rules
from api.rules import schedule as windows
from api.rules.amendments import AmendmentCause
from api.rules.awards import AwardStatus, CancellationCause
from api.rules.complaints import (
    BEFORE_INVITATION,
    TERMS,
    ComplaintStatus,
    ComplaintTarget,
    EffectKind,
)
from api.rules.prequalification import QualificationCause
from api.rules.tenders import ANSWERED_STAGES, AWARDING, TenderStage, has_ended

_E = EffectKind


def accept(
    session: Session, complaint: Complaint, *, reviewer_id: UUID, actor: str, rationale: str
) -> Complaint:
    """Take a pending complaint for review; who accepts it decides it."""
    complaint.reviewer_id = reviewer_id
    _decide(session, complaint, "accept", reviewer_id, actor, rationale)
    return complaint


def invalidate(
    session: Session,
    tender: Tender,
    complaint: Complaint,
    *,
    reviewer_id: UUID,
    actor: str,
    rationale: str,
) -> Complaint:
    """Leave a pending complaint without review."""
    complaint.reviewer_id = reviewer_id
    _decide(session, complaint, "invalidate", reviewer_id, actor, rationale)
    _release(session, tender, complaint, actor=actor)
    return complaint


def decline(
    session: Session,
    tender: Tender,
    complaint: Complaint,
    *,
    reviewer_id: UUID,
    actor: str,
    rationale: str,
) -> Complaint:
    """Find a complaint unfounded. Raises NotTheReviewer or Conflict."""
    _require_reviewer(complaint, reviewer_id)
    _decide(session, complaint, "decline", reviewer_id, actor, rationale)
    _release(session, tender, complaint, actor=actor)
    return complaint


def stop(
    session: Session,
    tender: Tender,
    complaint: Complaint,
    *,
    org_id: UUID,
    actor: str,
    rationale: str,
) -> Complaint:
    """End a review without a finding: by its reviewer, or by the author who takes it back."""
    if org_id != complaint.complainant_id:
        _require_reviewer(complaint, org_id)
    _decide(session, complaint, "stop", org_id, actor, rationale)
    _release(session, tender, complaint, actor=actor)
    return complaint


def satisfy(
    session: Session,
    tender: Tender,
    complaint: Complaint,
    *,
    reviewer_id: UUID,
    actor: str,
    rationale: str,
    effects: list[EffectKind],
) -> Complaint:
    """Find a complaint right, and carry out what follows, all of it or nothing.

    Raises NotTheReviewer, Invalid for effects that it cannot have, Conflict where the procedure has
    gone on meanwhile, or CalendarYearMissing.
    """
    _require_reviewer(complaint, reviewer_id)
    wrong = rules.effect_faults(complaint.target, effects)
    if wrong:
        detail = f"A complaint about the {complaint.target} cannot have this effect here"
        raise Invalid(
            errors=[
                FieldError(pointer=f"#/effects/{n}", code="effect_unfit", detail=detail)
                for n in wrong
            ]
        )
    _decide(session, complaint, "satisfy", reviewer_id, actor, rationale)
    parties.join(session, tender)
    rows = [
        ComplaintEffect(complaint_id=complaint.id, position=n, kind=kind)
        for n, kind in enumerate(effects, start=1)
    ]
    session.add_all(rows)
    session.flush()
    for row in rows:
        execute(session, tender, complaint, row, kinds=effects, actor=actor, reason=rationale)
    _release(session, tender, complaint, actor=actor)
    return complaint


def resolve(
    session: Session, tender: Tender, complaint: Complaint, *, actor: str, rationale: str
) -> Complaint:
    """The buyer reports that what was decided is done. EffectOutstanding when it is not."""
    if complaint.status is ComplaintStatus.SATISFIED:
        decisions, effects = complaints.outcome(session, complaint)
        satisfied = next(d for d in decisions if d.outcome is ComplaintStatus.SATISFIED)
        for effect in effects:
            if effect.executed_at is None:
                number = _amended_since(session, tender, satisfied)
                if number is None:
                    raise EffectOutstanding
                _done(session, effect, {"amendment": number})
    _decide(session, complaint, "resolve", complaint.buyer_id, actor, rationale)
    if complaint.target in TERMS:
        _release(session, tender, complaint, actor=actor)
    return complaint


def execute(
    session: Session,
    tender: Tender,
    complaint: Complaint,
    effect: ComplaintEffect,
    *,
    kinds: list[EffectKind],
    actor: str,
    reason: str,
) -> None:
    """Carry out one effect; one that was carried out already is left alone."""
    if effect.executed_at is not None:
        return
    match effect.kind:
        case _E.CANCEL_AWARD:
            pass_on = _E.REPEAT_EVALUATION not in kinds and _E.CANCEL_TENDER not in kinds
            result = _cancel_award(
                session, tender, complaint, actor=actor, reason=reason, pass_on=pass_on
            )
        case _E.CANCEL_QUALIFICATION:
            result = _cancel_qualification(session, tender, complaint, actor=actor, reason=reason)
        case _E.REPEAT_EVALUATION:
            result = _repeat_evaluation(session, tender, complaint, actor=actor, reason=reason)
        case _E.CANCEL_TENDER:
            tenders.move(session, tender, "cancel", actor=actor, change={"reason": reason})
            awards.lapse(session, tender, actor=actor)
            result = {"tender": tender.status.value}
        case _E.EXTEND_PERIOD:
            result = _extend(session, tender, actor=actor, reason=reason)
        case _E.AMEND_TERMS:
            # The buyer must act: the effect stays open, and holds up the opening, until `resolve`.
            _extend(session, tender, actor=actor, reason=reason)
            return
        case _E.NO_EFFECT:
            result = {}
    _done(session, effect, result)


def _cancel_award(
    session: Session,
    tender: Tender,
    complaint: Complaint,
    *,
    actor: str,
    reason: str,
    pass_on: bool,
) -> dict[str, Any]:
    award = _award(session, tender, complaint)
    following = awards.cancel(
        session,
        tender,
        award,
        actor=actor,
        cause=CancellationCause.COMPLAINT,
        reason=reason,
        bid_returns=not pass_on,
        pass_on=pass_on,
    )
    return {"award": award.id.hex, "next_award": following.id.hex if following else None}


def _cancel_qualification(
    session: Session, tender: Tender, complaint: Complaint, *, actor: str, reason: str
) -> dict[str, Any]:
    """The decision about the candidate falls, and is taken anew."""
    assert complaint.qualification_id is not None, "only complaints about one have such effects"
    found = qualifications.lock(session, tender, complaint.qualification_id)
    again = qualifications.cancel(
        session, tender, found, actor=actor, cause=QualificationCause.COMPLAINT, reason=reason
    )
    return {"qualification": found.id.hex, "next_qualification": again.id.hex}


def _repeat_evaluation(
    session: Session, tender: Tender, complaint: Complaint, *, actor: str, reason: str
) -> dict[str, Any]:
    """Back to the opened bids: the award falls, and its bid is ranked again with the others."""
    if tender.status_details not in AWARDING:
        raise Conflict(f"The tender is {tender.status_details}: nothing is evaluated again.")
    if agreements.is_direct(tender):
        raise Conflict("The call-off was made without competition: nothing was evaluated.")
    award = _award(session, tender, complaint)
    if award.status is not AwardStatus.CANCELLED:
        awards.cancel(
            session,
            tender,
            award,
            actor=actor,
            cause=CancellationCause.COMPLAINT,
            reason=reason,
            bid_returns=True,
            pass_on=False,
        )
    evaluations.repeat(session, tender, award.lot_id, actor=actor)
    change = {"lot": award.lot_id.hex, "reason": reason}
    tenders.move(session, tender, "repeat_evaluation", actor=actor, change=change)
    return {"lot": award.lot_id.hex}


def _extend(session: Session, tender: Tender, *, actor: str, reason: str) -> dict[str, Any]:
    """More time to bid, or to apply, by the policy's least extension, for a tender that suppliers
    can answer or that is suspended."""
    now, end = db.now(session), phases.end_of(tender)
    suspended = tender.status_details is TenderStage.SUSPENDED
    if end is None or not (suspended or tender.status_details in ANSWERED_STAGES):
        raise Conflict(f"The tender is {tender.status_details}: its period is over.")
    policy, table = policies.policy_of(tender), policies.stages_of(session, tender)
    late = suspended or has_ended(end, now)
    new = windows.extended_end(table, policy, end=now if late else end, now=now)
    if new > end:
        amendments.extend(
            session,
            tender,
            "resume" if suspended else "extend",
            cause=AmendmentCause.COMPLAINT,
            end=new,
            now=now,
            actor=actor,
            rationale=reason,
        )
    name = "prequalification" if phases.applying(tender) else "tender"
    return {f"{name}_period_end": new.isoformat()}


def _award(session: Session, tender: Tender, complaint: Complaint) -> Award:
    assert complaint.award_id is not None, "only complaints about awards have such effects"
    return awards.lock(session, tender, complaint.award_id)


def _release(session: Session, tender: Tender, complaint: Complaint, *, actor: str) -> None:
    """Let go on what the complaint alone held up."""
    now = db.now(session)
    if complaint.target in BEFORE_INVITATION:
        parties.join(session, tender)
        periods.resume(session, tender, now=now, actor=actor)
    elif complaint.target is ComplaintTarget.CANCELLATION:
        pending = cancellations.pending_of(session, tender.id)
        if pending is not None and pending.id == complaint.cancellation_id:
            # The workers' role ends it: as complained about, or as it was requested.
            emit(session, cancellations.WINDOW_ENDED, pending.id, org_id=tender.buyer_id)
    elif complaint.award_id is not None:
        parties.join(session, tender)
        lot_id = award_queries.get(session, complaint.award_id).lot_id
        awards.conclude(session, tender, lot_id, actor=actor)


def _require_reviewer(complaint: Complaint, reviewer_id: UUID) -> None:
    if complaint.reviewer_id is not None and complaint.reviewer_id != reviewer_id:
        raise NotTheReviewer


def _decide(
    session: Session, complaint: Complaint, action: str, org_id: UUID, actor: str, rationale: str
) -> None:
    now = db.now(session)
    if action != "accept":
        complaint.closed_at = complaint.closed_at or now
        deadlines.disarm(session, complaints.REVIEW_DUE, complaint.id)
    complaints.move(session, complaint, action, actor, {"rationale": rationale})
    session.add(
        ComplaintDecision(
            complaint_id=complaint.id,
            outcome=complaint.status,
            rationale=rationale,
            decided_by=org_id,
            actor=actor,
            decided_at=now,
        )
    )
    session.flush()


def _amended_since(session: Session, tender: Tender, decision: ComplaintDecision) -> int | None:
    """The number of the buyer's last material amendment after a decision."""
    return session.exec(
        select(Amendment.number)
        .where(
            Amendment.tender_id == tender.id,
            Amendment.cause == AmendmentCause.BUYER,
            col(Amendment.material).is_(True),
            col(Amendment.amended_at) >= decision.decided_at,
        )
        .order_by(col(Amendment.number).desc())
        .limit(1)
    ).first()


def _done(session: Session, effect: ComplaintEffect, result: dict[str, Any]) -> None:
    effect.executed_at, effect.result = db.now(session), result
    session.add(effect)
    session.flush()
