"""The prequalification of a tender: closed, announced, and followed by invitations. Never commits.

The clock only wakes this. It decides under the tender's lock and by the database's clock, so that
how late it runs changes nothing: whoever applies after the end is refused in any case.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from api.core import db, deadlines
from api.core.outbox import emit
from api.identity import debarments
from api.identity.debarments import SupplierDebarred
from api.identity.service import Caller
from api.procurement.models import Qualification, Tender
from api.procurement.service import (
    applications,
    commissions,
    complaints,
    periods,
    phases,
    policies,
    qualifications,
    shortlists,
    tenders,
    terms,
)
from api.procurement.service.prequalification_problems import QualificationsPending
from api.rules import prequalification as rules
from api.rules import schedule as windows
from api.rules.prequalification import QualificationStatus, Shortfall
from api.rules.tenders import TenderStage, has_ended


def close_due(session: Session, tender_id: UUID) -> bool:
    """End the time to apply if it is over; for the workers' role, which alone sees applications.

    From now on the buyer sees them. While an answer or a decision is due, it waits; who gives it
    gives candidates more time. True when this call moved the tender.
    """
    tender, now = tenders.hold(session, tender_id), db.now(session)
    if tender is None or not phases.applying(tender):
        return False
    end = phases.end_of(tender)
    if end is None or not has_ended(end, now):
        return False
    if not rules.closes(periods.obstacles(session, tender.id)):
        return False
    found = applications.open_all(session, tender.id, now=now)
    qualifications.begin(session, tender, found)
    change = {"prequalification_period_end": end.isoformat()}
    tenders.move(session, tender, "close_prequalification", actor=tenders.CLOCK, change=change)
    if not rules.enough(policies.policy_of(tender), len(found)):
        _fail(session, tender, Shortfall.TOO_FEW_APPLICATIONS)
    return True


def announce(session: Session, tender: Tender, *, caller: Caller) -> Tender:
    """Tell every candidate what was decided about it; their time to complain begins.

    After it the workers' role invites the qualified, or ends the tender when they are too few.
    Raises Conflict, ConflictUndeclared, ConflictDeclared, QualificationsPending or
    CalendarYearMissing.
    """
    commissions.require_cleared(session, tender, caller)
    tenders.require(tender, "announce_qualifications")
    found = qualifications.live(session, tender.id)
    if not rules.ready([each.status for each in found]):
        raise QualificationsPending
    now, policy = db.now(session), policies.policy_of(tender)
    table = policies.stages_of(session, tender)
    until = rules.standstill_end(table, policy, announced_at=now)
    first = _shortlisted(session, tender, found)
    ends = []
    for each in found:
        lots = first.get(each.id)
        fresh = each
        if each.announced_at is not None and each.shortlisted != lots:
            fresh = qualifications.renew(session, each, actor=caller.actor)
        if fresh.announced_at is None:
            qualifications.announce(
                session, fresh, actor=caller.actor, now=now, until=until, shortlisted=lots
            )
        if fresh.standstill_end is not None:
            ends.append(fresh.standstill_end)
    last = max(ends, default=until)
    tender.prequalification_standstill_end = last
    change = {"standstill_end": last.isoformat()}
    tenders.move(session, tender, "announce_qualifications", actor=caller.actor, change=change)
    deadlines.arm(session, tenders.STANDSTILL_ENDED, tender.id, last, org_id=tender.buyer_id)
    if has_ended(last, now):
        emit(session, tenders.STANDSTILL_ENDED, tender.id, org_id=tender.buyer_id)
    return tender


def invite_due(session: Session, tender_id: UUID) -> bool:
    """Invite the qualified candidates to bid once their results can no longer be complained about;
    for the workers' role.

    Waits while a complaint is open or a cancellation pending. Who is debarred today is not
    invited; the next of a shortlist takes its place. A lot with fewer than the policy's least
    number is unsuccessful, and the tender is when all are. True when this call moved the tender.
    Raises CalendarYearMissing.
    """
    tender, now = tenders.hold(session, tender_id), db.now(session)
    if tender is None or tender.status_details is not TenderStage.PREQUALIFICATION_STANDSTILL:
        return False
    end = tender.prequalification_standstill_end
    if end is None or not has_ended(end, now) or _held_up(session, tender.id):
        return False
    candidates = [
        each
        for each in qualifications.live(session, tender.id)
        if each.status is QualificationStatus.ACTIVE and not _excluded(session, each)
    ]
    by_lot = shortlists.chosen(session, tender, candidates)
    policy, apart = policies.policy_of(tender), shortlists.tells_lots_apart(session, tender)
    kept = [lot for lot, able in by_lot.items() if rules.enough(policy, len(able))]
    if not kept:
        _fail(session, tender, Shortfall.TOO_FEW_QUALIFIED)
        return True
    for each in candidates:
        lots = [lot for lot in kept if each.id in by_lot[lot]]
        if lots:
            told = lots if apart else None
            qualifications.invite(session, each, actor=tenders.CLOCK, now=now, lots=told)
    short = [lot for lot in shortlists.active_lots(tender) if lot.id not in kept]
    if short:
        change = {"shortfall": Shortfall.TOO_FEW_QUALIFIED.value}
        tenders.move_lots(session, tender, short, "fail", actor=tenders.CLOCK, change=change)
    _open_tender_period(session, tender, now)
    return True


def _shortlisted(
    session: Session, tender: Tender, found: Sequence[Qualification]
) -> Mapping[UUID, list[UUID]]:
    """The lots for which each of the qualified is among the first; nothing where all are invited."""
    if not shortlists.is_limited(session, tender):
        return {}
    by_lot = shortlists.chosen(session, tender, found)
    return {
        each.id: [lot for lot, first in by_lot.items() if each.id in first]
        for each in found
        if each.status is QualificationStatus.ACTIVE
    }


def _held_up(session: Session, tender_id: UUID) -> bool:
    obstacles = periods.obstacles(session, tender_id)
    return obstacles.cancellation_pending or complaints.block_invitation(session, tender_id)


def _excluded(session: Session, found: Qualification) -> bool:
    """Whether the candidate, or a member of its consortium, is debarred today."""
    members = [
        each.organisation_id
        for each in applications.tenderers(session, found.submission_id)
        if each.accepted_at is not None and each.released_at is None
    ]
    try:
        debarments.require_standing(session, members)
    except SupplierDebarred as problem:
        qualifications.exclude(session, found, actor=tenders.CLOCK, reason=str(problem))
        return True
    return False


def _open_tender_period(session: Session, tender: Tender, now: datetime) -> None:
    """From now on bids are taken, until the planned end or as much later as the policy demands."""
    policy, table = policies.policy_of(tender), policies.stages_of(session, tender)
    least = windows.earliest_end(table, policy, published_at=now)
    assert tender.tender_period_end is not None, "a published tender has an end"
    tender.tender_period_start = now
    tender.tender_period_end = end = max(tender.tender_period_end, least)
    terms.assign_schedule(tender, windows.schedule(table, policy, since=now, end=end))
    change = {"tender_period_end": end.isoformat()}
    tenders.move(session, tender, "invite", actor=tenders.CLOCK, change=change)
    phases.arm(session, tender)


def _fail(session: Session, tender: Tender, shortfall: Shortfall) -> None:
    change = {"shortfall": shortfall.value}
    tenders.move(session, tender, "fail", actor=tenders.CLOCK, change=change)
