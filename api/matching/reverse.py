"""From an offer to the requests that are open: what a new or changed offer sets off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, text
from sqlmodel import Session, col, select

from api.core import db
from api.core.outbox import emit
from api.matching import (
    alerts,
    codec,
    demands,
    index,
    model,
    pool,
    stored,
    supplies,
    vectors,
    wording,
)
from api.matching.engine import KEPT, row_of, write
from api.matching.matched import matched
from api.matching.models import DemandItem, Match, OfferTerms
from api.matching.pool import Background, Pool
from api.matching.scoring import Scored, Scorer, is_relevant
from api.matching.stored import Shown
from api.matching.wording import DemandText
from api.rules import matching as rules
from api.rules.clock import local_date
from api.rules.matching import Demand, Signals

_TOP = 200
_OPEN = text(
    """
    WITH open AS (
      SELECT item_id, terms, cpv_code, hs_code FROM demand_item
      WHERE closed_at IS NULL AND ordered_on >= :today
    )
    (SELECT near.item_id FROM offer_vector AS offered
       CROSS JOIN LATERAL (
         SELECT item_id FROM demand_vector
         WHERE model_name = :name AND model_version = :version AND kind <> 'context'
         ORDER BY embedding <=> offered.embedding LIMIT :top
       ) AS near
       JOIN open USING (item_id)
     WHERE offered.offer_id = :offer
       AND offered.model_name = :name AND offered.model_version = :version)
    UNION SELECT item_id FROM open WHERE terms && CAST(:terms AS text[])
    UNION SELECT item_id FROM open WHERE cpv_code LIKE :cpv OR hs_code LIKE :hs
    """
)
_RANK = text(
    """
    UPDATE "match" SET rank = placed.rank
    FROM (SELECT id, row_number() OVER (ORDER BY score DESC, tie_key) AS rank
          FROM "match" WHERE item_id = :item) AS placed
    WHERE "match".id = placed.id AND "match".rank <> placed.rank
    """
)


def match_offer_to_open(session: Session, offer_id: UUID) -> int:
    """Score the offer against the open requests it may answer; in how many it was kept.

    Matches it has lost are taken back. Run after the offer was indexed and committed.
    """
    row = session.exec(select(OfferTerms).where(OfferTerms.offer_id == offer_id)).one_or_none()
    before = set(session.exec(select(Match.item_id).where(Match.offer_id == offer_id)))
    today = local_date(db.now(session))
    wanted = _open_items(session, row, today.isoformat()) if row else set()
    if not wanted | before:
        return 0
    items = demands.rows(session, wanted | before)
    closed = {item.item_id for item in items if item.closed_at or item.ordered_on < today}
    live = [item for item in items if item.item_id not in closed]
    kept = _match(session, row, live) if row and live else set()
    lost = {item.item_id for item in live} & before - kept
    session.exec(delete(Match).where(col(Match.offer_id) == offer_id, col(Match.item_id).in_(lost)))
    for item in live:
        if item.item_id in kept | lost:
            session.connection().execute(_RANK, {"item": item.item_id})
            _remember_last(session, item)
    for tender_id, buyer_id, kind in {
        (i.tender_id, i.buyer_id, i.kind) for i in live if i.item_id in kept
    }:
        emit(session, alerts.UPDATED[kind], tender_id, org_id=buyer_id, offer=offer_id.hex)
    session.flush()
    session.expire_all()
    return len(kept)


@dataclass(slots=True)
class Compared:
    """One offer beside some items: everything that their comparison needs, loaded once."""

    shown: Shown
    demands: dict[UUID, Demand]
    texts: dict[UUID, DemandText]
    queries: dict[UUID, NDArray[np.float32]]
    alone: Pool

    def signals(self, item: DemandItem) -> Signals:
        """The text signals by the item's own background."""
        text, queries = self.texts[item.item_id], self.queries[item.item_id]
        usual = Background(item.background["mean"], item.background["spread"])
        return usual.standard(self.alone.signals(text, queries), 0)

    def reasons(self, item: DemandItem) -> dict[str, Any]:
        """What in the texts agrees."""
        text, queries = self.texts[item.item_id], self.queries[item.item_id]
        demand = self.demands[item.item_id]
        return matched(demand.texts, text, queries, self.shown, self.alone.vectors_of(0))


def compare(session: Session, row: OfferTerms, items: Sequence[DemandItem]) -> Compared:
    """Load what is needed to compare an offer with items."""
    asked = {item.item_id: codec.demand_in(item.content) for item in items}
    texts = {item_id: wording.of_demand(demand) for item_id, demand in asked.items()}
    terms = {term for text in texts.values() for term in text.terms}
    frequencies, offers = index.frequencies(session, terms)
    queries = demands.queries(session, asked)
    for item_id, said in texts.items():
        if len(queries.get(item_id, ())) != len(said.views):
            queries[item_id] = vectors.encode([view.text for view in said.views])
    alone = pool.load(session, [row.offer_id], frequencies, offers, sampled=False)
    shown = stored.shown(session, [row.offer_id])[row.offer_id]
    return Compared(shown, asked, texts, queries, alone)


def _open_items(session: Session, row: OfferTerms, today: str) -> set[UUID]:
    now = vectors.encoder()
    values = {
        "offer": row.offer_id,
        "name": now.name,
        "version": now.version,
        "today": today,
        "terms": row.terms,
        "cpv": f"{row.cpv_code[:4]}%" if row.cpv_code else "",
        "hs": f"{row.hs_code[:4]}%" if row.hs_code else "",
        "top": _TOP,
    }
    session.connection().execute(text("SET LOCAL hnsw.iterative_scan = relaxed_order"))
    return {found[0] for found in session.connection().execute(_OPEN, values)}


def _match(session: Session, row: OfferTerms, items: Sequence[DemandItem]) -> set[UUID]:
    """The items in which the offer is kept; the one it drives out is dropped."""
    offer = supplies.load(session, [row.offer_id]).get(row.offer_id)
    if offer is None or not offer.active:
        return set()
    used = model.ensure_model(session)
    now = db.now(session)
    scorer = Scorer(
        session, model.weights_of(used), model.parameters_of(used), as_of=local_date(now)
    )
    kept: set[UUID] = set()
    matchable = [item for item in items if item.background]
    compared = compare(session, row, matchable)
    agreed = supplies.contracts(session, [row.offer_id], {item.buyer_id for item in matchable})
    for item in matchable:
        demand, signals = compared.demands[item.item_id], compared.signals(item)
        if not rules.is_open_to(demand, offer.supply):
            continue
        if not is_relevant(signals, demand, offer.supply):
            continue
        priced = agreed.of(offer, item.buyer_id)
        scored = scorer.score(demand, item.content, priced, signals)
        similar = _make_room(session, item, row, scored)
        if similar is not None:
            why = {**compared.reasons(item), "found_by": {"offer": 1}}
            entry = row_of(item, priced, scored, why, used, now)
            entry["matched"]["similar_offers"] = similar
            write(session, [entry])
            kept.add(item.item_id)
    return kept


def _remember_last(session: Session, item: DemandItem) -> None:
    """Note the score that an offer must beat, once the list is full."""
    scores = session.exec(
        select(col(Match.score)).where(Match.item_id == item.item_id).order_by(col(Match.score))
    ).all()
    last = str(scores[0]) if len(scores) == KEPT else None
    item.background = {**item.background, "last_kept": last}
    session.add(item)


def _make_room(
    session: Session, item: DemandItem, row: OfferTerms, scored: Scored
) -> list[str] | None:
    """The offers that this one stands for; None when it is not kept itself.

    A nearly equal offer of the same seller gives way to the better, else the last of them all.
    """
    others = session.exec(
        select(Match)
        .where(Match.item_id == item.item_id, Match.offer_id != row.offer_id)
        .order_by(col(Match.score).desc(), col(Match.tie_key))
    ).all()
    same = next((other for other in others if _nearly_equal(session, other, row)), None)
    if same is not None and same.score >= scored.score:
        similar = dict.fromkeys([*same.matched["similar_offers"], row.offer_id.hex])
        same.matched = {**same.matched, "similar_offers": list(similar)}
        session.add(same)
        return None
    if same is None and len(others) < KEPT:
        return []
    last = same or others[-1]
    if last.score >= scored.score:
        return None
    session.delete(last)
    session.flush()
    if same is None:
        return []
    mine = row.offer_id.hex
    return [i for i in (same.offer_id.hex, *same.matched["similar_offers"]) if i != mine]


def _nearly_equal(session: Session, other: Match, row: OfferTerms) -> bool:
    if other.seller_id != row.seller_id:
        return False
    query = select(OfferTerms.terms).where(OfferTerms.offer_id == other.offer_id)
    terms = session.exec(query).one_or_none() or ()
    return rules.near_duplicates(frozenset(terms), frozenset(row.terms))
