"""What becomes of bids when they have been judged."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import ids
from api.procurement.models import Bid, Disqualification, Tender
from api.procurement.service import bid_moves
from api.rules.bids import BidStage
from api.rules.tenders import LotStatus


def settle(
    session: Session, tender: Tender, results: Sequence[dict[str, Any]], *, actor: str
) -> None:
    """After the last lot: a bid that is ranked in a lot is valid, every other one disqualified,
    for the reasons in the files. `results` are those of the completed evaluations."""
    reasons: dict[str, list[dict[str, str]]] = {}
    ranked: set[str] = set()
    for result in results:
        ranked |= {*result["ranking"]}
        for bid in result["bids"]:
            reasons.setdefault(bid["id"], []).extend(bid["reasons"])
    opened = _locked(session, tender, BidStage.OPENED)
    valid = [bid for bid in opened if ids.show("bid", bid.id) in ranked]
    out = [bid for bid in opened if ids.show("bid", bid.id) not in ranked]
    bid_moves.move(session, valid, "validate", actor=actor)
    for bid in out:
        bid.disqualification = _told(reasons.get(ids.show("bid", bid.id), ()))
    bid_moves.move(session, out, "disqualify", actor=actor)


def disqualify_everywhere(session: Session, tender: Tender, *, actor: str) -> int:
    """Of two envelopes: bids that are disqualified in every lot go no further; how many."""
    lots = {lot.id for lot in tender.lots if lot.status is LotStatus.ACTIVE}
    rows = session.exec(
        select(Disqualification).where(
            Disqualification.tender_id == tender.id, col(Disqualification.revoked_at).is_(None)
        )
    ).all()
    by_bid: dict[UUID, list[Disqualification]] = defaultdict(list)
    for row in rows:
        by_bid[row.bid_id].append(row)
    out = []
    for bid in _locked(session, tender, BidStage.TECHNICAL_OPENED):
        own = by_bid[bid.id]
        if lots <= {row.lot_id for row in own}:
            bid.disqualification = _told([reason for row in own for reason in row.reasons])
            out.append(bid)
    bid_moves.move(session, out, "disqualify", actor=actor)
    return len(out)


def _locked(session: Session, tender: Tender, stage: BidStage) -> Sequence[Bid]:
    return session.exec(
        select(Bid)
        .where(Bid.tender_id == tender.id, Bid.status_details == stage)
        .order_by(col(Bid.id))
        .with_for_update()
    ).all()


def _told(reasons: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Each reason once, in the shape of `bid.disqualification`."""
    once = {(each["code"], each["detail"]): each for each in reasons}
    return [{"code": code, "pointer": "#", "detail": detail} for code, detail in once]
