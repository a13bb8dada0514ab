"""From requests to ranked offers: candidates, text signals, scores, the best kept."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic_core import to_json
from sqlalchemy import delete, text
from sqlmodel import Session, col
from uuid_utils.compat import uuid7

from api.core import db, metrics, replica
from api.core.outbox import emit
from api.matching import (
    alerts,
    candidates,
    codec,
    demands,
    index,
    model,
    pool,
    stored,
    supplies,
    wording,
)
from api.matching.matched import labels, matched
from api.matching.models import DemandItem, Match, MatchingModel
from api.matching.pool import Background, Pool, Raw
from api.matching.scoring import CODED_RELEVANT, Scored, Scorer, is_relevant
from api.matching.stored import Shown
from api.matching.supplies import Loaded
from api.matching.wording import DemandText
from api.rules import matching as rules
from api.rules.clock import local_date
from api.rules.matching import Demand, Signals

KEPT = 50
# Relevant offers of an item that are loaded and scored in full. Measured among a million: the
# first ten are the same as without a limit, of fifty 96 % are.
SHORTLIST = 200
# No offer below is relevant; a little less, since it is compared before rounding.
_HOPELESS = float(CODED_RELEVANT) - 0.001
# One statement of one parameter, whatever the number of rows: none is compiled anew.
_WRITE = text(
    """
    INSERT INTO "match" SELECT * FROM jsonb_populate_recordset(NULL::"match", CAST(:rows AS jsonb))
    ON CONFLICT (item_id, offer_id) DO UPDATE SET
    """
    + ", ".join(
        f"{column} = excluded.{column}"
        for column in Match.model_fields
        if column not in ("id", "created_at", "item_id", "offer_id")
    )
)


@dataclass(slots=True)
class Item:
    """A request's item while it is matched."""

    row: DemandItem
    demand: Demand
    text: DemandText
    queries: NDArray[np.float32]
    found: candidates.Found


@dataclass(slots=True)
class Kept:
    """An offer that an item keeps, and the seller's offers that it stands for."""

    offer_id: UUID
    scored: Scored
    terms: frozenset[str]
    similar: list[UUID]


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
    near = {}
    for item in items:
        raw = shared.signals(item.text, item.queries)
        usual = pool.background(raw, shared.sample)
        item.row.background, item.row.matched_at = usual.as_json(), now
        near[item.row.item_id] = _shortlist(item, shared, usual, raw, scorer.weights)
    offers = supplies.load(session, list({i for each in near.values() for i in each}))
    buyer_id = rows[0].buyer_id
    agreed = supplies.contracts(session, offers.keys(), {buyer_id})
    offers = {offer_id: agreed.of(offer, buyer_id) for offer_id, offer in offers.items()}
    scorer.look_up_units(offer.supply.unit_code for offer in offers.values())
    scorer.look_up_promises(offers.keys())
    currencies = {offer.supply.currency for offer in offers.values()}
    for quote in {item.demand.lot_budget_currency for item in items if item.demand.lot_budget}:
        scorer.look_up_rates(currencies, quote)
    best = []
    for item in items:
        scored = _scored(scorer, item, near[item.row.item_id], offers)
        item.row.candidates = len(scored)
        best.append(_best(item, scored, shared))
        last = str(best[-1][-1].scored.score) if len(best[-1]) == KEPT else None
        item.row.background = {**item.row.background, "last_kept": last}
    texts = stored.shown(session, {each.offer_id for kept in best for each in kept})
    found = [
        row
        for item, kept in zip(items, best, strict=True)
        for row in _rows(item, kept, offers, texts, shared, used, now)
    ]
    _replace(session, [item.row.item_id for item in items], found, now)
    emit(
        session,
        alerts.COMPLETED[rows[0].kind],
        tender_id,
        org_id=buyer_id,
        items=len(items),
        matches=len(found),
    )
    alerts.send(session, tender_id, rows[0].kind)
    metrics.observe_match(time.perf_counter() - started, len(items))
    return len(found)


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
    near, frequencies, offers = found(session, asked, texts, None if stale else position)
    items = [
        Item(row, d, texts[d.item_id], queries[d.item_id], near[d.item_id])
        for row, d in zip(rows, asked, strict=True)
    ]
    wanted = {offer_id for each in near.values() for offer_id in each}
    return items, pool.load(session, wanted, frequencies, offers)


def found(
    session: Session,
    asked: Sequence[Demand],
    texts: Mapping[UUID, DemandText],
    position: str | None = None,
) -> tuple[dict[UUID, candidates.Found], dict[str, int], int]:
    """The candidates by item, in how many offers each of the items' terms is, all offers."""
    terms = {item_id: text.terms for item_id, text in texts.items()}
    frequencies, offers = index.frequencies(session, {t for each in terms.values() for t in each})
    nouns = {
        item_id: next((view.text for view in text.views if view.kind == "noun"), "")
        for item_id, text in texts.items()
    }
    near = replica.read(
        session,
        position,
        lambda reader: candidates.for_demands(reader, asked, terms, nouns, frequencies, offers),
    )
    return near, frequencies, offers


def _shortlist(
    item: Item,
    shared: Pool,
    usual: Background,
    raw: Raw,
    weights: Mapping[str, Decimal],
) -> dict[UUID, Signals]:
    """The relevant offers with the best texts and codes, so that few need their terms loaded.

    They are ordered by floats, and only those that come into question are measured in decimals.
    """
    said, weight = usual.relevance(raw), float(weights["code"])
    fits: dict[tuple[str | None, str | None], float] = {}
    worth = []
    for offer_id in item.found:
        place = shared.places.get(offer_id)
        if place is None or said[place] < _HOPELESS:
            continue
        entry = shared.entries[place]
        codes = (entry.cpv_code, entry.hs_code)
        if codes not in fits:
            fits[codes] = float(rules.code_fit(item.demand, entry))
        worth.append((-round(said[place] + weight * fits[codes], 4), offer_id, place))
    first: dict[UUID, Signals] = {}
    for _, offer_id, place in sorted(worth):
        signals = usual.standard(raw, place)
        if is_relevant(signals, item.demand, shared.entries[place]):
            first[offer_id] = signals
            if len(first) == SHORTLIST:
                break
    return first


def _scored(
    scorer: Scorer,
    item: Item,
    near: Mapping[UUID, Signals],
    offers: Mapping[UUID, Loaded],
) -> dict[UUID, Scored]:
    scored = {}
    for offer_id, signals in near.items():
        offer = offers.get(offer_id)
        if offer is None or not offer.active or not rules.is_open_to(item.demand, offer.supply):
            continue
        if is_relevant(signals, item.demand, offer.supply):
            scored[offer_id] = scorer.score(item.demand, item.row.content, offer, signals)
    return scored


def _best(item: Item, scored: Mapping[UUID, Scored], shared: Pool) -> list[Kept]:
    """The offers to keep, ranked; of a seller's nearly equal offers the best stands for all."""
    seed = rules.tie_seed(item.row.item_id)
    order = rules.ranked({i: each.score for i, each in scored.items()}, seed)
    kept: list[Kept] = []
    of_seller: dict[UUID, list[Kept]] = {}
    for offer_id in order:
        seller = scored[offer_id].supply.seller_id
        terms = shared.entries[shared.places[offer_id]].terms
        mine = of_seller.setdefault(seller, [])
        same = next((each for each in mine if rules.near_duplicates(each.terms, terms)), None)
        if same is not None:
            same.similar.append(offer_id)
        elif len(kept) < KEPT:
            kept.append(Kept(offer_id, scored[offer_id], terms, []))
            mine.append(kept[-1])
    return kept


def _rows(
    item: Item,
    kept: Sequence[Kept],
    offers: Mapping[UUID, Loaded],
    texts: Mapping[UUID, Shown],
    shared: Pool,
    used: MatchingModel,
    now: datetime,
) -> Iterator[dict[str, Any]]:
    """The kept offers as rows, with what in their texts agrees."""
    for rank, each in enumerate(kept, start=1):
        vectors = shared.vectors_of(shared.places[each.offer_id])
        why = matched(item.demand.texts, item.text, item.queries, texts[each.offer_id], vectors)
        why["found_by"] = item.found[each.offer_id]
        row = row_of(item.row, offers[each.offer_id], each.scored, why, used, now)
        row["rank"] = rank
        row["matched"]["similar_offers"] = [offer_id.hex for offer_id in each.similar]
        yield row


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


def write(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert matches; one of the same item and offer keeps its id and is renewed."""
    if rows:
        session.connection().execute(_WRITE, {"rows": to_json(list(rows)).decode()})


def _replace(
    session: Session, item_ids: Iterable[UUID], kept: Sequence[dict[str, Any]], now: datetime
) -> None:
    """Exactly the kept matches remain."""
    write(session, kept)
    session.exec(
        delete(Match).where(col(Match.item_id).in_(list(item_ids)), col(Match.computed_at) != now)
    )
