"""Changes of published tenders. Never commits: the caller owns the transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.core import db
from api.core.errors import FieldError, Invalid
from api.procurement.models import Amendment, Item, Lot, Tender
from api.procurement.schemas import AmendIn, LotChange
from api.procurement.service import (
    award_terms,
    call_off_terms,
    complaints,
    documents,
    evaluation_terms,
    phases,
    plans,
    policies,
    prequalification_terms,
    submissions,
    tenders,
    terms,
)
from api.procurement.service.problems import (
    NothingToAmend,
    TenderPeriodEnded,
    TenderPeriodShortened,
    TermsInconsistent,
)
from api.rules import amendments as rules
from api.rules import schedule as windows
from api.rules.amendments import AmendmentCause, Change
from api.rules.periods import Timetable
from api.rules.policy import Policy
from api.rules.tenders import TenderStage, has_ended


def amend(session: Session, tender: Tender, *, actor: str, data: AmendIn) -> Tender:
    """Change a tender that suppliers can still answer; a material change gives them more time, to
    ask and to complain too, and bids made to other terms must be confirmed.

    Raises TenderPeriodEnded, ApplicationPeriodEnded, TenderPeriodShortened, NothingToAmend,
    TermsInconsistent, CalendarYearMissing, PolicyNotFrozen, PlanNotMet, CallOffRefused or Invalid.
    """
    now, end = db.now(session), phases.end_of(tender)
    decided = complaints.amendment_due(session, tender.id)
    action = _action(tender, decided=decided)
    tenders.require(tender, action)
    if end is None or (has_ended(end, now) and not decided):
        raise TenderPeriodEnded
    terms.check_references(session, data)
    _refuse_shortened(tender, data)
    table = policies.stages_of(session, tender)
    before = terms.snapshot(tender) | _asked(session, tender)
    terms.assign(tender, data)
    if phases.applying(tender):
        tender.tender_period_start = tender.prequalification_period_end
    _assign_lots(tender, data.lots)
    tenders.refuse_inconsistent(tender)  # before the database is shown what contradicts itself
    if data.criteria is not None:
        bidding = submissions.find(session, tender.id)
        bidding = submissions.replace_criteria(session, tender, bidding, data.criteria)
        prequalification_terms.refuse_unfit_criteria(tender, bidding)
    if data.award_terms is not None:
        evaluation_terms.replace(session, tender, data.award_terms, pointer="#/award_terms")
    if data.criteria is not None or data.award_terms is not None:
        call_off_terms.check_criteria(session, tender)
    documents.amend(session, tender, data.documents, now=now)
    asked = _asked(session, tender)
    changes = rules.diff(before, terms.snapshot(tender) | asked)
    if not changes:
        raise NothingToAmend
    material = rules.material(changes)
    if material:
        _extend(tender, data, table, end=phases.end_of(tender) or end, now=now)
        changes = rules.diff(before, terms.snapshot(tender) | asked)
    elif has_ended(end, now):
        raise NothingToAmend("The decision on a complaint asks for a material change.")
    tenders.refuse_inconsistent(tender)
    if tender.direct_year is not None or any(lot.plan_item_id for lot in tender.lots):
        plans.commit_to_plan(session, tender, policies.policy_of(tender))
    phases.arm(session, tender)
    tender.search_text = terms.search_text(tender)
    amendment = _keep(
        session,
        tender,
        changes,
        material=material,
        cause=AmendmentCause.BUYER,
        rationale=data.rationale,
        now=now,
    )
    note = tenders.move if material else tenders.record
    note(session, tender, action, actor=actor, change=_noted(amendment))
    return tender


def extend(
    session: Session,
    tender: Tender,
    action: str,
    *,
    cause: AmendmentCause,
    end: datetime,
    now: datetime,
    actor: str,
    rationale: str,
) -> Amendment:
    """Give suppliers until `end` because the rules demand it, by `action` of the tender's machine
    (in the period that runs: see `phases`).

    No other term changes, so that bids stand as they are. Raises CalendarYearMissing or
    PolicyNotFrozen.
    """
    table, policy = policies.stages_of(session, tender), policies.policy_of(tender)
    before = terms.snapshot(tender)
    fresh = windows.schedule(table, policy, since=now, end=end)
    _set_end(tender, table, policy, fresh, end)
    phases.arm(session, tender)
    changes = rules.diff(before, terms.snapshot(tender))
    amendment = _keep(
        session,
        tender,
        changes,
        material=[],  # more time alone changes no bid
        cause=cause,
        rationale=rationale,
        now=now,
    )
    step = phases.action(tender, action)
    tenders.move(session, tender, step, actor=actor, change=_noted(amendment))
    return amendment


def _asked(session: Session, tender: Tender) -> dict[str, rules.Json]:
    """What is asked of bids beside the tender's own terms, and by what they are ranked."""
    session.flush()
    return (
        submissions.snapshot(submissions.find(session, tender.id))
        | evaluation_terms.snapshot(award_terms.find(session, tender.id))
        | documents.snapshot(session, tender.id)
    )


def _keep(
    session: Session,
    tender: Tender,
    changes: Sequence[Change],
    *,
    material: Sequence[Change],
    cause: AmendmentCause,
    rationale: str,
    now: datetime,
) -> Amendment:
    """The record of a change: each field with the rule that decided about it."""
    amendment = Amendment(
        tender_id=tender.id,
        number=_next_number(session, tender.id),
        cause=cause,
        rationale=rationale,
        material=bool(material),
        needs_confirmation=rules.needs_confirmation(changes),
        material_changes=[change.pointer for change in material],
        changes=[
            {
                "pointer": c.pointer,
                "before": c.before,
                "after": c.after,
                "material": rules.is_material(c),
                "reason": rules.reason(c).value,
            }
            for c in changes
        ],
        amended_at=now,
    )
    session.add(amendment)
    return amendment


def _noted(amendment: Amendment) -> dict[str, Any]:
    """What the audit trail says of an amendment."""
    return {
        "number": amendment.number,
        "cause": amendment.cause.value,
        "material": amendment.material,
        "needs_confirmation": amendment.needs_confirmation,
        "rationale": amendment.rationale,
        "changes": amendment.changes,
    }


def _extend(
    tender: Tender, data: AmendIn, table: Timetable, *, end: datetime, now: datetime
) -> None:
    """Move the deadline as the tender's own rules demand, and the windows before it."""
    policy = policies.policy_of(tender)
    end = windows.extended_end(table, policy, end=end, now=now)
    given = data.enquiry_period_end
    _refuse_late_enquiries(table, policy, end=end, given=given)
    fresh = windows.schedule(table, policy, since=now, end=end, enquiry_period_end=given)
    _set_end(tender, table, policy, fresh, end)


def _refuse_late_enquiries(
    table: Timetable, policy: Policy, *, end: datetime, given: datetime | None
) -> None:
    late = windows.enquiry_faults(table, policy, end=end, enquiry_period_end=given)
    if late:
        raise TermsInconsistent(errors=terms.field_errors(late))


def _action(tender: Tender, *, decided: bool) -> str:
    """The tender's action for a change of its terms.

    A suspended one is changed only because a decision demands it, and takes bids again with that:
    else what it waits for could never happen.
    """
    if decided and tender.status_details is TenderStage.SUSPENDED:
        return "amend_as_decided"
    return phases.action(tender, "amend")


def _refuse_shortened(tender: Tender, data: AmendIn) -> None:
    for name in ("prequalification_period_end", "tender_period_end"):
        given, end = getattr(data, name), getattr(tender, name)
        if given is None:
            continue
        if name == "prequalification_period_end" and not phases.applying(tender):
            raise TenderPeriodEnded("Nobody applies any more.")
        if end is not None and given < end:
            raise TenderPeriodShortened(f"The period ends at {end.isoformat()}.")


def _set_end(
    tender: Tender, table: Timetable, policy: Policy, fresh: windows.Schedule, end: datetime
) -> None:
    """Write the end of the period and the later of each window's two ends."""
    before = terms.schedule_of(tender)
    phases.set_end(tender, table, policy, end)
    terms.assign_schedule(tender, windows.moved(before, fresh))


def _assign_lots(tender: Tender, changes: Iterable[LotChange]) -> None:
    """Write changes of lots and items, found by id; Invalid names an id that is not there."""
    lots = {lot.id: lot for lot in tender.lots}
    for n, data in enumerate(changes):
        lot = _found(lots, data.id, f"#/lots/{n}/id", "lot")
        terms.assign(lot, data)
        items = {item.id: item for item in lot.items}
        for m, change in enumerate(data.items):
            item = _found(items, change.id, f"#/lots/{n}/items/{m}/id", "item")
            terms.assign(item, change)


def _found[R: (Lot, Item)](rows: dict[UUID, R], row_id: UUID, pointer: str, kind: str) -> R:
    if row_id not in rows:
        detail = f"The tender has no such {kind}"
        raise Invalid(
            f"{detail}.",
            errors=[FieldError(pointer=pointer, code=f"unknown_{kind}", detail=detail)],
        )
    return rows[row_id]


def _next_number(session: Session, tender_id: UUID) -> int:
    """One more than the last; the tender's lock keeps two writers apart."""
    last = session.exec(
        select(func.max(col(Amendment.number))).where(Amendment.tender_id == tender_id)
    ).one()
    return (last or 0) + 1
