"""From requests to ranked offers: candidates, text signals, scores, the best kept."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session, col
from uuid_utils.compat import uuid7

from api.core import db, metrics, replica
from api.core.outbox import emit
from api.matching import candidates, codec, demands, index, model, pool, supplies, wording
from api.matching.matched import labels, matched
from api.matching.models import DemandItem, Match, MatchingModel
from api.matching.pool import Pool
from api.matching.scoring import Scored, Scorer, is_relevant
from api.matching.supplies import Loaded
from api.matching.wording import DemandText
from api.rules import matching as rules
from api.rules.clock import local_date
from api.rules.matching import Demand, Signals

KEPT = 50
_BATCH = 200


@dataclass(slots=True)
class Item:
    """A request's item while it is matched."""

    row: DemandItem
    demand: Demand
    text: DemandText
    queries: NDArray[np.float32]
    found: candidates.Found


def match_demands(session: Session, wanted: Sequence[Demand]) -> int:
    """Match the items of whole tenders, whose older matches are replaced; how many were kept."""
    demands.register(session, wanted)
    tenders = dict.fromkeys(demand.tender_id for demand in wanted)
    return sum(match_tender(session, tender_id) for tender_id in tenders)


def match_tender(session: Session, tender_id: UUID) -> int:
    """Match the registered items of a tender anew; how many matches were kept.

    Run in a later transaction than the registration, it misses no offer: one indexed meanwhile
    either is seen here or finds the registered items itself (reverse.match_offer_to_open).
    """
    # The registration is visible by now: an offer whose own search for requests came too early to
    # see it lies before this position, and so in what a replica must have replayed.
    started, position = time.perf_counter(), replica.position(session)
    rows = demands.of_tender(session, tender_id)
    if not rows:
        return 0
    used = model.ensure_model(session)
    now = db.now(session)
    scorer = Scorer(
        session, model.weights_of(used), model.parameters_of(used), as_of=local_date(now)
    )
    items, shared = prepared(session, rows, position)
    raw = {item.row.item_id: shared.signals(item.text, item.queries) for item in items}
    near: dict[UUID, dict[UUID, Signals]] = {}
    for item in items:
        usual = pool.background(raw[item.row.item_id], shared.sample)
        item.row.background, item.row.matched_at = usual.as_json(), now
        near[item.row.item_id] = {
            offer_id: usual.standard(raw[item.row.item_id], shared.places[offer_id])
            for offer_id in item.found
            if offer_id in shared.places
        }
    offers = supplies.load(session, list({i for each in near.values() for i in each}))
    kept: list[dict[str, Any]] = []
    for item in items:
        scored = _scored(scorer, item, near[item.row.item_id], offers)
        item.row.candidates = len(scored)
        best = _best(item, scored, offers, shared, used, now)
        last = str(best[-1]["score"]) if len(best) == KEPT else None
        item.row.background = {**item.row.background, "last_kept": last}
        kept += best
    _replace(session, [item.row.item_id for item in items], kept, now)
    emit(
        session,
        "matching.completed",
        tender_id,
        org_id=rows[0].buyer_id,
        items=len(items),
        matches=len(kept),
    )
    metrics.observe_match(time.perf_counter() - started, len(items))
    return len(kept)


def prepared(
    session: Session, rows: Sequence[DemandItem], position: str | None = None
) -> tuple[list[Item], Pool]:
    """The items with their candidates, and the pool that holds all of these.

    A replica that has come to `position` looks for the candidates, if it sees the items' vectors.
    """
    asked = [codec.demand_in(row.content) for row in rows]
    texts = {demand.item_id: wording.of_demand(demand) for demand in asked}
    queries = demands.queries(session, texts)
    stale = [i for i in texts if len(queries.get(i, ())) != len(texts[i].views)]
    if stale:
        demands.embed(session, stale, [texts[i] for i in stale])
        queries |= demands.queries(session, stale)
    terms = {item_id: text.terms for item_id, text in texts.items()}
    frequencies, offers = index.frequencies(session, {t for each in terms.values() for t in each})
    nouns = {
        item_id: next((view.text for view in text.views if view.kind == "noun"), "")
        for item_id, text in texts.items()
    }
    found = replica.read(
        session,
        None if stale else position,
        lambda reader: candidates.for_demands(reader, asked, terms, nouns, frequencies, offers),
    )
    items = [
        Item(row, d, texts[d.item_id], queries[d.item_id], found[d.item_id])
        for row, d in zip(rows, asked, strict=True)
    ]
    wanted = {offer_id for each in found.values() for offer_id in each}
    sample = pool.sample_ids(session)
    return items, pool.load(session, wanted, sample, frequencies, offers)


def _scored(
    scorer: Scorer,
    item: Item,
    near: dict[UUID, Signals],
    offers: dict[UUID, Loaded],
) -> dict[UUID, Scored]:
    found = {}
    for offer_id, signals in near.items():
        offer = offers.get(offer_id)
        if offer is None or not offer.active or not rules.is_open_to(item.demand, offer.supply):
            continue
        if is_relevant(signals, item.demand, offer.supply):
            found[offer_id] = scorer.score(item.demand, item.row.content, offer, signals)
    return found


def _best(
    item: Item,
    scored: dict[UUID, Scored],
    offers: dict[UUID, Loaded],
    shared: Pool,
    used: MatchingModel,
    now: datetime,
) -> list[dict[str, Any]]:
    """The rows to keep, ranked; of a seller's nearly equal offers the best stands for all."""
    seed = rules.tie_seed(item.row.item_id)
    order = rules.ranked({i: each.score for i, each in scored.items()}, seed)
    kept: list[dict[str, Any]] = []
    terms = {i: frozenset(shared.rows[shared.places[i]].terms) for i in order}
    for offer_id in order:
        seller = offers[offer_id].supply.seller_id
        same = next(
            (
                row
                for row in kept
                if row["seller_id"] == seller
                and rules.near_duplicates(terms[row["offer_id"]], terms[offer_id])
            ),
            None,
        )
        if same is not None:
            same["matched"]["similar_offers"].append(offer_id.hex)
        elif len(kept) < KEPT:
            place = shared.places[offer_id]
            why = matched(
                item.demand, item.text, item.queries, shared.rows[place], shared.views_of(place)
            )
            why["found_by"] = item.found[offer_id]
            kept.append(row_of(item.row, offers[offer_id], scored[offer_id], why, used, now))
    for rank, row in enumerate(kept, start=1):
        row["rank"] = rank
    return kept


def row_of(
    row: DemandItem,
    offer: Loaded,
    scored: Scored,
    why: dict[str, Any],
    used: MatchingModel,
    now: datetime,
) -> dict[str, Any]:
    """A match as the columns of its row; the rank is still to come."""
    offer_id = offer.supply.offer_id
    return {
        "id": uuid7(),
        "created_at": now,
        "updated_at": now,
        "item_id": row.item_id,
        "lot_id": row.lot_id,
        "tender_id": row.tender_id,
        "buyer_id": row.buyer_id,
        "public": row.public,
        "offer_id": offer_id,
        "seller_id": offer.supply.seller_id,
        "rank": 0,
        "tie_key": rules.tie_key(rules.tie_seed(row.item_id), offer_id),
        "matched": {**why, **labels(offer.names, offer.seller_names), "similar_offers": []},
        "algorithm_version": rules.ALGORITHM,
        "model_id": used.id,
        "computed_at": now,
        **scored.columns(),
    }


def write(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert matches; one of the same item and offer keeps its id and is renewed."""
    for start in range(0, len(rows), _BATCH):
        statement = upsert(Match).values(list(rows[start : start + _BATCH]))
        fresh = {
            column.name: statement.excluded[column.name]
            for column in Match.__table__.columns  # type: ignore[attr-defined]
            if column.name not in ("id", "created_at", "item_id", "offer_id")
        }
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=["item_id", "offer_id"], set_=fresh)
        )


def _replace(
    session: Session, item_ids: Iterable[UUID], kept: Sequence[dict[str, Any]], now: datetime
) -> None:
    """Exactly the kept matches remain."""
    write(session, kept)
    session.exec(
        delete(Match).where(col(Match.item_id).in_(list(item_ids)), col(Match.computed_at) != now)
    )
