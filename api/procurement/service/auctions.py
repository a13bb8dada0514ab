"""Reverse auctions of lots after the opening of bids. Never commits.

The log is the truth; `Auction.ends_at` is what it gives. Everybody who goes down in price holds the
auction's row, so that prices come one after the other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, db, deadlines, ids
from api.core.errors import Conflict, NotFound, refused
from api.core.outbox import emit
from api.procurement.evaluation import auction_logs
from api.procurement.models import Auction, AuctionPrice, Bid, BidLot, Evaluation, Lot, Tender
from api.procurement.schemas.auctions import AuctionIn
from api.procurement.service import policies, tenders
from api.procurement.service.problems import AuctionNotPossible, PriceRefused
from api.reference import service as reference
from api.rules import auction as rules
from api.rules.auction import AUCTION, AuctionStatus, Price, Standing
from api.rules.bids import COMPETING
from api.rules.clock import local_date
from api.rules.commissions import EvaluationStatus
from api.rules.quick import QuickMode
from api.rules.states import IllegalTransition
from api.rules.tenders import LotStatus, TenderStage, has_ended

ENDED = "auction.period_ended"
FEWEST = 2
"""With one bid there is nobody to compete with."""
_STAGES = frozenset({TenderStage.BIDS_OPENED, TenderStage.SECOND_PACKAGE_OPENED})
_EVENTS = {"plan": "auction.planned", "end": "auction.ended", "cancel": "auction.cancelled"}


class Result(NamedTuple):
    """The auction (`auction_…`), the last hash of its log, and what each bid came to."""

    id: str
    head_sha256: str
    currency: str
    prices: Mapping[UUID, Decimal]


def plan(session: Session, tender: Tender, *, actor: str, data: AuctionIn) -> Auction:
    """Announce the auction of a lot of the caller's own tender, whose row it holds.

    Raises AuctionNotPossible when the tender has not announced one or skips it, or bids are not opened, when
    fewer than two bids compete or their prices cannot be compared, Invalid for its times,
    Conflict when the lot has an auction already, and RateUnknown.
    """
    now = db.now(session)
    if data.starts_at <= now:
        raise refused("#/starts_at", "start_in_past", "must be in the future")
    if data.ends_at <= data.starts_at:
        raise refused("#/ends_at", "period_reversed", "must be after starts_at")
    lot = next((lot for lot in tender.lots if lot.id == data.lot_id), None)
    if lot is None:
        raise refused("#/lot_id", "unknown_lot", "The tender has no such lot")
    if QuickMode.NO_AUCTION in tender.quick:
        raise AuctionNotPossible("The test tender goes past its auctions.")
    step = policies.policy_of(tender).auction
    if tender.auction_step_bp is None or step is None:
        raise AuctionNotPossible("The tender did not announce an auction.")
    if tender.status_details not in _STAGES or lot.status is not LotStatus.ACTIVE:
        raise AuctionNotPossible("Bids of the lot are not opened, or already evaluated.")
    if _of_lot(session, lot.id) is not None:
        raise Conflict("The lot has an auction already.")
    if _is_evaluated(session, lot.id):
        raise AuctionNotPossible("The lot is evaluated already.")
    currency, initial = _initial(session, tender, lot, now)
    basis = lot.value_amount or max(initial.values())
    auction = Auction(
        tender_id=tender.id,
        lot_id=lot.id,
        currency=currency,
        step_amount=rules.least_step(basis, tender.auction_step_bp),
        pause_seconds=max(1, step.pause_minutes * 60 // tender.accelerator),
        initial={ids.show("bid", bid): str(amount) for bid, amount in initial.items()},
        starts_at=data.starts_at,
        announced_end=data.ends_at,
        ends_at=data.ends_at,
    )
    session.add(auction)
    session.flush()
    deadlines.arm(session, ENDED, auction.id, auction.ends_at, org_id=None)
    change = {
        "lot": ids.show("lot", lot.id),
        "step": str(auction.step_amount),
        "initial": auction.initial,
        "starts_at": auction.starts_at.isoformat(),
        "ends_at": auction.ends_at.isoformat(),
    }
    _record(session, auction, "plan", actor=actor, org_id=tender.buyer_id, change=change)
    return auction


def place(
    session: Session, auction_id: UUID, *, supplier_id: UUID, actor: str, amount: Decimal
) -> Auction:
    """Go down in price with the caller's bid; time is the database's when the row is held.

    Raises NotFound, PriceRefused (its `errors` name the code of the rule), or Conflict when the
    auction was cancelled.
    """
    auction = _held(session, auction_id)
    if auction.status is AuctionStatus.CANCELLED:
        raise Conflict("The auction was cancelled.")
    bid_id = _own_bid(session, auction, supplier_id)
    price = Price(ids.show("bid", bid_id), amount, db.now(session))
    try:
        after = rules.place(auction.terms, standing(session, auction), price)
    except rules.Refused as refusal:
        raise PriceRefused(refusal.code, str(refusal)) from refusal
    session.add(
        AuctionPrice(
            auction_id=auction.id,
            number=after.entries,
            bid_id=bid_id,
            amount=amount,
            received_at=price.at,
        )
    )
    auction.ends_at = after.end
    change = {"bid": price.bid, "amount": str(amount), "ends_at": after.end.isoformat()}
    _record(session, auction, "price", actor=actor, org_id=supplier_id, change=change)
    return auction


def lock(session: Session, auction_id: UUID, *, buyer_id: UUID) -> Auction:
    """An auction of the buyer's own tender, held; NotFound."""
    auction = _held(session, auction_id)
    if _buyer_of(session, auction) != buyer_id:
        raise NotFound
    return auction


def cancel(session: Session, auction: Auction, *, actor: str, reason: str) -> Auction:
    """Call an auction off that its buyer holds; prices of the opening count again. Conflict."""
    buyer = _buyer_of(session, auction)
    auction.cancellation_reason = reason
    _move(session, auction, "cancel", actor=actor, org_id=buyer, change={"reason": reason})
    deadlines.disarm(session, ENDED, auction.id)
    return auction


def end_due(session: Session, auction_id: UUID) -> bool:
    """End an auction whose time has come; True when this call did. A moved end is armed anew."""
    auction = session.exec(
        select(Auction).where(Auction.id == auction_id).with_for_update()
    ).one_or_none()
    if auction is None or auction.status is not AuctionStatus.PLANNED:
        return False
    if not has_ended(auction.ends_at, db.now(session)):
        deadlines.arm(session, ENDED, auction.id, auction.ends_at, org_id=None)
        return False
    prices = standing(session, auction).prices
    change = {"prices": {bid: str(amount) for bid, amount in sorted(prices.items())}}
    buyer = _buyer_of(session, auction)
    _move(session, auction, "end", actor=tenders.CLOCK, org_id=buyer, change=change)
    return True


def get(session: Session, auction_id: UUID) -> Auction:
    """An auction, which every caller may see; NotFound."""
    auction = session.get(Auction, auction_id)
    if auction is None:
        raise NotFound
    return auction


def log(session: Session, auction: Auction) -> Sequence[AuctionPrice]:
    """The prices in the order in which they came."""
    query = select(AuctionPrice).where(AuctionPrice.auction_id == auction.id)
    return session.exec(query.order_by(col(AuctionPrice.number))).all()


def standing(session: Session, auction: Auction) -> Standing:
    """How things stand, replayed from the log."""
    return rules.replay(auction.terms, _prices(session, auction))


def unfinished(session: Session, lot_id: UUID) -> bool:
    """True while a lot is still auctioned: it cannot be evaluated yet."""
    auction = _of_lot(session, lot_id)
    return auction is not None and auction.status is AuctionStatus.PLANNED


def result(session: Session, lot_id: UUID) -> Result | None:
    """What the auction of a lot came to, replayed from its log; None when it had none."""
    auction = _of_lot(session, lot_id)
    if auction is None or auction.status is not AuctionStatus.COMPLETE:
        return None
    prices, terms = _prices(session, auction), announced(session, auction)
    reached = rules.replay(auction.terms, prices).prices
    return Result(
        ids.show("auction", auction.id),
        auction_logs.hashes(terms, auction_logs.entries(prices))[-1],
        auction.currency,
        {ids.parse("bid", bid): amount for bid, amount in reached.items()},
    )


def exported(session: Session, auction: Auction) -> dict[str, Any]:
    """The log as a file (evaluation/auction_logs.py), from which anybody replays the result."""
    prices = _prices(session, auction)
    return auction_logs.document(
        announced(session, auction),
        auction_logs.entries(prices),
        rules.replay(auction.terms, prices),
        auction.status,
    )


def announced(session: Session, auction: Auction) -> dict[str, Any]:
    """What was announced of an auction, as its log begins."""
    ocid = session.exec(select(Tender.ocid).where(Tender.id == auction.tender_id)).one()
    return auction_logs.announced(
        auction.terms,
        auction_id=ids.show("auction", auction.id),
        tender=ocid,
        lot_id=ids.show("lot", auction.lot_id),
        currency=auction.currency,
    )


def _prices(session: Session, auction: Auction) -> list[Price]:
    return [
        Price(ids.show("bid", row.bid_id), row.amount, row.received_at)
        for row in log(session, auction)
    ]


def _initial(
    session: Session, tender: Tender, lot: Lot, now: datetime
) -> tuple[str, dict[UUID, Decimal]]:
    """The auction's currency, and what each competing bid asks for the lot, in it."""
    asked = session.exec(
        select(BidLot)
        .join(Bid, col(Bid.id) == col(BidLot.bid_id))
        .where(BidLot.lot_id == lot.id, col(Bid.status_details).in_(COMPETING))
        .order_by(col(BidLot.bid_id))
    ).all()
    if len(asked) < FEWEST:
        raise AuctionNotPossible("Fewer than two bids compete for the lot.")
    if len({row.vat_included for row in asked}) > 1:
        raise AuctionNotPossible("Some prices hold value-added tax and others do not.")
    given = lot.value_currency or tender.value_currency
    currencies = {row.value_currency for row in asked}
    if given is None and len(currencies) > 1:
        raise AuctionNotPossible("The lot has no value whose currency the auction could take.")
    currency = given or currencies.pop()
    day = local_date(now)
    return currency, {
        row.bid_id: _in_cents(
            reference.convert(session, row.value_amount, row.value_currency, currency, day)
        )
        for row in asked
    }


def _in_cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def _own_bid(session: Session, auction: Auction, supplier_id: UUID) -> UUID:
    bids = [ids.parse("bid", bid) for bid in auction.initial]
    query = select(Bid.id).where(Bid.supplier_id == supplier_id, col(Bid.id).in_(bids))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def _of_lot(session: Session, lot_id: UUID) -> Auction | None:
    query = select(Auction).where(
        Auction.lot_id == lot_id, Auction.status != AuctionStatus.CANCELLED
    )
    return session.exec(query).one_or_none()


def _is_evaluated(session: Session, lot_id: UUID) -> bool:
    query = select(Evaluation.id).where(
        Evaluation.lot_id == lot_id, Evaluation.status == EvaluationStatus.COMPLETED
    )
    return session.exec(query).first() is not None


def _held(session: Session, auction_id: UUID) -> Auction:
    query = select(Auction).where(Auction.id == auction_id).with_for_update()
    auction = session.exec(query).one_or_none()
    if auction is None:
        raise NotFound
    return auction


def _buyer_of(session: Session, auction: Auction) -> UUID:
    return session.exec(select(Tender.buyer_id).where(Tender.id == auction.tender_id)).one()


def _move(
    session: Session,
    auction: Auction,
    action: str,
    *,
    actor: str,
    org_id: UUID,
    change: dict[str, Any],
) -> None:
    """The one place that writes the status of an auction."""
    try:
        auction.status = AUCTION.apply(action, auction.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    _record(session, auction, action, actor=actor, org_id=org_id, change=change)


def _record(
    session: Session,
    auction: Auction,
    action: str,
    *,
    actor: str,
    org_id: UUID,
    change: dict[str, Any],
) -> None:
    auction.version += action != "plan"
    session.add(auction)
    stream = tenders.stream(auction.tender_id)
    change = {"auction": ids.show("auction", auction.id), **change}
    audit.record(session, stream, f"auction_{action}", actor=actor, org_id=org_id, change=change)
    if action in _EVENTS:
        emit(
            session,
            _EVENTS[action],
            auction.id,
            org_id=org_id,
            public=True,
            tender_id=auction.tender_id.hex,
            version=auction.version,
        )
