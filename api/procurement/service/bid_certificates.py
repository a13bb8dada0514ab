"""Opened bids whose certificates have run out: a flag for the buyer, decided by nobody but people.

Asked anew each time, so that it is right whenever it is read. Never commits.
"""

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, or_, select

from api.catalog.models import Certificate
from api.core import db
from api.core.outbox import emit
from api.procurement.models import Bid, BidLot, BidTenderer, Lot, Tender
from api.rules.bid_certificates import lapsed
from api.rules.bids import BidStatus
from api.rules.clock import local_date
from api.rules.offers import CertificateStatus
from api.rules.tenders import TenderStatus


def flags(session: Session, bid: Bid) -> list[dict[str, Any]]:
    """By lot of an opened bid, the schemes that the lot asks for of which nothing that its tenderers
    have entered is in force today; of a sealed bid nothing is said."""
    if bid.opened_at is None:
        return []
    lots = session.exec(
        select(BidLot.lot_id, Lot.required_certificates)
        .join(Lot, col(Lot.id) == BidLot.lot_id)
        .where(BidLot.bid_id == bid.id)
        .order_by(col(BidLot.lot_id))
    ).all()
    asked = {scheme for _, schemes in lots for scheme in schemes}
    if not asked:
        return []
    held = session.exec(
        select(Certificate).where(
            col(Certificate.org_id).in_(_tenderers(session, bid)),
            col(Certificate.scheme).in_(asked),
            Certificate.status != CertificateStatus.WITHDRAWN,
        )
    ).all()
    today = local_date(db.now(session))
    return [
        {
            "lot_id": lot_id,
            "scheme": each.scheme,
            "number": each.number,
            "expired_on": each.expired_on,
        }
        for lot_id, schemes in lots
        for each in lapsed(schemes, held, today)
    ]


def announce(session: Session, certificate_id: UUID) -> None:
    """A certificate has run out: the buyers of opened bids that wait for a decision, and their
    suppliers, are told when nothing else of its scheme is in force."""
    certificate = session.get(Certificate, certificate_id)
    if certificate is None:
        return
    member = select(BidTenderer.bid_id).where(BidTenderer.organisation_id == certificate.org_id)
    bids = session.exec(
        select(Bid, Tender.buyer_id)
        .join(Tender, col(Tender.id) == Bid.tender_id)
        .where(
            or_(Bid.supplier_id == certificate.org_id, col(Bid.id).in_(member)),
            col(Bid.opened_at).is_not(None),
            col(Bid.status).in_([BidStatus.PENDING, BidStatus.VALID]),
            Tender.status == TenderStatus.ACTIVE,
        )
        .order_by(col(Bid.id))
    ).all()
    for bid, buyer_id in bids:
        if certificate.scheme in {each["scheme"] for each in flags(session, bid)}:
            emit(
                session,
                "bid.certificate_lapsed",
                bid.id,
                org_id=buyer_id,
                also=[bid.supplier_id],
                tender_id=bid.tender_id.hex,
                scheme=certificate.scheme,
            )


def _tenderers(session: Session, bid: Bid) -> set[UUID]:
    joined = select(BidTenderer.organisation_id).where(BidTenderer.bid_id == bid.id)
    return {*session.exec(joined), bid.supplier_id}
