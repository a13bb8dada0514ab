"""What the commission decides about single bids: reasons against them, preference, low prices.

Functions that change something take the tender locked by `tenders.lock`.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import db, ids
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.core.outbox import emit
from api.identity.service import Caller
from api.procurement.models import (
    Bid,
    Disqualification,
    DomesticClaim,
    Lot,
    PreferenceDecision,
    PriceJustification,
    Tender,
)
from api.procurement.schemas.commissions import (
    DisqualificationIn,
    JustificationAnswerIn,
    JustificationDecisionIn,
    JustificationIn,
    PreferenceIn,
)
from api.procurement.service import commissions, evaluations, gathering
from api.procurement.service.evaluation_problems import (
    AnswerAwaited,
    AnswerLate,
    NotAbnormallyLow,
)
from api.rules.commissions import JUSTIFICATION, JustificationStatus
from api.rules.states import IllegalTransition
from api.rules.tenders import has_ended


def disqualify(
    session: Session, tender: Tender, lot: Lot, *, caller: Caller, data: DisqualificationIn
) -> Disqualification:
    """Leave a bid unranked in a lot, for reasons that stay in the file. Raises BidsNotOpened,
    ConflictUndeclared, ConflictDeclared, Invalid or AlreadyExists."""
    commissions.require_stage(tender, first_package=True)
    commissions.require_cleared(session, tender, caller)
    bid = _bid(session, tender, lot, data.bid_id)
    if _live(session, lot.id, bid.id) is not None:
        raise AlreadyExists("The bid is disqualified in this lot already.")
    row = Disqualification(
        tender_id=tender.id,
        lot_id=lot.id,
        bid_id=bid.id,
        reasons=[each.model_dump() for each in data.reasons],
        decided_by=caller.actor,
    )
    session.add(row)
    session.flush()
    codes = [each.code for each in data.reasons]
    change = {"bid": bid.id.hex, "lot": lot.id.hex, "codes": codes}
    commissions.note(session, tender, "disqualify_bid", caller, change)
    return row


def revoke(
    session: Session, tender: Tender, lot: Lot, *, caller: Caller, bid_id: UUID
) -> Disqualification:
    """Take a disqualification back while the lot is being evaluated; NotFound if there is none."""
    commissions.require_stage(tender, first_package=True)
    commissions.require_cleared(session, tender, caller)
    row = _live(session, lot.id, bid_id)
    if row is None:
        raise NotFound
    row.revoked_at, row.revoked_by = db.now(session), caller.actor
    session.add(row)
    change = {"bid": bid_id.hex, "lot": lot.id.hex}
    commissions.note(session, tender, "revoke_disqualification", caller, change)
    return row


def decide_preference(
    session: Session, tender: Tender, lot: Lot, *, caller: Caller, data: PreferenceIn
) -> PreferenceDecision:
    """Accept or refuse a bid's claim of domestic manufacture for a lot; Conflict without a claim.
    A later decision replaces an earlier one until the evaluation is complete."""
    commissions.require_stage(tender)
    commissions.require_cleared(session, tender, caller)
    bid = _bid(session, tender, lot, data.bid_id)
    claims = session.exec(select(DomesticClaim).where(DomesticClaim.bid_id == bid.id)).all()
    if not any(each.lot_id in (None, lot.id) for each in claims):
        raise Conflict("The bid makes no claim of domestic manufacture for this lot.")
    row = session.exec(
        select(PreferenceDecision).where(
            PreferenceDecision.lot_id == lot.id, PreferenceDecision.bid_id == bid.id
        )
    ).one_or_none() or PreferenceDecision(
        tender_id=tender.id, lot_id=lot.id, bid_id=bid.id, accepted=False, reason="", decided_by=""
    )
    row.accepted, row.reason, row.decided_by = data.accepted, data.reason, caller.actor
    session.add(row)
    session.flush()
    change = {"bid": bid.id.hex, "lot": lot.id.hex, "accepted": data.accepted}
    commissions.note(session, tender, "decide_preference", caller, change)
    return row


def request_justification(
    session: Session, tender: Tender, lot: Lot, *, caller: Caller, data: JustificationIn
) -> PriceJustification:
    """Ask a supplier to explain its abnormally low price. Raises NotAbnormallyLow for another
    price, Invalid for a time that has passed, AlreadyExists for a second request."""
    commissions.require_stage(tender)
    commissions.require_cleared(session, tender, caller)
    bid = _bid(session, tender, lot, data.bid_id)
    if has_ended(data.answer_until, db.now(session)):
        raise refused("#/answer_until", "deadline_in_past", "has passed")
    if _justification(session, lot.id, bid.id) is not None:
        raise AlreadyExists("The supplier was asked already.")
    if ids.show("bid", bid.id) not in evaluations.justification_awaited(session, lot):
        raise NotAbnormallyLow
    row = PriceJustification(
        tender_id=tender.id,
        lot_id=lot.id,
        bid_id=bid.id,
        supplier_id=bid.supplier_id,
        question=data.question,
        answer_until=data.answer_until,
    )
    session.add(row)
    session.flush()
    change = {"bid": bid.id.hex, "lot": lot.id.hex, "answer_until": data.answer_until.isoformat()}
    commissions.note(session, tender, "request_justification", caller, change)
    emit(
        session,
        "price_justification.requested",
        row.id,
        org_id=bid.supplier_id,
        also=[tender.buyer_id],
        tender_id=tender.id.hex,
        version=row.version,
    )
    return row


def answer(
    session: Session, *, caller: Caller, justification_id: UUID, data: JustificationAnswerIn
) -> PriceJustification:
    """The supplier's explanation. NotFound for another's, AnswerLate at `answer_until` or later,
    Conflict for a second one."""
    row = session.exec(
        select(PriceJustification)
        .where(
            PriceJustification.id == justification_id,
            PriceJustification.supplier_id == caller.org_id,
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound
    if has_ended(row.answer_until, db.now(session)):
        raise AnswerLate
    row.answer, row.answered_at = data.answer, db.now(session)
    _move(session, row, "answer", actor=caller.actor, org_id=row.supplier_id)
    return row


def decide_justification(
    session: Session,
    tender: Tender,
    *,
    caller: Caller,
    justification_id: UUID,
    action: str,
    data: JustificationDecisionIn,
) -> PriceJustification:
    """Accept or reject (`action`) the explanation; without one, only when its time is over."""
    commissions.require_stage(tender)
    commissions.require_cleared(session, tender, caller)
    row = session.exec(
        select(PriceJustification)
        .where(PriceJustification.id == justification_id, PriceJustification.tender_id == tender.id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound
    now = db.now(session)
    if row.status is JustificationStatus.REQUESTED and not has_ended(row.answer_until, now):
        raise AnswerAwaited
    row.decision, row.decided_at, row.decided_by = data.reason, now, caller.actor
    _move(session, row, action, actor=caller.actor, org_id=tender.buyer_id)
    change = {"justification": row.id.hex, "bid": row.bid_id.hex}
    commissions.note(session, tender, f"{action}_justification", caller, change)
    return row


def justifications(
    session: Session, *, org_id: UUID, tender: Tender
) -> Sequence[PriceJustification]:
    """Of a tender: the buyer sees all, a supplier its own."""
    query = select(PriceJustification).where(PriceJustification.tender_id == tender.id)
    if tender.buyer_id != org_id:
        query = query.where(PriceJustification.supplier_id == org_id)
    return session.exec(query.order_by(col(PriceJustification.id))).all()


def disqualifications(session: Session, tender: Tender) -> Sequence[Disqualification]:
    """Of a tender, revoked ones too, in their order."""
    return session.exec(
        select(Disqualification)
        .where(Disqualification.tender_id == tender.id)
        .order_by(col(Disqualification.id))
    ).all()


def _move(
    session: Session, row: PriceJustification, action: str, *, actor: str, org_id: UUID
) -> None:
    """The one place that writes the status of a justification."""
    try:
        row.status = JUSTIFICATION.apply(action, row.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    row.version += 1
    session.add(row)
    evaluations.trace(
        session, f"price_justification:{row.id.hex}", action, actor=actor, org_id=org_id
    )
    buyer = select(Tender.buyer_id).where(Tender.id == row.tender_id)
    emit(
        session,
        f"price_justification.{row.status}",
        row.id,
        org_id=org_id,
        also=[row.supplier_id, session.exec(buyer).one()],
        tender_id=row.tender_id.hex,
        version=row.version,
    )


def _bid(session: Session, tender: Tender, lot: Lot, bid_id: UUID) -> Bid:
    for bid in gathering.bids_of(session, tender, lot):
        if bid.id == bid_id:
            return bid
    raise refused("#/bid_id", "unknown_bid", "No such bid for this lot.")


def _live(session: Session, lot_id: UUID, bid_id: UUID) -> Disqualification | None:
    return session.exec(
        select(Disqualification).where(
            Disqualification.lot_id == lot_id,
            Disqualification.bid_id == bid_id,
            col(Disqualification.revoked_at).is_(None),
        )
    ).one_or_none()


def _justification(session: Session, lot_id: UUID, bid_id: UUID) -> PriceJustification | None:
    return session.exec(
        select(PriceJustification).where(
            PriceJustification.lot_id == lot_id, PriceJustification.bid_id == bid_id
        )
    ).one_or_none()
