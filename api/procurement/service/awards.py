"""Awards: proposed, decided by somebody else, cancelled, passed on. Never commits.

Every function takes the tender locked: whether a standstill runs, a complaint is open or another
award exists is true until the transaction ends.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from api.core import audit, db, deadlines
from api.core.errors import Conflict, NotFound, refused
from api.core.outbox import emit
from api.identity import debarments
from api.matching import standings
from api.procurement.models import Award, Lot, Tender
from api.procurement.service import (
    agreements,
    award_queries,
    complaints,
    draws,
    framework_terms,
    policies,
    rankings,
    tenders,
)
from api.procurement.service.award_problems import (
    AwardNotProposed,
    AwardPending,
    BetterRanked,
    FourEyes,
    LotUndecided,
    NoBidLeft,
)
from api.procurement.service.rankings import Ranked
from api.rules import awards as rules
from api.rules.awards import AWARD, AwardStatus, CancellationCause, LotState
from api.rules.scorecards import Act
from api.rules.states import IllegalTransition
from api.rules.tenders import AWARDING, LotStatus, TenderStage

STANDSTILL_ENDED = "award.standstill_ended"
_DECIDING = (AwardStatus.PENDING, AwardStatus.ACTIVE)
_EVENTS = {
    "put_forward": "award.put_forward",
    "propose": "award.proposed",
    "approve": "award.approved",
    "reject": "award.rejected",
    "cancel": "award.cancelled",
    "lapse": "award.lapsed",
}
_DECISIONS = ("approve", "reject", "cancel")
"""Everybody is told of them; of a proposal, its buyer only."""
_MOVES = {
    TenderStage.EVALUATION_RESULTS_PENDING: "await_awards",
    TenderStage.CONTRACT_SIGN_PENDING: "settle_awards",
}


def propose(session: Session, tender: Tender, *, actor: str, lot_id: UUID, reason: str) -> Award:
    """Propose the first ranked bid of a lot that no award was made for; it stays pending until
    somebody else decides. A call-off draws on its agreement from now on.

    Bids of suppliers that are debarred today are passed over, and the trail names them. Raises
    Conflict outside the stages of award, AwardPending, NoBidLeft, SupplierBelowPolicy,
    CallOffRefused, CeilingExceeded or Invalid for a lot of another tender.
    """
    lot = _lot(tender, lot_id)
    _require_awarding(tender, lot)
    if len(award_queries.of_lot(session, lot.id, *_DECIDING)) >= framework_terms.seats(
        session, tender.id
    ):
        raise AwardPending
    best, passed_over = _next(session, tender, lot.id)
    if best is None:
        raise NoBidLeft
    _require_performance(session, tender, best.suppliers)
    award = _new(session, tender, lot, best)
    draws.draw(session, tender, award)
    award.proposed_by, award.proposal = actor, reason
    change = {"lot": lot.id.hex, "rank": best.rank, "reason": reason} | passed_over
    _log(session, award, "propose", actor, change)
    restage(session, tender, actor=actor)
    return award


def endorse(session: Session, tender: Tender, award: Award, *, actor: str, reason: str) -> Award:
    """Propose an award that the ranking has put forward after another one fell.

    That its supplier is debarred since then is told to who approves it: it can only be rejected,
    and the next bidder's turn comes.
    """
    _require_awarding(tender, _lot(tender, award.lot_id))
    if award.status is not AwardStatus.PENDING or award.proposed_by is not None:
        raise Conflict("The award has been proposed already.")
    if tender.framework_id or not debarments.any_debarred(session, award.suppliers):
        _require_performance(session, tender, award.suppliers)
        draws.draw(session, tender, award)
    award.proposed_by, award.proposal = actor, reason
    award.version += 1
    _log(session, award, "propose", actor, {"lot": award.lot_id.hex, "reason": reason})
    return award


def approve(session: Session, tender: Tender, award: Award, *, actor: str, reason: str) -> Award:
    """Award the lot: from now on the standstill of the tender's policy runs.

    Raises FourEyes, AwardNotProposed, BetterRanked, SupplierDebarred, SupplierBelowPolicy,
    CalendarYearMissing or Conflict.
    """
    _require_awarding(tender, _lot(tender, award.lot_id))
    pending = award_queries.of_lot(session, award.lot_id, AwardStatus.PENDING)
    if any(other.rank < award.rank for other in pending if other.id != award.id):
        raise BetterRanked
    standing = award_queries.of_lot(session, award.lot_id, AwardStatus.ACTIVE)
    seats = framework_terms.seats(session, tender.id)
    seat = rules.free_seat({other.seat for other in standing}, seats)
    if award.status is AwardStatus.PENDING and seat is None:
        raise AwardPending
    debarments.require_standing(session, award.suppliers)
    _require_performance(session, tender, award.suppliers)
    draws.require(session, tender, award)
    award.seat = seat or award.seat
    _decide(session, tender, award, "approve", actor=actor, reason=reason)
    restage(session, tender, actor=actor)
    return award


def reject(session: Session, tender: Tender, award: Award, *, actor: str, reason: str) -> Award:
    """Refuse the lot to a bid, for a reason; the next ranked bid is put forward.

    Its standstill is the bidder's time to complain. Raises as `approve`.
    """
    lot = _lot(tender, award.lot_id)
    _require_awarding(tender, lot)
    _decide(session, tender, award, "reject", actor=actor, reason=reason)
    _put_forward(session, tender, lot, actor=actor)
    restage(session, tender, actor=actor)
    return award


def cancel(
    session: Session,
    tender: Tender,
    award: Award,
    *,
    actor: str,
    cause: CancellationCause,
    reason: str,
    bid_returns: bool = False,
    pass_on: bool = True,
) -> Award | None:
    """End a decided award because of a complaint or a refusal; the award that takes its place.

    The next ranked bid is put forward unless `pass_on` is False. When it is a rejection that falls,
    its bid is ranked again, and an award that was made to a bid behind it falls with it.
    """
    fallen = [award]
    if award.status is AwardStatus.UNSUCCESSFUL:
        bid_returns = True
        standing = award_queries.of_lot(session, award.lot_id, AwardStatus.ACTIVE)
        fallen += rules.displaced(
            [(other.rank, other) for other in standing],
            rank=award.rank,
            seats=framework_terms.seats(session, tender.id),
        )
    now = db.now(session)
    for each in fallen:
        deadlines.disarm(session, STANDSTILL_ENDED, each.id)
        each.cancelled_at = now
        each.cancellation_cause, each.cancellation_reason = cause, reason
        each.bid_returned = bid_returns
        change = {"cause": cause, "reason": reason, "bid_returned": bid_returns}
        _move(session, each, "cancel", actor, change)
    lot = _lot(tender, award.lot_id)
    if lot.status is not LotStatus.ACTIVE or tender.status_details not in AWARDING:
        return None
    following = _put_forward(session, tender, lot, actor=actor) if pass_on else None
    restage(session, tender, actor=actor)
    return following


def conclude(session: Session, tender: Tender, lot_id: UUID, *, actor: str) -> bool:
    """End a lot that no bid is left for as unsuccessful; False when something is undecided.

    That is: a bid no award was made for, an award that stands, a standstill, an open complaint.
    """
    lot, now = _lot(tender, lot_id), db.now(session)
    if lot.status is not LotStatus.ACTIVE or tender.status_details not in AWARDING:
        return False
    standing = award_queries.of_lot(session, lot.id, *_DECIDING)
    if standing or _next(session, tender, lot.id)[0] is not None:
        return False
    decided = award_queries.of_lot(session, lot.id, AwardStatus.UNSUCCESSFUL, AwardStatus.CANCELLED)
    if any(rules.is_standing_still(award.standstill_end, now) for award in decided):
        return False
    if complaints.block_signing(session, tender.id, [award.id for award in decided]):
        return False
    tenders.move_lots(session, tender, [lot], "fail", actor=actor, change={})
    restage(session, tender, actor=actor)
    return True


def require_conclusion(session: Session, tender: Tender, lot_id: UUID, *, actor: str) -> None:
    """`conclude`, or LotUndecided."""
    if not conclude(session, tender, lot_id, actor=actor):
        raise LotUndecided


def conclude_due(session: Session, award_id: UUID) -> bool:
    """End the lot of an award whose standstill is over, if nothing else is left; for the workers."""
    award = session.get(Award, award_id)
    tender = tenders.hold(session, award.tender_id) if award is not None else None
    if award is None or tender is None:
        return False
    return conclude(session, tender, award.lot_id, actor=tenders.CLOCK)


def complete(
    session: Session, tender: Tender, awards: Sequence[Award], *, actor: str, change: dict[str, Any]
) -> None:
    """The contract about these awards is signed by both sides: their lots are complete."""
    lots = [_lot(tender, award.lot_id) for award in awards]
    tenders.move_lots(session, tender, lots, "complete", actor=actor, change=change)
    lapse(session, tender, actor=actor)
    restage(session, tender, actor=actor)


def lapse(session: Session, tender: Tender, *, actor: str) -> None:
    """End the awards that are still pending in lots of the tender that are no longer active:
    nobody will decide them. What was decided stays as it was decided."""
    over = {lot.id: lot.status for lot in tender.lots if lot.status is not LotStatus.ACTIVE}
    now = db.now(session)
    for award in award_queries.list_awards(session, tender_id=tender.id):
        if award.status is not AwardStatus.PENDING or award.lot_id not in over:
            continue
        award.cancelled_at, award.cancellation_cause = now, CancellationCause.LOT_ENDED
        award.cancellation_reason = f"The lot is {over[award.lot_id]}."
        _move(session, award, "lapse", actor, {"cause": CancellationCause.LOT_ENDED})


def restage(session: Session, tender: Tender, *, actor: str) -> None:
    """Let the stage of a tender under award follow from its active lots; when the last one ends,
    the tender has ended with it (tenders.move_lots)."""
    if tender.status_details not in AWARDING:
        return
    active = {
        award.lot_id
        for award in award_queries.list_awards(session, tender_id=tender.id)
        if award.status is AwardStatus.ACTIVE
    }
    stage = rules.stage_of([LotState(lot.status, lot.id in active) for lot in tender.lots])
    if stage is not tender.status_details:
        tenders.move(session, tender, _MOVES[stage], actor=actor, change={})


def lock(session: Session, tender: Tender, award_id: UUID) -> Award:
    """An award of the locked tender, as it is now; NotFound."""
    query = select(Award).where(Award.id == award_id, Award.tender_id == tender.id)
    award = session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if award is None:
        raise NotFound
    return award


def hold(session: Session, *, buyer_id: UUID, award_id: UUID) -> tuple[Tender, Award]:
    """The buyer's own award and its tender, both locked; NotFound."""
    found = award_queries.get(session, award_id)
    tender = tenders.lock(session, buyer_id=buyer_id, tender_id=found.tender_id)
    return tender, lock(session, tender, award_id)


def _decide(
    session: Session, tender: Tender, award: Award, action: str, *, actor: str, reason: str
) -> None:
    if award.status is AwardStatus.PENDING and award.proposed_by is None:
        raise AwardNotProposed
    if award.proposed_by == actor:
        raise FourEyes
    now, policy = db.now(session), policies.policy_of(tender)
    found = rules.standstill(
        policies.stages_of(session, tender),
        policy,
        decided_at=now,
        bids=1
        if agreements.is_direct(tender)
        else len(rankings.ranked(session, tender, award.lot_id)),
    )
    if found is not None:
        award.standstill_start, award.standstill_end = found.start, found.end
        award.standstill_rule = policies.snapshot_of(tender)["parameters"]["standstill_duration"]
    award.decided_by, award.decided_at, award.decision = actor, now, reason
    change = {
        "reason": reason,
        "standstill_end": found.end.isoformat() if found else None,
    }
    _move(session, award, action, actor, change)
    if found is not None:
        deadlines.arm(session, STANDSTILL_ENDED, award.id, found.end, org_id=award.buyer_id)


def _put_forward(session: Session, tender: Tender, lot: Lot, *, actor: str) -> Award | None:
    best, passed_over = _next(session, tender, lot.id)
    waiting = award_queries.of_lot(session, lot.id, *_DECIDING)
    better = [each for each in waiting if best is None or each.rank < best.rank]
    if waiting and (best is None or len(better) >= framework_terms.seats(session, tender.id)):
        return None
    if best is None:
        conclude(session, tender, lot.id, actor=actor)
        return None
    award = _new(session, tender, lot, best)
    change = {"lot": lot.id.hex, "rank": best.rank} | passed_over
    _log(session, award, "put_forward", actor, change)
    return award


def _new(session: Session, tender: Tender, lot: Lot, best: Ranked) -> Award:
    award = Award(
        tender_id=tender.id,
        lot_id=lot.id,
        bid_id=best.bid_id,
        buyer_id=tender.buyer_id,
        suppliers=[*best.suppliers],
        rank=best.rank,
        value_amount=best.amount,
        value_currency=best.currency,
    )
    session.add(award)
    session.flush()
    return award


def _next(session: Session, tender: Tender, lot_id: UUID) -> tuple[Ranked | None, dict[str, Any]]:
    """The bid whose turn it is, and what the trail says of better ones that are passed over."""
    decided = {
        award.bid_id for award in award_queries.of_lot(session, lot_id) if not award.bid_returned
    }
    best, passed_over = rankings.turn(session, tender, lot_id, decided=decided)
    told = {"passed_over": [bid.bid_id.hex for bid in passed_over]} if passed_over else {}
    return best, told


def _require_performance(session: Session, tender: Tender, suppliers: Sequence[UUID]) -> None:
    standings.require(session, buyer_id=tender.buyer_id, seller_ids=suppliers, act=Act.AWARD)


def _require_awarding(tender: Tender, lot: Lot) -> None:
    if tender.status_details not in AWARDING or lot.status is not LotStatus.ACTIVE:
        raise Conflict(
            f"The tender is {tender.status_details.value}, the lot {lot.status.value}:"
            " nothing is awarded now."
        )


def _lot(tender: Tender, lot_id: UUID) -> Lot:
    found = next((lot for lot in tender.lots if lot.id == lot_id), None)
    if found is None:
        raise refused("#/lot_id", "unknown_lot", "The tender has no such lot.")
    return found


def _move(session: Session, award: Award, action: str, actor: str, change: dict[str, Any]) -> None:
    """The one place that writes `award.status`."""
    try:
        award.status = AWARD.apply(action, award.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    award.version += 1
    if award.status in (AwardStatus.UNSUCCESSFUL, AwardStatus.CANCELLED):
        draws.release(session, award.tender_id, [award.id])
    _log(session, award, action, actor, {"lot": award.lot_id.hex, **change})


def _log(session: Session, award: Award, action: str, actor: str, change: dict[str, Any]) -> None:
    session.add(award)
    session.flush()
    audit.record(
        session,
        f"award:{award.id.hex}",
        action,
        actor=actor,
        org_id=award.buyer_id,
        change={"tender": award.tender_id.hex, "bid": award.bid_id.hex, **change},
    )
    emit(
        session,
        _EVENTS[action],
        award.id,
        org_id=award.buyer_id,
        also=award.suppliers if action in _DECISIONS else (),
        public=action in _DECISIONS,
        tender_id=award.tender_id.hex,
        lot_id=award.lot_id.hex,
        status=award.status,
        version=award.version,
    )
