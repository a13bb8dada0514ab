"""The end of a tender period. Never commits: the caller owns the transaction.

The clock only wakes this. It decides under the tender's lock and by the database's clock, so that
how late it runs changes nothing: whoever acts after the end is refused in any case.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.core import db
from api.core.outbox import emit
from api.procurement.models import Cancellation, Enquiry, Tender
from api.procurement.service import (
    amendments,
    bids,
    complaints,
    phases,
    policies,
    roots,
    tenders,
)
from api.rules import period_end as rules
from api.rules import schedule as windows
from api.rules import tenders as tender_rules
from api.rules.amendments import AmendmentCause
from api.rules.cancellations import CancellationStatus
from api.rules.enquiries import EnquiryStatus
from api.rules.period_end import Obstacles, Outcome
from api.rules.tenders import TENDER, TenderStage


def close_due(session: Session, tender_id: UUID) -> bool:
    """Decide what becomes of the tender if its period has ended; for the workers' role, which
    alone sees bids.

    True when this call moved it. Locks the row and checks again, since the deadline may have
    moved or the tender been cancelled since the clock saw it; so repeating it changes nothing.
    Raises CalendarYearMissing.
    """
    tender, now = tenders.hold(session, tender_id), db.now(session)
    if tender is None or not _is_over(tender, now):
        return False
    outcome = _outcome(session, tender)
    if outcome is Outcome.PROLONG:
        _prolong(session, tender, now=now)
    elif outcome is Outcome.CLOSE:
        _end(session, tender, outcome, roots=roots.publish(session, tender, now))
    else:
        _end(session, tender, outcome)
    return True


def suspend_due(session: Session, tender: Tender, *, now: datetime) -> bool:
    """Suspend a locked tender whose period has ended while something holds it up; True when this
    call did. For whoever acts between the end and the clock."""
    if not _is_over(tender, now) or not obstacles(session, tender.id).any:
        return False
    _end(session, tender, Outcome.SUSPEND)
    return True


def resume(session: Session, tender: Tender, *, now: datetime, actor: str) -> bool:
    """Reopen a locked tender that waits once nothing holds it up any more; True when it did.

    Suppliers get the policy's `min_extension` from now on, to bid or to apply. Where candidates
    are to be invited, the workers' role looks again. Raises CalendarYearMissing.
    """
    if tender.status_details is TenderStage.PREQUALIFICATION_STANDSTILL:
        emit(session, tenders.STANDSTILL_ENDED, tender.id, org_id=tender.buyer_id)
    if not waits(tender, now=now) or obstacles(session, tender.id).any:
        return False
    policy, table = policies.policy_of(tender), policies.stages_of(session, tender)
    amendments.extend(
        session,
        tender,
        "resume",
        cause=AmendmentCause.SUSPENSION,
        end=windows.extended_end(table, policy, end=now, now=now),
        now=now,
        actor=actor,
        rationale="The tender was suspended at the end of its period.",
    )
    return True


def waits(tender: Tender, *, now: datetime) -> bool:
    """True when the period has ended and something held the tender up then."""
    if phases.applying(tender):
        end = phases.end_of(tender)
        return end is not None and tender_rules.has_ended(end, now)
    return "resume" in TENDER.allowed(tender.status_details)


def obstacles(session: Session, tender_id: UUID) -> Obstacles:
    """What keeps a locked tender from being closed now."""
    session.flush()
    unanswered = session.exec(
        select(func.count(col(Enquiry.id))).where(
            Enquiry.tender_id == tender_id, Enquiry.status == EnquiryStatus.PENDING
        )
    ).one()
    pending = session.exec(
        select(Cancellation.id).where(
            Cancellation.tender_id == tender_id, Cancellation.status == CancellationStatus.PENDING
        )
    ).first()
    return Obstacles(
        unanswered=unanswered,
        complaint_open=complaints.blocks(session, tender_id),
        cancellation_pending=pending is not None,
    )


def _is_over(tender: Tender, now: datetime) -> bool:
    """True when suppliers could bid until the end of the period, and it has come."""
    end = tender.tender_period_end
    open_still = "close" in TENDER.allowed(tender.status_details)
    return open_still and end is not None and tender_rules.has_ended(end, now)


def _outcome(session: Session, tender: Tender) -> Outcome:
    """By the tender's own rules; one older than policy sets has none that count bids."""
    found = obstacles(session, tender.id)
    if tender.policy is None:
        return Outcome.SUSPEND if found.any else Outcome.CLOSE
    return rules.decide(
        policies.policy_of(tender),
        found,
        bids=bids.live_count(session, tender.id),
        prolonged=tender.prolonged,
    )


def _end(session: Session, tender: Tender, outcome: Outcome, **noted: Any) -> None:
    assert tender.tender_period_end is not None, "a published tender has an end"
    change = {"tender_period_end": tender.tender_period_end.isoformat(), **noted}
    tenders.move(session, tender, outcome.value, actor=tenders.CLOCK, change=change)


def _prolong(session: Session, tender: Tender, *, now: datetime) -> None:
    """More time for bids. It runs from now, so that a clock that was late takes none of it."""
    policy, table = policies.policy_of(tender), policies.stages_of(session, tender)
    assert policy.auto_prolongation is not None, "only such a policy prolongs"
    tender.prolonged += 1
    amendments.extend(
        session,
        tender,
        "prolong",
        cause=AmendmentCause.AUTO_PROLONGATION,
        end=table.after(now, policy.auto_prolongation.duration),
        now=now,
        actor=tenders.CLOCK,
        rationale="Fewer bids came than the rules of the tender demand.",
    )
