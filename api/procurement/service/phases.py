"""The period that runs: to apply, where a tender has a prequalification, or to bid.

Whatever moves a deadline (an amendment, a late answer, a decision) moves that of the period that
runs, and asks here which it is.
"""

from datetime import datetime

from sqlmodel import Session

from api.core import deadlines
from api.procurement.models import Tender
from api.procurement.service import tenders
from api.rules import prequalification as rules
from api.rules import schedule as windows
from api.rules.periods import Timetable
from api.rules.policy import Policy
from api.rules.tenders import TenderStage


def applying(tender: Tender) -> bool:
    """True while candidates apply, and nobody bids yet."""
    return tender.status_details is TenderStage.PREQUALIFICATION


def end_of(tender: Tender) -> datetime | None:
    """The end of the period that runs, or ran last."""
    return tender.prequalification_period_end if applying(tender) else tender.tender_period_end


def action(tender: Tender, name: str) -> str:
    """What an action on the period is called at the stage of the tender."""
    return rules.action_in(tender.status_details, name)


def set_end(tender: Tender, table: Timetable, policy: Policy, end: datetime) -> None:
    """Move the end of the period that runs; later periods keep their least length."""
    if not applying(tender):
        tender.tender_period_end = end
        return
    assert tender.tender_period_end is not None, "a published tender has an end"
    tender.prequalification_period_end = tender.tender_period_start = end
    least = windows.earliest_end(table, policy, published_at=end)
    tender.tender_period_end = max(tender.tender_period_end, least)


def arm(session: Session, tender: Tender) -> None:
    """Set the clock to the end of the period that runs."""
    end = end_of(tender)
    assert end is not None, "a published tender has an end"
    kind = tenders.PREQUALIFICATION_ENDED if applying(tender) else tenders.PERIOD_ENDED
    deadlines.arm(session, kind, tender.id, end, org_id=tender.buyer_id)
