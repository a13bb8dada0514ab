"""What awards take of the ceiling of a framework agreement. Never commits.

Whoever draws holds the agreement's row, after that of its own tender: two buyers who call off the
last of the ceiling wait for each other. The database refuses in any case what passes the ceiling.
"""

from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.core import db
from api.procurement.models import (
    Award,
    FrameworkAgreement,
    FrameworkCallOff,
    FrameworkSupplier,
    Lot,
    Tender,
)
from api.procurement.service import agreements, terms
from api.procurement.service.framework_problems import CallOffRefused, CeilingExceeded
from api.rules import frameworks as rules
from api.rules.offers import plain
from api.rules.tenders import Fault


def draw(session: Session, tender: Tender, award: Award) -> None:
    """Take the award of a call-off from the ceiling; of any other tender, nothing.

    Raises CallOffRefused when the agreement or its supplier does not allow it now, or
    CeilingExceeded.
    """
    if tender.framework_id is None:
        return
    agreement, supplier = _require(session, tender, award)
    _grow(session, agreement, award.value_amount)
    last = session.exec(
        select(func.max(FrameworkCallOff.number)).where(
            FrameworkCallOff.agreement_id == agreement.id
        )
    ).one()
    session.add(
        FrameworkCallOff(
            agreement_id=agreement.id,
            number=(last or 0) + 1,
            framework_supplier_id=supplier.id,
            tender_id=tender.id,
            lot_id=award.lot_id,
            award_id=award.id,
            buyer_id=tender.buyer_id,
            amount=award.value_amount,
            drawn_at=db.now(session),
        )
    )
    session.flush()


def require(session: Session, tender: Tender, award: Award) -> None:
    """Raise CallOffRefused unless the award of a call-off could still be made now."""
    if tender.framework_id is not None:
        _require(session, tender, award)


def change(session: Session, tender: Tender, award_ids: Collection[UUID], delta: Decimal) -> None:
    """Let a contract about awards of a call-off take more of the ceiling, or less; CeilingExceeded.

    Less is given back from one award after another, and never all of one.
    """
    if tender.framework_id is None or not delta:
        return
    agreement = agreements.find(session, tender.framework_id, lock=True)
    rows = _live(session, award_ids)
    if agreement is None or not rows:
        return
    if delta > 0:
        _grow(session, agreement, delta)
        rows[0].amount += delta
        session.add(rows[0])
    else:
        before = sum((each.amount for each in rows), Decimal())
        share = (before + delta) / before
        left = before + delta
        for each in rows[1:]:
            each.amount = (each.amount * share).quantize(each.amount)
            left -= each.amount
            session.add(each)
        rows[0].amount = left
        session.add(rows[0])
        _grow(session, agreement, delta)
    session.flush()


def release(session: Session, tender_id: UUID, award_ids: Collection[UUID]) -> None:
    """Give back what awards have taken that are made no more."""
    rows = _live(session, award_ids)
    if not rows:
        return
    framework_id = session.exec(select(Tender.framework_id).where(Tender.id == tender_id)).one()
    assert framework_id is not None, "only call-offs draw"
    agreement = agreements.find(session, framework_id, lock=True)
    assert agreement is not None, "what was drawn on exists"
    now = db.now(session)
    for each in rows:
        each.released_at = now
        session.add(each)
    _grow(session, agreement, -sum((each.amount for each in rows), Decimal()))


def release_lots(session: Session, tender: Tender, lots: Collection[Lot]) -> None:
    """Give back what lots of a call-off have taken that end without a contract."""
    if tender.framework_id is None or not lots:
        return
    query = select(FrameworkCallOff.award_id).where(
        col(FrameworkCallOff.lot_id).in_([lot.id for lot in lots])
    )
    release(session, tender.id, session.exec(query).all())


def _require(
    session: Session, tender: Tender, award: Award
) -> tuple[FrameworkAgreement, FrameworkSupplier]:
    assert tender.framework_id is not None, "only of call-offs"
    locked = agreements.find(session, tender.framework_id, lock=True)
    agreement = agreements.require_open(locked, tender, now=db.now(session))
    lot = next(each for each in tender.lots if each.id == award.lot_id)
    of_lot = agreements.framework_lot(session, lot)
    able = [
        each
        for each in agreements.active(session, tender.framework_id)
        if each.lot_id == of_lot and each.supplier_id == award.suppliers[0]
    ]
    faults = []
    if not able:
        detail = "is no active supplier of the agreement for this lot"
        faults.append(Fault("#/lot_id", "supplier_not_active", detail))
    if award.value_currency != agreement.ceiling_currency:
        detail = f"must be in {agreement.ceiling_currency}"
        faults.append(Fault("#/lot_id", "currency_differs", detail))
    if faults:
        raise CallOffRefused(errors=terms.field_errors(faults))
    return agreement, able[0]


def _grow(session: Session, agreement: FrameworkAgreement, amount: Decimal) -> None:
    """The one place that writes `framework_agreement.drawn_amount`, under the row's lock."""
    drawn, ceiling = agreement.drawn_amount, agreement.ceiling_amount
    if amount > 0 and not rules.fits(drawn=drawn, amount=amount, ceiling=ceiling):
        left = f"{plain(ceiling - drawn)} {agreement.ceiling_currency}"
        raise CeilingExceeded(f"{plain(amount)} is asked for, {left} is left.")
    agreement.drawn_amount = drawn + amount
    agreement.version += 1
    session.add(agreement)
    session.flush()


def _live(session: Session, award_ids: Collection[UUID]) -> list[FrameworkCallOff]:
    session.flush()
    return [
        *session.exec(
            select(FrameworkCallOff)
            .where(
                col(FrameworkCallOff.award_id).in_(award_ids),
                col(FrameworkCallOff.released_at).is_(None),
            )
            .order_by(col(FrameworkCallOff.id))
        )
    ]
