"""The sections `awards` and `complaints` of a release: what was decided, and what was objected to.

An award that is only proposed is not decided and not told. Who complains is not told either: before
the bids are opened it would name a bidder.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import ids
from api.opendata.ocds.process import Process, Section
from api.opendata.ocds.values import Json, compact, instant, money, texts
from api.procurement.models import Award, Complaint, ComplaintDecision, ComplaintEffect
from api.procurement.service import agreements
from api.rules.awards import AwardStatus
from api.rules.complaints import PRIVATE


def awards(process: Process) -> Section:
    """`awards`: every lot that was given or refused to a bid."""
    query = select(Award).where(
        Award.tender_id == process.tender.id, col(Award.decided_at).is_not(None)
    )
    found = _fresh(process.session, query.order_by(col(Award.id)))
    if not found:
        return Section({})
    suppliers = {
        org_id: {"supplier"}
        for award in found
        if award.status is AwardStatus.ACTIVE
        for org_id in award.suppliers
    }
    tenderers = {org_id: {"tenderer"} for award in found for org_id in award.suppliers}
    roles = {org_id: held | suppliers.get(org_id, set()) for org_id, held in tenderers.items()}
    process.learn(roles)
    return Section({"awards": [_award(process, each) for each in found]}, roles)


def complaints(process: Process) -> Section:
    """`complaints` that were handed in, with what was decided."""
    query = select(Complaint).where(
        Complaint.tender_id == process.tender.id, col(Complaint.status).not_in(PRIVATE)
    )
    found = _fresh(process.session, query.order_by(col(Complaint.id)))
    if not found:
        return Section({})
    wanted = [each.id for each in found]
    decisions: Mapping[UUID, list[ComplaintDecision]] = defaultdict(list)
    for decision in process.session.exec(
        select(ComplaintDecision)
        .where(col(ComplaintDecision.complaint_id).in_(wanted))
        .order_by(col(ComplaintDecision.decided_at), col(ComplaintDecision.id))
    ):
        decisions[decision.complaint_id].append(decision)
    effects: Mapping[UUID, list[str]] = defaultdict(list)
    for effect in process.session.exec(
        select(ComplaintEffect)
        .where(col(ComplaintEffect.complaint_id).in_(wanted))
        .order_by(col(ComplaintEffect.position))
    ):
        effects[effect.complaint_id].append(effect.kind.value)
    told = [_complaint(each, decisions[each.id], effects[each.id]) for each in found]
    return Section({"complaints": told})


def _award(process: Process, award: Award) -> Json:
    return compact(
        {
            "id": ids.show("award", award.id),
            "status": award.status.value,
            "date": instant(award.cancelled_at or award.decided_at),
            "description": award.cancellation_reason or award.decision,
            "value": money(award.value),
            "suppliers": [process.reference(org_id) for org_id in award.suppliers],
            # Without competition a call-off has no bids: its award rests on one of the framework.
            "relatedBid": None
            if agreements.is_direct(process.tender)
            else ids.show("bid", award.bid_id),
            "relatedLots": [ids.show("lot", award.lot_id)],
        }
    )


def _complaint(
    complaint: Complaint, decisions: Sequence[ComplaintDecision], effects: Sequence[str]
) -> Json:
    last = decisions[-1] if decisions else None
    decision = last and compact(
        {
            "date": instant(last.decided_at),
            "description": last.rationale,
            "effects": [*effects],
        }
    )
    return compact(
        {
            "id": ids.show("complaint", complaint.id),
            "date": instant(complaint.submitted_at),
            "status": complaint.status.value,
            "target": complaint.target.value,
            "relatedAward": complaint.award_id and ids.show("award", complaint.award_id),
            "relatedQualification": complaint.qualification_id
            and ids.show("qualification", complaint.qualification_id),
            "relatedLots": [ids.show("lot", complaint.lot_id)] if complaint.lot_id else [],
            "title": texts("title", complaint.title, complaint.language).get("title"),
            "description": texts("description", complaint.description, complaint.language).get(
                "description"
            ),
            "decision": decision,
        }
    )


def _fresh(session: Session, query: Any) -> Sequence[Any]:
    """The rows as the database has them."""
    rows: Sequence[Any] = session.exec(query.execution_options(populate_existing=True)).all()
    return rows
