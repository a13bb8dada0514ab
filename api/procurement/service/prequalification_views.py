"""What may be read of a prequalification: one's own application always, others' never before the
time to apply is over; then the buyer reads them, and everybody knows the candidates once the rules
of the tender let them be known."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false
from sqlmodel import Session, col, or_, select

from api.core import pages, patterns
from api.core.errors import NotFound
from api.core.pages import PageQuery
from api.procurement.models import Qualification, Submission, Tender
from api.procurement.service import admission, applications, phases, policies, submissions
from api.procurement.service.prequalification_problems import NoPrequalification, NotInvited
from api.rules import prequalification as rules
from api.rules.criteria import shortfall


def revealed(tender: Tender) -> bool:
    """Whether everybody may know the candidates of a tender."""
    hidden = policies.policy_of(tender).hide_bidder_names
    return rules.is_revealed(tender.status_details, names_hidden=hidden)


def overview(session: Session, tender: Tender, *, org_id: UUID) -> dict[str, Any]:
    """Where the prequalification stands. Raises NoPrequalification."""
    if tender.prequalification_period_end is None or tender.policy is None:
        raise NoPrequalification
    terms = submissions.find(session, tender.id)
    candidates = _candidates(session, tender, org_id)
    return {
        "tender_id": tender.id,
        "status_details": tender.status_details,
        "period_end": tender.prequalification_period_end,
        "standstill_end": tender.prequalification_standstill_end,
        "min_candidates": policies.policy_of(tender).min_candidates,
        "shortlist": terms.shortlist if terms else None,
        "criteria": terms.criteria if terms else [],
        "candidate_count": None if candidates is None else len(candidates),
        "candidates": candidates,
        "invited": _is_invited(session, tender.id, org_id),
    }


def get_submission(session: Session, *, org_id: UUID, submission_id: UUID) -> Submission:
    """An application; NotFound for one that the organisation may not know of."""
    found = session.get(Submission, submission_id)
    if found is None or not _sees(session, found, org_id):
        raise NotFound
    return found


def list_submissions(
    session: Session, *, org_id: UUID, page: PageQuery, tender: Tender | None = None
) -> tuple[Sequence[Submission], str | None]:
    """Your own applications; of one tender, also those of others that you may know. Newest first."""
    own = col(Submission.supplier_id) == org_id
    query = select(Submission).where(own if tender is None else or_(own, _others(tender, org_id)))
    if tender is not None:
        query = query.where(Submission.tender_id == tender.id)
    filters = {"tender": tender.id if tender else None}
    scope = f"submissions:{org_id}"
    return pages.newest_first(session, query, Submission, page, scope=scope, filters=filters)


def shown(session: Session, found: Submission, *, org_id: UUID) -> dict[str, Any]:
    """An application as the organisation may see it."""
    reads = org_id == found.supplier_id or _buyer_of(session, found.tender_id) == org_id
    told = found.model_dump(exclude={"requirement_responses", "documents"})
    return {
        **told,
        "tenderers": applications.tenderers(session, found.id),
        "requirement_responses": _checked(session, found) if reads else None,
        "documents": found.documents if reads else None,
        "qualification": _of_submission(session, found.id),
    }


def get_qualification(session: Session, *, org_id: UUID, qualification_id: UUID) -> Qualification:
    """A qualification; NotFound for one that the organisation may not know of."""
    found = session.get(Qualification, qualification_id)
    if found is None:
        raise NotFound
    tender = session.get_one(Tender, found.tender_id)
    if found.buyer_id == org_id:
        return found
    if found.announced_at is None or not (found.supplier_id == org_id or revealed(tender)):
        raise NotFound
    return found


def list_qualifications(
    session: Session, tender: Tender, *, org_id: UUID
) -> Sequence[Qualification]:
    """Of a tender, those that fell too: the buyer sees all, a candidate its own once announced."""
    query = select(Qualification).where(Qualification.tender_id == tender.id)
    if tender.buyer_id != org_id:
        query = query.where(col(Qualification.announced_at).is_not(None))
        if tender.policy is None or not revealed(tender):
            query = query.where(Qualification.supplier_id == org_id)
    return session.exec(query.order_by(col(Qualification.id))).all()


def _sees(session: Session, found: Submission, org_id: UUID) -> bool:
    if found.supplier_id == org_id:
        return True
    tender = session.get_one(Tender, found.tender_id)
    return found.opened_at is not None and (tender.buyer_id == org_id or revealed(tender))


def _others(tender: Tender, org_id: UUID) -> ColumnElement[bool]:
    knows = tender.buyer_id == org_id or (tender.policy is not None and revealed(tender))
    return col(Submission.opened_at).is_not(None) if knows else false()


def _candidates(session: Session, tender: Tender, org_id: UUID) -> list[UUID] | None:
    if tender.buyer_id != org_id and not revealed(tender):
        return None
    found = session.exec(
        select(Submission.supplier_id)
        .where(Submission.tender_id == tender.id, col(Submission.opened_at).is_not(None))
        .order_by(col(Submission.supplier_id))
    ).all()
    return None if phases.applying(tender) else list(found)


def _is_invited(session: Session, tender_id: UUID, org_id: UUID) -> bool:
    try:
        admission.require_invited(session, tender_id, org_id)
    except NotInvited:
        return False
    return True


def _buyer_of(session: Session, tender_id: UUID) -> UUID:
    return session.exec(select(Tender.buyer_id).where(Tender.id == tender_id)).one()


def _checked(session: Session, found: Submission) -> list[dict[str, Any]]:
    terms = submissions.find(session, found.tender_id)
    criteria = submissions.criteria_of(terms.criteria if terms else ())
    asked = {one.id: one for each in criteria for group in each.groups for one in group}
    return [
        {
            **each,
            "fulfils": each["requirement_id"] in asked
            and shortfall(asked[each["requirement_id"]], each["value"], patterns.matches) is None,
        }
        for each in found.requirement_responses
    ]


def _of_submission(session: Session, submission_id: UUID) -> Qualification | None:
    """The last one that was announced, as far as the session may see it."""
    return session.exec(
        select(Qualification)
        .where(
            Qualification.submission_id == submission_id,
            col(Qualification.announced_at).is_not(None),
        )
        .order_by(col(Qualification.id).desc())
        .limit(1)
    ).one_or_none()
