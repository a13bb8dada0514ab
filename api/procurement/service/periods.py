"""The end of a tender period. Never commits: the caller owns the transaction.

The clock only wakes this; whoever acts on a tender whose period has ended calls it too, so that
the outcome depends on the database's clock and on nothing that runs late.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.core import db
from api.procurement.models import Enquiry, Tender
from api.procurement.service import amendments, complaints, policies, tenders
from api.rules import period_end as rules
from api.rules import schedule as windows
from api.rules import tenders as tender_rules
from api.rules.amendments import AmendmentCause
from api.rules.enquiries import EnquiryStatus
from api.rules.tenders import TENDER

_CLOCK = tenders.CLOCK


def close_due(session: Session, tender_id: UUID) -> bool:
    """Decide what becomes of the tender if its period has ended by the database's clock.

    True when this call moved it. Locks the row and checks again, since the deadline may have
    moved or the tender been cancelled since the clock saw it; so repeating it changes nothing.
    """
    tender = tenders.hold(session, tender_id)
    return tender is not None and end_period(session, tender, now=db.now(session))


def end_period(session: Session, tender: Tender, *, now: datetime) -> bool:
    """End the period of a locked tender if it is over at `now`; True when that moved it."""
    end = tender.tender_period_end
    if "close" not in TENDER.allowed(tender.status_details):
        return False
    if end is None or not tender_rules.has_ended(end, now):
        return False
    change = {"tender_period_end": end.isoformat()}
    unanswered = unanswered_count(session, tender.id)
    if rules.is_blocked(
        unanswered=unanswered, complaint_open=complaints.blocks(session, tender.id)
    ):
        change |= {"unanswered_enquiries": str(unanswered)}
        tenders.move(session, tender, "suspend", actor=_CLOCK, change=change)
    else:
        tenders.move(session, tender, "close", actor=_CLOCK, change=change)
    return True


def resume(session: Session, tender: Tender, *, now: datetime, actor: str) -> bool:
    """Reopen a suspended, locked tender once nothing holds it up any more; True when it did.

    Suppliers get at least the policy's `min_extension` from now on.
    """
    if "resume" not in TENDER.allowed(tender.status_details):
        return False
    if rules.is_blocked(
        unanswered=unanswered_count(session, tender.id),
        complaint_open=complaints.blocks(session, tender.id),
    ):
        return False
    policy, table = policies.policy_of(tender), policies.timetable_of(session, tender)
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


def unanswered_count(session: Session, tender_id: UUID) -> int:
    """Questions about the tender that have no answer yet."""
    session.flush()
    return session.exec(
        select(func.count(col(Enquiry.id))).where(
            Enquiry.tender_id == tender_id, Enquiry.status == EnquiryStatus.PENDING
        )
    ).one()
