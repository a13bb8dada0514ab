"""The bids of a lot in their order, as awards need them. Never commits."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import any_
from sqlmodel import Session, col, select

from api.core.errors import NotFound
from api.identity import debarments
from api.procurement.models import (
    Bid,
    BidLot,
    BidTenderer,
    FrameworkAgreement,
    FrameworkSupplier,
    Lot,
    Tender,
)
from api.procurement.service import agreements, evaluations
from api.procurement.service.award_problems import LotNotEvaluated
from api.rules import awards as rules
from api.rules.bids import TendererRole
from api.rules.frameworks import FrameworkMethod


class Ranked(NamedTuple):
    """A ranked bid: what it asks for the lot is what a contract pays, whatever its points were."""

    bid_id: UUID
    rank: int
    suppliers: Sequence[UUID]
    amount: Decimal
    currency: str


def ranked(session: Session, tender: Tender, lot_id: UUID) -> Sequence[Ranked]:
    """The bids of a lot that an award can go to, the best first, by its completed evaluation.

    A call-off goes to active suppliers of its agreement only; without competition, in the order of
    the agreement's rule, at its prices. Raises LotNotEvaluated.
    """
    if agreements.is_direct(tender):
        return _allocated(session, tender, lot_id)
    try:
        found = evaluations.ranking(session, lot_id)
    except NotFound as error:
        raise LotNotEvaluated from error
    bids = _ranked(session, found)
    if tender.framework_id is None:
        return bids
    able = {each.supplier_id for each in agreements.active(session, tender.framework_id)}
    return [each for each in bids if each.suppliers[0] in able]


def turn(
    session: Session, tender: Tender, lot_id: UUID, *, decided: Collection[UUID]
) -> tuple[Ranked | None, list[Ranked]]:
    """The first bid of a lot that no award was made for (`decided`) and that can have one, and those
    before it that cannot: a supplier of theirs is debarred today. Raises LotNotEvaluated."""
    ranking = {bid.bid_id: bid for bid in ranked(session, tender, lot_id)}
    passed_over: list[Ranked] = []
    while True:
        out = {*decided, *(bid.bid_id for bid in passed_over)}
        found = rules.next_bid(ranking, decided=out)
        if found is None:
            return None, passed_over
        if not debarments.any_debarred(session, ranking[found].suppliers):
            return ranking[found], passed_over
        passed_over.append(ranking[found])


def _ranked(session: Session, found: Sequence[evaluations.Ranked]) -> list[Ranked]:
    return [
        Ranked(
            bid.bid_id,
            bid.rank,
            tenderers(session, bid.bid_id),
            bid.price.amount,
            bid.price.currency,
        )
        for bid in found
    ]


def _allocated(session: Session, tender: Tender, lot_id: UUID) -> list[Ranked]:
    lot = next(each for each in tender.lots if each.id == lot_id)
    return [
        Ranked(
            each.supplier.bid_id,
            place,
            each.supplier.suppliers,
            each.total,
            lot.value_currency or "",
        )
        for place, each in enumerate(agreements.allocated(session, tender, lot), start=1)
    ]


def tenderers(session: Session, bid_id: UUID) -> Sequence[UUID]:
    """The organisations of a bid, the lead first: who was named and has not joined is none."""
    rows = session.exec(
        select(BidTenderer)
        .where(
            BidTenderer.bid_id == bid_id,
            col(BidTenderer.accepted_at).is_not(None),
            col(BidTenderer.released_at).is_(None),
        )
        .order_by((col(BidTenderer.role) != TendererRole.LEAD), col(BidTenderer.id))
    ).all()
    return [row.organisation_id for row in rows]


def has_bid(session: Session, lot_id: UUID, org_id: UUID) -> bool:
    """True when an organisation is a tenderer of an opened bid for the lot, or could have been
    given it by a framework agreement without competition."""
    found = session.exec(
        select(BidTenderer.id)
        .join(Bid, col(Bid.id) == BidTenderer.bid_id)
        .join(BidLot, col(BidLot.bid_id) == Bid.id)
        .where(
            BidLot.lot_id == lot_id,
            BidTenderer.organisation_id == org_id,
            col(BidTenderer.accepted_at).is_not(None),
            col(Bid.opened_at).is_not(None),
        )
        .limit(1)
    ).first()
    return found is not None or _could_be_given(session, lot_id, org_id)


def _could_be_given(session: Session, lot_id: UUID, org_id: UUID) -> bool:
    found = session.exec(
        select(FrameworkSupplier.id)
        .join(FrameworkAgreement, col(FrameworkAgreement.id) == FrameworkSupplier.agreement_id)
        .join(Tender, col(Tender.framework_id) == FrameworkAgreement.tender_id)
        .join(Lot, col(Lot.tender_id) == Tender.id)
        .where(
            Lot.id == lot_id,
            Tender.framework_method == FrameworkMethod.WITHOUT_REOPENING,
            any_(col(FrameworkSupplier.suppliers)) == org_id,
        )
        .limit(1)
    ).first()
    return found is not None
