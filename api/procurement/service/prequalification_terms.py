"""What publication checks of a prequalification. Never commits."""

from datetime import datetime

from sqlmodel import Session

from api.procurement.models import SubmissionTerms, Tender
from api.procurement.service import policies, submissions, terms
from api.procurement.service.prequalification_problems import ApplicationPeriodEnded
from api.procurement.service.problems import (
    ProcedureNotAllowed,
    TenderPeriodTooShort,
    TermsInconsistent,
)
from api.rules import prequalification as rules
from api.rules.periods import Timetable
from api.rules.policy import Policy
from api.rules.tenders import Fault, TenderStage


def check(
    session: Session, tender: Tender, policy: Policy, table: Timetable, *, now: datetime
) -> datetime | None:
    """The end of the time to apply, or None where the tender takes bids at once.

    Raises ProcedureNotAllowed for what is missing or has no place, TenderPeriodTooShort, or
    CalendarYearMissing.
    """
    found, end = submissions.find(session, tender.id), tender.prequalification_period_end
    criteria = submissions.criteria_of(found.criteria if found else ())
    faults = rules.terms_faults(
        policy, period_end=end, criteria=criteria, shortlist=submissions.shortlist_of(found)
    )
    if faults:
        raise ProcedureNotAllowed(errors=terms.field_errors(faults))
    if end is None:
        return None
    earliest = rules.earliest_end(table, policy, published_at=now)
    if end < earliest:
        fault = Fault("#/prequalification_period_end", "prequalification_too_short", "is too early")
        raise TenderPeriodTooShort(
            f"The time to apply must not end before {earliest.isoformat(timespec='seconds')}.",
            errors=terms.field_errors([fault]),
        )
    return end


def refuse_unfit_criteria(tender: Tender, found: SubmissionTerms) -> None:
    """Criteria by which candidates are qualified change while they apply, and stay fit for that.

    Raises ApplicationPeriodEnded or TermsInconsistent.
    """
    end = tender.prequalification_period_end
    if end is None:
        return
    if tender.status_details is not TenderStage.PREQUALIFICATION:
        raise ApplicationPeriodEnded("Candidates were qualified by the criteria as they are.")
    faults = rules.terms_faults(
        policies.policy_of(tender),
        period_end=end,
        criteria=submissions.criteria_of(found.criteria),
        shortlist=submissions.shortlist_of(found),
    )
    if faults:
        raise TermsInconsistent(errors=terms.field_errors(faults))
