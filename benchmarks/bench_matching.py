"""Matching the demonstration's 28 items: the engine against an exact scan of the same vectors.

Baseline "exact numpy scan": every view of every offer is compared with every view of the item in
memory, nothing else (no words, codes, features, blockers or explanation; nothing is stored). The
engine finds candidates in PostgreSQL, scores them and keeps the ranked matches with reasons.
Recall@50 says how many of the exact scan's 50 nearest offers are among the engine's candidates.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlmodel import Session, select

from api.catalog.models import Offer
from api.core import db, logs, migrations
from api.demo import story
from api.matching import codec, demands, engine, index, model, pool, vectors, wording
from api.matching.models import OfferTerms
from api.procurement import service as procurement
from api.reference import service as reference

TOP = 50
ROUNDS = 3


def main() -> None:
    """Print the index rate, the two latencies, their ratio and the recall."""
    logs.configure("ERROR", "console")
    tenders, offers, seconds = prepare()
    exact_times, engine_times, recalls, items = [], [], [], 0
    for tender_id in track(tenders, description="Matching"):
        with db.worker_unit_of_work() as session:
            rows = demands.of_tender(session, tender_id)
            everything, shared = whole_pool(session, rows)
            for row in rows:
                text = wording.of_demand(codec.demand_in(row.content))
                queries = vectors.encode([view.text for view in text.views])
                elapsed, best = timed(partial(exact, shared, everything, text, queries))
                exact_times.append(elapsed)
                found = engine.prepared(session, [row])[0][0].found
                recalls.append(len(best & found.keys()) / TOP)
                items += 1
        elapsed, _ = timed(partial(match, tender_id))
        engine_times.append(elapsed / len(rows))
    report(offers, seconds, items, exact_times, engine_times, recalls)


def prepare() -> tuple[list[object], int, float]:
    """The demonstration in an empty database; published tenders, offers, seconds of indexing."""
    migrations.upgrade()
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
        reference.load_demo_rates(session)
        model.ensure_model(session)
        ids = story.load_organisations(session, story.organisations(), lambda _: None)
    for seller, rows in story.each_seller(ids):
        with db.worker_unit_of_work() as session:
            story.load_offers(session, seller, rows)
    with db.worker_unit_of_work() as session:
        offer_ids = list(session.exec(select(Offer.id)))
        started = time.perf_counter()
        index.index_offers(session, offer_ids)
        seconds = time.perf_counter() - started
    tenders = []
    for request in story.requests():
        with db.worker_unit_of_work() as session:
            tender = story.publish(session, ids[request["buyer"]], request)
            demands.register(session, procurement.demands(session, tender.id))
            tenders.append(tender.id)
    return tenders, len(offer_ids), seconds


def whole_pool(session: Session, rows: list[object]) -> tuple[list[object], pool.Pool]:
    """Every offer of the index in memory."""
    ids = list(session.exec(select(OfferTerms.offer_id)))
    texts = [wording.of_demand(codec.demand_in(row.content)) for row in rows]  # type: ignore[attr-defined]
    terms = {term for text in texts for term in text.terms}
    frequencies, offers = index.frequencies(session, terms)
    loaded = pool.load(session, ids, [], frequencies, offers)
    return [row.offer_id for row in loaded.rows], loaded


def exact(
    shared: pool.Pool, ids: list[object], text: wording.DemandText, queries: np.ndarray
) -> set[object]:
    """The 50 offers nearest in meaning, by comparing all."""
    scores = shared.signals(text, queries)["semantic"]
    return {ids[place] for place in np.argsort(-scores)[:TOP]}


def match(tender_id: object) -> int:
    """The engine, as the worker runs it."""
    with db.worker_unit_of_work() as session:
        return engine.match_tender(session, tender_id)  # type: ignore[arg-type]


def timed[T](call: Callable[[], T]) -> tuple[float, T]:
    """The best of some rounds, in seconds, and what the call gave."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        value = call()
        best = min(best, time.perf_counter() - started)
    return best, value


def report(
    offers: int,
    seconds: float,
    items: int,
    exact_times: list[float],
    engine_times: list[float],
    recalls: list[float],
) -> None:
    """One table."""
    table = Table(title=f"{items} items against {offers} offers")
    for column in ("what", "value"):
        table.add_column(column)
    exact_ms, engine_ms = (statistics.mean(t) * 1000 for t in (exact_times, engine_times))
    table.add_row("indexing (embed + store)", f"{offers / seconds:.0f} offers/s")
    table.add_row("baseline: exact numpy scan, one item", f"{exact_ms:.1f} ms")
    table.add_row("engine, one item (found, scored, explained, stored)", f"{engine_ms:.1f} ms")
    table.add_row("ratio engine / baseline", f"{engine_ms / exact_ms:.1f}")
    table.add_row(f"recall@{TOP} of the candidates", f"{statistics.mean(recalls):.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
