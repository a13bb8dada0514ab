"""The end of the period that runs, when the buyer of a test tender says so. Never commits.

The clock then does what it does at every end: it decides by the same rules, only sooner.
"""

from sqlmodel import Session

from api.core import db, sandbox
from api.procurement.models import Tender
from api.procurement.service import phases, policies, tenders, terms
from api.procurement.service.problems import NotFastForward, TenderPeriodEnded
from api.rules import quick
from api.rules.quick import QuickMode
from api.rules.tenders import has_ended


def fast_forward(session: Session, tender: Tender, *, actor: str) -> Tender:
    """End the period to apply or to bid of the buyer's own tender, locked, and its windows, now.

    Bids that came count; one that comes from now on is late. A period that would begin later is
    taken to have begun at the publication. Raises SandboxOnly, NotFastForward, Conflict when no
    period runs, and TenderPeriodEnded.
    """
    sandbox.require()
    if QuickMode.FAST_FORWARD not in tender.quick:
        raise NotFastForward
    tenders.require(tender, phases.action(tender, "extend"))
    now, end = db.now(session), phases.end_of(tender)
    if end is None or has_ended(end, now):
        raise TenderPeriodEnded
    if not phases.applying(tender) and tender.tender_period_start and tender.published_at:
        tender.tender_period_start = min(tender.tender_period_start, tender.published_at)
    policy, table = policies.policy_of(tender), policies.stages_of(session, tender)
    phases.set_end(tender, table, policy, now)
    terms.assign_schedule(tender, quick.ended(terms.schedule_of(tender), now))
    phases.arm(session, tender)
    change = {"before": end.isoformat(), "after": now.isoformat()}
    tenders.record(session, tender, "fast_forward", actor=actor, change=change)
    return tender
