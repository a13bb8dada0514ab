"""Which of the qualified are chosen, lot by lot, by the rule that was published. Never commits."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlmodel import Session

from api.core import ids
from api.procurement.models import Lot, Qualification, Submission, Tender
from api.procurement.service import submissions
from api.rules import prequalification, shortlists
from api.rules.prequalification import QualificationStatus
from api.rules.shortlists import Candidate
from api.rules.tenders import LotStatus


def active_lots(tender: Tender) -> list[Lot]:
    """The lots that are still procured."""
    return [lot for lot in tender.lots if lot.status is LotStatus.ACTIVE]


def tells_lots_apart(session: Session, tender: Tender) -> bool:
    """Whether candidates of the tender are qualified, or chosen, for single lots."""
    found = submissions.find(session, tender.id)
    criteria = submissions.criteria_of(found.criteria if found else ())
    return prequalification.tells_lots_apart(criteria, submissions.shortlist_of(found))


def is_limited(session: Session, tender: Tender) -> bool:
    """Whether fewer than all who qualify may be invited."""
    return submissions.shortlist_of(submissions.find(session, tender.id)) is not None


def chosen(
    session: Session, tender: Tender, found: Sequence[Qualification]
) -> Mapping[UUID, list[UUID]]:
    """For each active lot the qualifications that are chosen of these, the first first."""
    terms = submissions.find(session, tender.id)
    criteria = submissions.criteria_of(terms.criteria if terms else ())
    shortlist = submissions.shortlist_of(terms)
    qualified = [each for each in found if each.status is QualificationStatus.ACTIVE]
    candidates = {each.id: _candidate(session, each) for each in qualified} if shortlist else {}
    by_lot = {}
    for lot in active_lots(tender):
        able = [each.id for each in qualified if each.lots is None or lot.id in each.lots]
        if shortlist is not None:
            compared = [candidates[each] for each in able]
            first = shortlists.ordered(shortlist, criteria, compared, lot=ids.show("lot", lot.id))
            able = first[: shortlist.maximum]
        by_lot[lot.id] = able
    return by_lot


def _candidate(session: Session, found: Qualification) -> Candidate[UUID]:
    """What was found to be met counts, and nothing else that the candidate said."""
    submission = session.get_one(Submission, found.submission_id)
    met = {each["requirement_id"] for each in found.findings if each["met"]}
    responses = {
        each["requirement_id"]: each["value"]
        for each in submission.requirement_responses
        if each["requirement_id"] in met
    }
    return Candidate(found.id, responses, submission.received_at)
