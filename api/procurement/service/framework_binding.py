"""What suppliers of a framework agreement are bound to, and what keeps them from it. Never commits."""

from collections.abc import Sequence
from decimal import Decimal

from sqlmodel import Session, select

from api.core import db
from api.procurement.models import (
    Award,
    BidItem,
    BidLot,
    FrameworkAgreement,
    FrameworkPrice,
    FrameworkSupplier,
    FrameworkTerms,
    Tender,
)
from api.procurement.service import complaints
from api.rules import contracts as signing
from api.rules.contracts import AwardState
from api.rules.tenders import Fault, LotStatus

_SIX = Decimal("0.000001")


def in_the_way(session: Session, tender: Tender, held: Sequence[Award]) -> list[Fault]:
    """What keeps the parties from binding themselves to these awards now."""
    lots = {lot.id: lot.status for lot in tender.lots}
    states = [
        AwardState(each.status, lots.get(each.lot_id, LotStatus.CANCELLED), each.standstill_end)
        for each in held
    ]
    blocked = complaints.block_signing(session, tender.id, [each.id for each in held])
    found = signing.signing_faults(states, complaint_open=blocked, now=db.now(session))
    return [Fault("#", each.value, "is in the way") for each in found]


def faults_of(
    session: Session, tender: Tender, found: FrameworkTerms, held: Sequence[Award]
) -> list[Fault]:
    """Why an agreement cannot be concluded with those who hold these awards."""
    faults = in_the_way(session, tender, held)
    least = found.minimum_participants or 1
    for n, lot in enumerate(tender.lots):
        having = sum(each.lot_id == lot.id for each in held)
        if lot.status is LotStatus.ACTIVE and having < least:
            detail = f"has {having} of the {least} suppliers that it needs"
            faults.append(Fault(f"#/lots/{n}", "too_few_suppliers", detail))
    currency = tender.value.currency if tender.value else None
    priced = {
        (each.bid_id, each.lot_id)
        for each in session.exec(select(BidItem).where(BidItem.tender_id == tender.id))
    }
    for award in held:
        at = f"#/awards/{award.id.hex}"
        if award.value_currency != currency:
            faults.append(Fault(at, "currency_differs", f"must be in {currency}"))
        if (award.bid_id, award.lot_id) not in priced:
            faults.append(Fault(at, "prices_missing", "has no prices of items"))
    return faults


def bind(session: Session, agreement: FrameworkAgreement, held: Sequence[Award]) -> None:
    """The suppliers and the prices that they are bound to: those of their bids, lowered as their
    whole price was by a reverse auction."""
    for award in held:
        bid = session.exec(
            select(BidLot).where(BidLot.bid_id == award.bid_id, BidLot.lot_id == award.lot_id)
        ).one()
        supplier = FrameworkSupplier(
            agreement_id=agreement.id,
            lot_id=award.lot_id,
            award_id=award.id,
            bid_id=award.bid_id,
            suppliers=[*award.suppliers],
            rank=award.rank,
            vat_included=bid.vat_included,
            changed_at=agreement.period_start,
        )
        session.add(supplier)
        session.flush()
        items = session.exec(
            select(BidItem).where(BidItem.bid_id == award.bid_id, BidItem.lot_id == award.lot_id)
        )
        session.add_all(
            FrameworkPrice(
                framework_supplier_id=supplier.id,
                item_id=item.item_id,
                unit_price_amount=(
                    item.unit_price_amount * award.value_amount / bid.value_amount
                ).quantize(_SIX),
            )
            for item in items
        )
    session.flush()
