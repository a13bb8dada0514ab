"""Matching one item: the demonstration's 28 items, then a catalogue that grows to a million offers.

Baseline "exact numpy scan": every view of every offer is compared with every view of the item in
memory, nothing else (no words, codes, features, blockers or explanation; nothing is stored). The
engine finds candidates in PostgreSQL, scores them and keeps the ranked matches with reasons.
Recall@50 says how many of the exact scan's 50 nearest offers are among the engine's candidates.

The large catalogue is synthetic (synthetic.py says how); the items are the demonstration's, each
in a tender of its own. Sizes: `--offers 10000,100000,1000000` or KERBEN_BENCH_OFFERS. With
KERBEN_DATA_DIR the data stay there: a size that is there already is measured again, not made.
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from uuid import UUID

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)

import numpy as np
import psycopg
import synthetic
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress, TaskID, track
from rich.table import Table
from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from api.catalog.models import Offer
from api.core import db, embedded, logs, migrations, settings
from api.demo import story
from api.matching import candidates, codec, demands, engine, index, model, pool, vectors, wording
from api.matching.models import DemandItem, OfferTerms
from api.matching.text import fusion, views
from api.procurement import service as procurement
from api.reference import service as reference
from api.rules.matching import Demand

TOP = 50
ROUNDS = 3
SIZES = "10000,50000"
# What a database of this size is given; the embedded server's own settings are for a laptop.
SERVER = {
    "shared_buffers": "3GB",
    "maintenance_work_mem": "3GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
}


@dataclass
class Measured:
    """What one size of catalogue gave; times in seconds of one item."""

    offers: int
    views: int = 0
    finding: int = 0
    exact: list[float] = field(default_factory=list)
    candidates: list[float] = field(default_factory=list)
    engine: list[float] = field(default_factory=list)
    nearest: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    built: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Print the demonstration's figures, then those of each size and how they grow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", default=os.environ.get("KERBEN_BENCH_OFFERS", SIZES))
    parser.add_argument("--configure", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    logs.configure("ERROR", "console")
    if asked.configure:
        configure()
        return
    subprocess.run([sys.executable, __file__, "--configure"], check=True)
    migrations.upgrade()
    with admin() as server:
        known = synthetic.one(server, "SELECT to_regclass('demand_item')")[0]
        if known is None:
            demonstration()
            with Console().status("Indexing an offer for each class of the CPV"):
                synthetic.add_classes(server)
        wanted = items()
        results = []
        for size in sorted(int(part) for part in str(asked.offers).split(",")):
            results.append(at(server, size, wanted))
            report(results[-1])
        growth(results)


def configure() -> None:
    """Give the server memory; takes effect when it starts again, in the next process."""
    with admin() as server:
        for name, value in SERVER.items():
            server.execute(f"ALTER SYSTEM SET {name} = '{value}'")


def admin() -> synthetic.Admin:
    """A superuser's connection, to write rows past triggers."""
    host = embedded.server_host(settings.get().data_dir.resolve())
    return psycopg.connect(host=host, user="postgres", dbname=embedded.DATABASE, autocommit=True)


def demonstration() -> None:
    """The demonstration's items against its own offers."""
    tenders, offers, seconds = prepare()
    exact_times, engine_times, recalls, count = [], [], [], 0
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
                count += 1
        elapsed, _ = timed(partial(match, tender_id))
        engine_times.append(elapsed / len(rows))
    table = Table("what", "value", title=f"{count} items against {offers} offers")
    exact_ms, engine_ms = (statistics.mean(t) * 1000 for t in (exact_times, engine_times))
    table.add_row("indexing (embed + store)", f"{offers / seconds:.0f} offers/s")
    table.add_row("baseline: exact numpy scan, one item", f"{exact_ms:.1f} ms")
    table.add_row("engine, one item (found, scored, explained, stored)", f"{engine_ms:.1f} ms")
    table.add_row("ratio engine / baseline", f"{engine_ms / exact_ms:.1f}")
    table.add_row(f"recall@{TOP} of the candidates", f"{statistics.mean(recalls):.3f}")
    Console().print(table)


def prepare() -> tuple[list[UUID], int, float]:
    """The demonstration in an empty database; published tenders, offers, seconds of indexing."""
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


def whole_pool(session: Session, rows: list[DemandItem]) -> tuple[list[UUID], pool.Pool]:
    """Every offer of the index in memory."""
    ids = list(session.exec(select(OfferTerms.offer_id)))
    texts = [wording.of_demand(codec.demand_in(row.content)) for row in rows]
    terms = {term for text in texts for term in text.terms}
    frequencies, offers = index.frequencies(session, terms)
    loaded = pool.load(session, ids, frequencies, offers, sampled=False)
    return [entry.offer_id for entry in loaded.entries], loaded


def exact(
    shared: pool.Pool, ids: list[UUID], text: wording.DemandText, queries: np.ndarray
) -> set[UUID]:
    """The 50 offers nearest in meaning, by comparing all."""
    scores = shared.signals(text, queries)["semantic"]
    return {ids[place] for place in np.argsort(-scores)[:TOP]}


def match(tender_id: UUID) -> int:
    """The engine, as the worker runs it."""
    with db.worker_unit_of_work() as session:
        return engine.match_tender(session, tender_id)


def timed[T](call: Callable[[], T]) -> tuple[float, T]:
    """The best of some rounds, in seconds, and what the call gave."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        value = call()
        best = min(best, time.perf_counter() - started)
    return best, value


def items() -> list[Demand]:
    """The demonstration's items, each registered as a tender of its own."""
    with db.worker_unit_of_work() as session:
        rows = session.exec(select(DemandItem).order_by(col(DemandItem.item_id))).all()
        own = [codec.demand_in(row.content) for row in rows]
        alone = [demand for demand in own if demand.tender_id == demand.lot_id]
        if not alone:
            alone = [_alone(demand) for demand in own]
            demands.register(session, alone)
    return alone


def _alone(demand: Demand) -> Demand:
    tender_id = uuid7()
    return replace(demand, item_id=uuid7(), tender_id=tender_id, lot_id=tender_id)


def at(server: synthetic.Admin, size: int, wanted: Sequence[Demand]) -> Measured:
    """Make the catalogue this large, unless it is, and measure."""
    found = Measured(size)
    if synthetic.one(server, "SELECT count(*) FROM offer_terms")[0] < size:
        with Progress() as progress:
            task = progress.add_task(f"Making {size:,} offers and their indexes", total=size)
            told = partial(_told, progress, task)
            found.built = synthetic.grow(server, size, told)
    found.offers, found.views, found.finding = synthetic.one(
        server,
        "SELECT (SELECT count(*) FROM offer_terms), count(*),"
        " count(*) FILTER (WHERE kind IN ('noun', 'title', 'head', 'concept')) FROM offer_vector",
    )
    found.sizes = dict(
        server.execute(
            "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relname IN"
            " ('offer_vector', 'offer_terms', 'ix_offer_vector_signs', 'ix_offer_terms_terms')"
        ).fetchall()
    )
    server.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
    for name in ("ix_offer_vector_signs", "offer_terms", "ix_offer_terms_terms", "offer_vector"):
        server.execute("SELECT pg_prewarm(%s)", [name])
    for round_ in range(ROUNDS + 1):
        for demand in track(wanted, description=f"Matching, round {round_} of {ROUNDS}"):
            started = time.perf_counter()
            _candidates(demand)
            middle = time.perf_counter()
            match(demand.tender_id)
            if round_:
                found.candidates.append(middle - started)
                found.engine.append(time.perf_counter() - middle)
    best, found.exact = scan(wanted, found.offers)
    for demand in wanted:
        by = _candidates(demand)
        nearest = {i for i, lists in by.items() if "vector" in lists}
        found.recall.append(len(best[demand.item_id] & by.keys()) / TOP)
        found.nearest.append(len(best[demand.item_id] & nearest) / TOP)
        found.found.append(len(by))
    return found


def _told(progress: Progress, task: TaskID, done: int) -> None:
    progress.update(task, completed=done)


def _candidates(demand: Demand) -> candidates.Found:
    with db.worker_unit_of_work() as session:
        return engine.found(session, [demand], {demand.item_id: wording.of_demand(demand)})[0][
            demand.item_id
        ]


def scan(wanted: Sequence[Demand], offers: int) -> tuple[dict[UUID, set[UUID]], list[float]]:
    """The exact scan of all stored vectors, chunk by chunk; the best offers and the seconds.

    Only the comparison is timed, for each item by itself, not the reading of the vectors.
    """
    texts = {demand.item_id: wording.of_demand(demand) for demand in wanted}
    with db.worker_unit_of_work() as session:
        queries = demands.queries(session, texts)
    seconds = dict.fromkeys(texts, 0.0)
    best: dict[UUID, list[tuple[float, UUID]]] = {item_id: [] for item_id in texts}
    for ids, hubness, kinds, stored, offsets in track(
        _chunks(), description="Exact scan", total=math.ceil(offers / synthetic.CHUNK)
    ):
        for item_id, text in texts.items():
            started = time.perf_counter()
            asked = [view.kind for view in text.views]
            near = views.semantic_matrix(queries[item_id], asked, stored, kinds, offsets)
            near -= np.float32(fusion.HUBNESS) * hubness[pool.hub_language(text)]
            top = np.argpartition(-near, min(TOP, len(near) - 1))[:TOP]
            seconds[item_id] += time.perf_counter() - started
            merged = best[item_id] + [(float(near[i]), ids[i]) for i in top]
            best[item_id] = sorted(merged, reverse=True)[:TOP]
    return {i: {offer for _, offer in each} for i, each in best.items()}, list(seconds.values())


type _Floats = NDArray[np.float32]
type _Chunk = tuple[list[UUID], dict[str, _Floats], list[str], _Floats, NDArray[np.intp]]


def _chunks() -> Iterator[_Chunk]:
    now, host = vectors.encoder(), embedded.server_host(settings.get().data_dir.resolve())
    with (
        psycopg.connect(host=host, user="postgres", dbname=embedded.DATABASE) as connection,
        connection.cursor("vectors", binary=True) as cursor,
    ):
        cursor.itersize = synthetic.CHUNK
        cursor.execute(
            "SELECT t.offer_id, t.hubness, v.kinds, v.vectors FROM offer_terms t"
            " CROSS JOIN LATERAL (SELECT array_agg(kind ORDER BY place) AS kinds,"
            " string_agg(substr(halfvec_send(embedding), 5), '' ORDER BY place) AS vectors"
            " FROM offer_vector WHERE offer_id = t.offer_id AND model_name = %s) v",
            [now.name],
        )
        while rows := cursor.fetchmany(synthetic.CHUNK):
            sizes = [len(row[2]) for row in rows]
            stored = np.frombuffer(b"".join(row[3] for row in rows), ">f2").astype(np.float32)
            yield (
                [row[0] for row in rows],
                {k: np.array([r[1][k] for r in rows], np.float32) for k in rows[0][1]},
                [kind for row in rows for kind in row[2]],
                stored.reshape(-1, 512),
                np.cumsum([0, *sizes], dtype=np.intp)[:-1],
            )


def report(found: Measured) -> None:
    """One size."""
    views_each = found.views / found.offers
    table = Table(
        "what",
        "p50",
        "p95",
        title=f"{found.offers:,} offers, {views_each:.1f} views each, {len(found.found)} items",
    )
    for name, times in (
        ("(a) candidates of one item", found.candidates),
        ("(b) whole engine, one item", found.engine),
        ("baseline: exact numpy scan", found.exact),
    ):
        table.add_row(name, *(f"{quantile(times, q) * 1000:.1f} ms" for q in (0.5, 0.95)))
    ratio = quantile(found.exact, 0.5) / quantile(found.engine, 0.5)
    table.add_row("ratio baseline / engine", f"{ratio:.1f}", "")
    table.add_row(f"recall@{TOP}, mean / worst", *_two(found.recall))
    table.add_row("  of the vectors alone", *_two(found.nearest))
    table.add_row("candidates, mean / most", *_two(found.found, "{:.0f}"))
    for name, size in found.sizes.items():
        built = f"built in {found.built[name]:.0f} s" if name in found.built else ""
        table.add_row(name, f"{size / 2**20:,.0f} MB", built)
    table.add_row("entries of the signs' index", f"{found.finding:,}", "")
    Console().print(table)


def _two(values: Sequence[float], shape: str = "{:.3f}") -> tuple[str, str]:
    worst = max(values) if shape == "{:.0f}" else min(values)
    return shape.format(statistics.mean(values)), shape.format(worst)


def growth(results: Sequence[Measured]) -> None:
    """The exponent of the time between sizes: 1 is as fast as the catalogue, 0 not at all."""
    for small, large in pairwise(results):
        times = {
            "candidates": (small.candidates, large.candidates),
            "engine": (small.engine, large.engine),
            "exact scan": (small.exact, large.exact),
        }
        steps = math.log(large.offers / small.offers)
        said = ", ".join(
            f"{name} {math.log(quantile(b, 0.5) / quantile(a, 0.5)) / steps:.2f}"
            for name, (a, b) in times.items()
        )
        Console().print(f"Growth exponent, {small.offers:,} to {large.offers:,} offers: {said}")


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


if __name__ == "__main__":
    main()
    sys.stdout.flush()
