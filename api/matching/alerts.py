"""Alerts of sellers: once for each request that offers of theirs answer, as their plan allows.

Never commits. For the workers, after a request was matched.
"""

from collections import defaultdict
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import bulk
from api.core.outbox import Event, emit_all
from api.identity import quotas
from api.matching.models import Match, MatchAlert
from api.rules.matching import RequestKind
from api.rules.subscriptions import Quota

_K = RequestKind
COMPLETED = {_K.TENDER: "matching.completed", _K.RFQ: "matching.rfq_completed"}
UPDATED = {_K.TENDER: "matching.updated", _K.RFQ: "matching.rfq_updated"}
ALERTED = {_K.TENDER: "matching.alerted", _K.RFQ: "matching.rfq_alerted"}
"""An event is about one kind of resource, so each kind of request has its own types."""
BEST = 20
"""Sellers are told of matches that are among so many best of an item and have no blockers."""


def send(session: Session, tender_id: UUID, kind: RequestKind) -> int:
    """Tell sellers of a request that was matched, who were not told of it; how many were.

    One whose plan allows no more alerts this month is not told, now or later.
    """
    told = select(MatchAlert.seller_id).where(MatchAlert.tender_id == tender_id)
    query = select(Match.seller_id, Match.rank).where(
        Match.tender_id == tender_id,
        col(Match.public),
        Match.rank <= BEST,
        Match.blockers == [],
        col(Match.seller_id).not_in(told),
    )
    ranks: dict[UUID, list[int]] = defaultdict(list)
    for seller_id, rank in session.exec(query):
        ranks[seller_id].append(rank)
    admitted = sorted(quotas.admitted(session, ranks.keys(), Quota.ALERTS)) if ranks else []
    if not admitted:
        return 0
    told_now = [{"offers": len(ranks[each]), "best_rank": min(ranks[each])} for each in admitted]
    rows = [
        bulk.new_row(seller_id=each, tender_id=tender_id, **figures)
        for each, figures in zip(admitted, told_now, strict=True)
    ]
    bulk.insert(session, MatchAlert, rows)
    events = [
        Event(ALERTED[kind], tender_id, figures, org_id=each)
        for each, figures in zip(admitted, told_now, strict=True)
    ]
    emit_all(session, events, org_id=None)
    return len(admitted)
