"""Cancellation of tenders and lots. Never commits: the caller owns the transaction.

Whoever writes a cancellation holds the tender's row, always before the cancellation's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import db, deadlines
from api.core.errors import Conflict, FieldError, Invalid, NotFound
from api.core.outbox import emit
from api.procurement.models import Cancellation, Complaint, Lot, Tender
from api.procurement.schemas import CancelIn
from api.procurement.service import awards, periods, policies, tenders
from api.procurement.service.problems import CancellationPending
from api.procurement.service.queries import visible
from api.rules import cancellations as rules
from api.rules.cancellations import CANCELLATION, CancellationStatus
from api.rules.complaints import OPEN, ComplaintStatus
from api.rules.states import IllegalTransition
from api.rules.tenders import TENDER, LotStatus, TenderStatus, has_ended

WINDOW_ENDED = "cancellation.window_ended"
UPHELD = frozenset({ComplaintStatus.SATISFIED, ComplaintStatus.RESOLVED})
_EVENTS = {
    "request": "cancellation.requested",
    "activate": "cancellation.activated",
    "withdraw": "cancellation.withdrawn",
    "lapse": "cancellation.lapsed",
}


def cancel(session: Session, tender: Tender, *, actor: str, data: CancelIn) -> Tender:
    """Cancel a locked tender or some of its lots: at once, or when the time in which the tender's
    policy lets suppliers complain about it has ended.

    Raises Conflict, CancellationPending, CalendarYearMissing, or Invalid for a lot that is not the
    tender's or no longer active.
    """
    tenders.require(tender, "cancel")
    if pending_of(session, tender.id) is not None:
        raise CancellationPending
    lots = _chosen(tender, data.lot_ids)
    now = db.now(session)
    cancellation = Cancellation(
        tender_id=tender.id,
        lot_ids=[lot.id for lot in lots],
        status=CancellationStatus.PENDING,
        reason_type=data.reason_type,
        reason=data.reason,
        requested_at=now,
        complaint_period_end=_window(session, tender, now),
    )
    if cancellation.complaint_period_end is None:
        _take_effect(session, tender, cancellation, now=now, actor=actor)
        return tender
    session.add(cancellation)
    deadlines.arm(
        session,
        WINDOW_ENDED,
        cancellation.id,
        cancellation.complaint_period_end,
        org_id=tender.buyer_id,
    )
    _note(session, tender, cancellation, "request", actor=actor)
    tenders.record(session, tender, "request_cancellation", actor=actor, change=_told(cancellation))
    return tender


def activate_due(session: Session, cancellation_id: UUID) -> bool:
    """End a cancellation whose complaint period has ended by the database's clock: it takes
    effect, unless a complaint about it was found right. While one is open, it waits for the
    decision, which wakes this again. For the workers' role; True when this call ended it."""
    found = session.get(Cancellation, cancellation_id)
    tender = tenders.hold(session, found.tender_id) if found else None
    if tender is None:
        return False
    cancellation, now = _locked(session, cancellation_id), db.now(session)
    end = cancellation.complaint_period_end
    if cancellation.status is not CancellationStatus.PENDING or end is None:
        return False
    if not has_ended(end, now):
        return False
    complained = _complained(session, cancellation)
    if complained & OPEN:
        return False
    if complained & UPHELD:
        _take_back(session, tender, cancellation, now=now, actor=tenders.CLOCK)
    else:
        _take_effect(session, tender, cancellation, now=now, actor=tenders.CLOCK)
    return True


def hold(session: Session, *, buyer_id: UUID, cancellation_id: UUID) -> tuple[Tender, Cancellation]:
    """The buyer's own tender and its cancellation, locked; NotFound for anybody else."""
    tender_id = session.exec(
        select(Cancellation.tender_id)
        .join(Tender, col(Tender.id) == col(Cancellation.tender_id))
        .where(Cancellation.id == cancellation_id, Tender.buyer_id == buyer_id)
    ).one_or_none()
    if tender_id is None:
        raise NotFound
    tender = tenders.lock(session, buyer_id=buyer_id, tender_id=tender_id)
    return tender, _locked(session, cancellation_id)


def withdraw(
    session: Session, tender: Tender, cancellation: Cancellation, *, actor: str
) -> Cancellation:
    """Take a cancellation back before it takes effect. A tender that it held up at the end of its
    period goes on. Raises Conflict, or CalendarYearMissing."""
    now, end = db.now(session), cancellation.complaint_period_end
    if end is not None and has_ended(end, now):
        raise Conflict("The complaint period has ended: the cancellation takes effect.")
    _take_back(session, tender, cancellation, now=now, actor=actor)
    return cancellation


def _take_back(
    session: Session, tender: Tender, cancellation: Cancellation, *, now: datetime, actor: str
) -> None:
    _move(cancellation, "withdraw", now)
    session.add(cancellation)
    deadlines.disarm(session, WINDOW_ENDED, cancellation.id)
    _note(session, tender, cancellation, "withdraw", actor=actor)
    change = {"cancellation": cancellation.id.hex}
    tenders.record(session, tender, "withdraw_cancellation", actor=actor, change=change)
    periods.resume(session, tender, now=now, actor=actor)


def pending_of(session: Session, tender_id: UUID) -> Cancellation | None:
    """The cancellation of a tender that waits for the end of its complaint period."""
    return session.exec(
        select(Cancellation).where(
            Cancellation.tender_id == tender_id, Cancellation.status == CancellationStatus.PENDING
        )
    ).one_or_none()


def list_cancellations(
    session: Session, *, org_id: UUID, tender_id: UUID
) -> Sequence[Cancellation]:
    """The cancellations of a tender that the organisation may see, in order; NotFound."""
    seen = select(Tender.id).where(Tender.id == tender_id, visible(org_id))
    if session.exec(seen).first() is None:
        raise NotFound
    return all_of(session, tender_id)


def all_of(session: Session, tender_id: UUID) -> Sequence[Cancellation]:
    """Every cancellation of a tender, in order."""
    return session.exec(
        select(Cancellation)
        .where(Cancellation.tender_id == tender_id)
        .order_by(col(Cancellation.id))
    ).all()


def tender_of(session: Session, cancellation_id: UUID) -> UUID | None:
    """The tender that a cancellation is of."""
    query = select(Cancellation.tender_id).where(Cancellation.id == cancellation_id)
    return session.exec(query).one_or_none()


def _take_effect(
    session: Session, tender: Tender, cancellation: Cancellation, *, now: datetime, actor: str
) -> None:
    """Cancel what is still there to be cancelled; nothing, when the tender has ended meanwhile."""
    lots = [lot for lot in tender.lots if lot.id in cancellation.lot_ids]
    active = [lot for lot in lots if lot.status is LotStatus.ACTIVE]
    possible = active if lots else "cancel" in TENDER.allowed(tender.status_details)
    action = "activate" if possible else "lapse"
    _move(cancellation, action, now)
    session.add(cancellation)
    deadlines.disarm(session, WINDOW_ENDED, cancellation.id)
    change = _told(cancellation)
    if active:
        tenders.move_lots(session, tender, active, "cancel", actor=actor, change=change)
    elif possible:
        tenders.move(session, tender, "cancel", actor=actor, change=change)
    if possible:
        awards.lapse(session, tender, actor=actor)
    _note(session, tender, cancellation, action, actor=actor)
    if tender.status is TenderStatus.ACTIVE:
        periods.resume(session, tender, now=now, actor=actor)


def _complained(session: Session, cancellation: Cancellation) -> set[ComplaintStatus]:
    """Where the complaints stand that were handed in about a cancellation."""
    session.flush()
    return {
        *session.exec(
            select(Complaint.status).where(
                Complaint.cancellation_id == cancellation.id,
                col(Complaint.submitted_at).is_not(None),
            )
        )
    }


def _chosen(tender: Tender, lot_ids: Sequence[UUID]) -> list[Lot]:
    """The named lots. Raises Invalid, naming each that cannot be cancelled by itself."""
    by_id = {lot.id: lot for lot in tender.lots}
    errors = []
    for n, lot_id in enumerate(lot_ids):
        lot = by_id.get(lot_id)
        if lot is None or lot.status is not LotStatus.ACTIVE:
            code = "unknown_lot" if lot is None else "lot_not_active"
            detail = "The tender has no such lot" if lot is None else f"The lot is {lot.status}"
            errors.append(FieldError(pointer=f"#/lot_ids/{n}", code=code, detail=detail))
    if errors:
        raise Invalid("Some lots cannot be cancelled.", errors=errors)
    return [by_id[lot_id] for lot_id in lot_ids]


def _window(session: Session, tender: Tender, now: datetime) -> datetime | None:
    if tender.policy is None:
        return None
    return rules.complaint_period_end(
        policies.stages_of(session, tender),
        policies.policy_of(tender),
        published=tender.published_at is not None,
        now=now,
    )


def _locked(session: Session, cancellation_id: UUID) -> Cancellation:
    return session.exec(
        select(Cancellation)
        .where(Cancellation.id == cancellation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _move(cancellation: Cancellation, action: str, now: datetime) -> None:
    """The one place that writes the status of a cancellation."""
    try:
        cancellation.status = CANCELLATION.apply(action, cancellation.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    cancellation.ended_at = now
    cancellation.version += 1


def _note(
    session: Session, tender: Tender, cancellation: Cancellation, action: str, *, actor: str
) -> None:
    """The event of a step; what it does to the tender leaves the audit entry."""
    if tender.published_at is not None:
        emit(
            session,
            _EVENTS[action],
            cancellation.id,
            org_id=tender.buyer_id,
            public=True,
            tender_id=tender.id.hex,
            ocid=tender.ocid,
            version=cancellation.version,
        )


def _told(cancellation: Cancellation) -> dict[str, Any]:
    end = cancellation.complaint_period_end
    return {
        "cancellation": cancellation.id.hex,
        "reason": cancellation.reason,
        "reason_type": cancellation.reason_type.value,
        "lots": [lot_id.hex for lot_id in cancellation.lot_ids],
        "complaint_period_end": end.isoformat() if end else None,
    }
