"""Tenders from draft to the end of their period. Never commits: the caller owns the transaction.

Functions that change a tender take the row locked by `lock`, so that the caller can compare the
version it has seen (If-Match) before anything happens.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Sequence
from sqlalchemy.orm import selectinload
from sqlmodel import Session, select

from api.core import audit, db, deadlines, sandbox, settings
from api.core.errors import Conflict, FieldError, Invalid, NotFound
from api.core.outbox import emit
from api.procurement.models import Lot, Tender
from api.procurement.schemas import TenderIn, TenderPatch
from api.procurement.service import (
    award_terms,
    call_off_terms,
    draws,
    framework_terms,
    given_documents,
    plans,
    policies,
    prequalification_terms,
    tender_keys,
    terms,
)
from api.procurement.service.problems import (
    DeadlineInPast,
    NotDraft,
    TenderIncomplete,
    TenderPeriodTooShort,
    TermsInconsistent,
)
from api.rules import schedule as windows
from api.rules import tenders as rules
from api.rules.states import IllegalTransition
from api.rules.tenders import (
    LOST,
    STATUS_OF,
    TENDER,
    Fault,
    LotStatus,
    TenderMode,
    TenderStage,
    TenderStatus,
)

PERIOD_ENDED = "tender.period_ended"
PREQUALIFICATION_ENDED = "tender.prequalification_ended"
STANDSTILL_ENDED = "tender.prequalification_standstill_ended"
CLOCK = "system:clock"
NUMBERS = Sequence("tender_number_seq")
_EVENTS = {
    "create": "tender.created",
    "publish": "tender.published",
    "publish_prequalification": "tender.published",
    "amend_prequalification": "tender.amended",
    "extend_prequalification": "tender.amended",
    "close_prequalification": "tender.prequalification_closed",
    "announce_qualifications": "tender.qualifications_announced",
    "repeat_qualification": "tender.qualification_repeated",
    "invite": "tender.invited",
    "amend_as_decided": "tender.amended",
    "call_off": "tender.called_off",
    "amend": "tender.amended",
    "extend": "tender.amended",
    "suspend": "tender.suspended",
    "resume": "tender.resumed",
    "prolong": "tender.prolonged",
    "fail": "tender.unsuccessful",
    "cancel": "tender.cancelled",
    "cancel_lots": "tender.lots_changed",
    "fail_lots": "tender.lots_changed",
    "complete_lots": "tender.lots_changed",
    "complete": "tender.completed",
    "close": "tender.closed",
    "open": "tender.bids_opened",
    "open_first_package": "tender.first_package_opened",
    "open_second_package": "tender.second_package_opened",
    "evaluate_first_package": "tender.first_package_evaluated",
    "evaluate": "tender.evaluated",
    "await_awards": "tender.awards_pending",
    "settle_awards": "tender.awards_settled",
    "repeat_evaluation": "tender.evaluation_repeated",
}
_TREE = selectinload(Tender.lots).selectinload(Lot.items)  # type: ignore[arg-type]


def create(session: Session, *, buyer_id: UUID, actor: str, data: TenderIn) -> Tender:
    """A draft with its lots and items. Raises Invalid for unknown codes and contradictions, and
    SandboxOnly for a test tender in production."""
    if data.mode is TenderMode.TEST:
        sandbox.require()
    terms.check_references(session, data)
    plans.check_links(session, buyer_id, data.lots)
    call_off_terms.check_items(session, data.framework_id, data.lots)
    _refuse_past(session, data)
    number: int = session.connection().scalar(NUMBERS)
    tender = Tender(
        buyer_id=buyer_id,
        ocid=f"{settings.get().ocid_prefix}-{number:06d}",
        procurement_method=policies.method_of(session, buyer_id=buyer_id, procedure=data.procedure),
        framework_method=call_off_terms.check_link(session, data),
        **terms.columns(data, type(data).model_fields),
    )
    tender.lots = terms.new_lots(tender.id, data.lots)
    _refuse_faults(tender)
    tender.search_text = terms.search_text(tender)
    session.add(tender)
    session.flush()
    record(session, tender, "create", actor=actor, change={"ocid": tender.ocid})
    return tender


def update(session: Session, tender: Tender, *, actor: str, data: TenderPatch) -> Tender:
    """Change a draft; given lots replace all lots. Raises NotDraft after publication."""
    if tender.status_details not in (TenderStage.DRAFT, TenderStage.PLANNED):
        raise NotDraft(f"The tender is {tender.status}; a published one is amended.")
    terms.check_references(session, data)
    plans.check_links(session, tender.buyer_id, data.lots or ())
    call_off_terms.check_items(session, tender.framework_id, data.lots or ())
    _refuse_past(session, data)
    if data.procedure is not None:
        tender.procurement_method = policies.method_of(
            session, buyer_id=tender.buyer_id, procedure=data.procedure
        )
    terms.assign(tender, data)
    if data.lots is not None:
        tender.lots = terms.new_lots(tender.id, data.lots)
    _refuse_faults(tender)
    tender.search_text = terms.search_text(tender)
    # Names only: the trail becomes public with the tender, what a draft once said does not.
    record(session, tender, "update", actor=actor, change={"fields": sorted(data.model_fields_set)})
    return tender


def publish(session: Session, tender: Tender, *, actor: str) -> Tender:
    """Open a complete draft to suppliers, from now or its later start until the deadline, under
    the policy set of today, which is frozen into it.

    Raises TenderIncomplete, DeadlineInPast, PolicyMissing, ProcedureNotAllowed, RateUnknown,
    CalendarYearMissing, TenderPeriodTooShort, TermsInconsistent, SubmissionTermsUnfit,
    SealingKeyMissing, SealingKeyUnfit, PlanNotMet, CallOffRefused, FrameworkUnfit, FileWithheld, or
    SandboxOnly.

    Where the policy wants a prequalification, candidates apply first: the windows are those of
    the time to apply, and the tender period is the planned one that follows.
    """
    if tender.mode is TenderMode.TEST:
        sandbox.require()
    now = db.now(session)
    require(tender, "publish")
    end = _complete(tender)
    passed = [
        pointer
        for pointer, moment in (
            ("#/tender_period_end", end),
            ("#/enquiry_period_end", tender.enquiry_period_end),
            ("#/prequalification_period_end", tender.prequalification_period_end),
        )
        if moment is not None and rules.has_ended(moment, now)
    ]
    if passed:
        raise DeadlineInPast(errors=_past(passed))
    given_documents.require_given(session, tender)
    call_off_terms.check(session, tender)
    policy = policies.freeze(session, tender)
    framework_terms.freeze(session, tender)
    plans.commit_to_plan(session, tender, policy)
    table = policies.stages_of(session, tender)
    applied_until = prequalification_terms.check(session, tender, policy, table, now=now)
    begins, running = applied_until or now, applied_until or end
    earliest = windows.earliest_end(table, policy, published_at=begins)
    if end < earliest:
        raise TenderPeriodTooShort(
            f"The tender period must not end before {earliest.isoformat(timespec='seconds')}.",
            errors=terms.field_errors(
                [Fault("#/tender_period_end", "tender_period_too_short", "is too early")]
            ),
        )
    fingerprints = tender_keys.freeze(session, tender, policy)
    tender.published_at = now
    tender.tender_period_start = max(tender.tender_period_start or begins, begins)
    late = windows.enquiry_faults(
        table, policy, end=running, enquiry_period_end=tender.enquiry_period_end
    )
    if late:
        raise TermsInconsistent(errors=terms.field_errors(late))
    terms.assign_schedule(
        tender,
        windows.schedule(
            table, policy, since=now, end=running, enquiry_period_end=tender.enquiry_period_end
        ),
    )
    refuse_inconsistent(tender)
    award_terms.refuse_stale(session, tender)
    kind = PREQUALIFICATION_ENDED if applied_until else PERIOD_ENDED
    deadlines.arm(session, kind, tender.id, running, org_id=tender.buyer_id)
    change = {
        "prequalification_period_end": applied_until and applied_until.isoformat(),
        "tender_period_end": end.isoformat(),
        "earliest_tender_period_end": earliest.isoformat(),
        "policy_set": tender.policy_set_id.hex if tender.policy_set_id else None,
        "sealing_mode": tender.sealing_mode,
        "sealing_keys": fingerprints,
    }
    action = "publish_prequalification" if applied_until else "publish"
    move(session, tender, action, actor=actor, change=change)
    return tender


def hold(session: Session, tender_id: UUID) -> Tender | None:
    """Any tender with its tree, locked, for the workers' role."""
    query = select(Tender).where(Tender.id == tender_id).options(_TREE).with_for_update()
    return session.exec(query).one_or_none()


def lock(session: Session, *, buyer_id: UUID, tender_id: UUID) -> Tender:
    """The buyer's own tender with its tree, locked; NotFound for anybody else's."""
    query = (
        select(Tender)
        .where(Tender.id == tender_id, Tender.buyer_id == buyer_id)
        .options(_TREE)
        .with_for_update()
    )
    tender = session.exec(query).one_or_none()
    if tender is None:
        raise NotFound
    return tender


def require(tender: Tender, action: str) -> None:
    """Raise Conflict unless the action is allowed at the tender's stage."""
    _next_stage(tender, action)


def refuse_inconsistent(tender: Tender) -> None:
    """Raise TermsInconsistent when terms that were consistent no longer are."""
    found = terms.faults(tender)
    if tender.policy is not None:
        asked, titles = policies.policy_of(tender).notice_languages, [x.title for x in tender.lots]
        found += rules.language_faults(asked, tender.title, titles)
    if found:
        raise TermsInconsistent(errors=terms.field_errors(found))


def move(
    session: Session, tender: Tender, action: str, *, actor: str, change: dict[str, Any]
) -> None:
    """Move a locked tender, and its lots as far as the action is one of theirs (rules.advance).

    Raises Conflict.
    """
    try:
        stage, lots = rules.advance(tender.status_details, _lot_states(tender), action)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    _set(session, tender, stage, lots, change)
    done = rules.ENDED_BY.get(tender.status, action)
    record(session, tender, done, actor=actor, change=change)


def move_lots(
    session: Session,
    tender: Tender,
    lots: Collection[Lot],
    action: str,
    *,
    actor: str,
    change: dict[str, Any],
) -> None:
    """Move single lots of a locked, published tender, which ends with its last active lot.

    Raises Conflict when a lot does not allow the action.
    """
    chosen = [n for n, lot in enumerate(tender.lots) if lot in lots]
    try:
        stage, moved = rules.advance_lots(
            tender.status_details, _lot_states(tender), chosen, action
        )
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    _set(session, tender, stage, moved, change)
    named = {"lots": [lot.id.hex for lot in lots], **change}
    done = rules.ENDED_BY.get(tender.status, f"{action}_lots")
    record(session, tender, done, actor=actor, change=named)


def _set(
    session: Session,
    tender: Tender,
    stage: TenderStage,
    lots: Iterable[LotStatus],
    change: Mapping[str, Any],
) -> None:
    """The one place that writes the status of a tender and of its lots."""
    tender.status_details, tender.status = stage, STATUS_OF[stage]
    after = [*zip(tender.lots, lots, strict=True)]
    lost = [lot for lot, status in after if status is not lot.status and status in LOST]
    for lot, status in after:
        lot.status = status
    if tender.status is TenderStatus.CANCELLED:
        tender.cancelled_at, tender.cancellation_reason = db.now(session), change["reason"]
    if tender.status is TenderStatus.UNSUCCESSFUL:
        tender.unsuccessful_reason = change.get("shortfall")
    if tender.status is not TenderStatus.ACTIVE:
        for kind in (PERIOD_ENDED, PREQUALIFICATION_ENDED, STANDSTILL_ENDED):
            deadlines.disarm(session, kind, tender.id)
    draws.release_lots(session, tender, lost)


def _lot_states(tender: Tender) -> list[LotStatus]:
    return [lot.status for lot in tender.lots]


def record(
    session: Session, tender: Tender, action: str, *, actor: str, change: dict[str, Any]
) -> None:
    """Count the version and leave the audit entry and, for what others may act on, the event."""
    tender.version += action != "create"
    session.add(tender)
    audit.record(
        session,
        stream(tender.id),
        action,
        actor=actor,
        org_id=tender.buyer_id,
        change=change,
    )
    if action in _EVENTS:
        emit(
            session,
            _EVENTS[action],
            tender.id,
            org_id=tender.buyer_id,
            public=tender.published_at is not None,
            ocid=tender.ocid,
            buyer_id=tender.buyer_id.hex,
            status=tender.status,
            status_details=tender.status_details,
            version=tender.version,
        )


def stream(tender_id: UUID) -> str:
    """The name of a tender's audit stream."""
    return f"tender:{tender_id.hex}"


def _next_stage(tender: Tender, action: str) -> TenderStage:
    try:
        return TENDER.apply(action, tender.status_details)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error


def _complete(tender: Tender) -> datetime:
    """The end of the period of a tender that lacks nothing; TenderIncomplete otherwise."""
    missing = [] if tender.lots else ["#/lots"]
    if tender.tender_period_end is None:
        missing.append("#/tender_period_end")
    if missing or tender.tender_period_end is None:
        found = [Fault(pointer, "missing", "is needed for publication") for pointer in missing]
        raise TenderIncomplete(errors=terms.field_errors(found))
    return tender.tender_period_end


def _refuse_past(session: Session, data: TenderPatch) -> None:
    """Raise DeadlineInPast for a deadline in the input that has passed already."""
    given = {
        f"#/{name}": moment
        for name in ("tender_period_end", "enquiry_period_end", "prequalification_period_end")
        if (moment := getattr(data, name)) is not None
    }
    if not given:
        return
    now = db.now(session)
    passed = [pointer for pointer, moment in given.items() if rules.has_ended(moment, now)]
    if passed:
        raise DeadlineInPast(errors=_past(passed))


def _past(pointers: list[str]) -> list[FieldError]:
    return terms.field_errors([Fault(p, "deadline_in_past", "has passed") for p in pointers])


def _refuse_faults(tender: Tender) -> None:
    found = terms.faults(tender)
    if found:
        raise Invalid("Some terms contradict each other.", errors=terms.field_errors(found))
