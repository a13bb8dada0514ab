"""A search of offers against the bare queries of the indexes that it stands on.

Baseline: the same SQL for the nearest vectors, for the rarest words and for words that are like
unknown ones, by a connection that no row-level security binds, of words worked out beforehand:
nothing is read of the offers, ranked, counted, explained or written as JSON. The search does all
that as the API's role, of a buyer: words, spelling, candidates, ranking, every facet but the price,
a page of 20 and its JSON.

The catalogue is synthetic (synthetic.py says how); the searches are the names of the
demonstration's items, in Kyrgyz and Russian, each with two letters swapped besides. Sizes:
`--offers 50000` or KERBEN_BENCH_OFFERS; with KERBEN_DATA_DIR the data stay there, and a size that
is there already is not made anew.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)

import bench_matching
import synthetic
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine
from sqlmodel import Session, col, select

from api.core import db, embedded, logs, migrations, settings
from api.identity.models import Organisation
from api.matching import candidates, codec, index, search, service
from api.matching.models import DemandItem
from api.matching.search_schemas import OfferSearch

ROUNDS = 1
FACETS = [
    "cpv",
    "hs",
    "country_of_origin",
    "country",
    "seller",
    "certificate",
    "incoterm",
    "lead_days",
]


@dataclass
class Times:
    """Seconds of each search."""

    bare: list[float]
    whole: list[float]
    found: list[int]


def rows(server: Any, table: str) -> int:
    """How many rows a table has."""
    return int(server.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def main() -> None:
    """Make the catalogue unless it is there, and print what a search costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", default=os.environ.get("KERBEN_BENCH_OFFERS", "50000"))
    size = int(parser.parse_args().offers)
    logs.configure("ERROR", "console")
    subprocess.run([sys.executable, bench_matching.__file__, "--configure"], check=True)
    migrations.upgrade()
    with bench_matching.admin() as server:
        if rows(server, "offer") == 0:
            bench_matching.prepare()
            synthetic.add_classes(server)
        have = rows(server, "offer_terms")
        if have < size:
            synthetic.grow(server, size, lambda _: None)
        have = rows(server, "offer_terms")
    service.warm_up()
    said = searches()
    report(have, {kind: measured(words) for kind, words in said.items()})


def searches() -> dict[str, list[str]]:
    """What is looked for: names as they are, and with two letters swapped."""
    with db.worker_unit_of_work() as session:
        rows = session.exec(select(DemandItem).order_by(col(DemandItem.item_id))).all()
        names = [text for row in rows for text in codec.demand_in(row.content).texts.values()]
    chance = random.Random(7)
    return {"as written": names, "misspelt": [_swapped(name, chance) for name in names]}


def _swapped(name: str, chance: random.Random) -> str:
    words = name.split()
    place = max(range(len(words)), key=lambda i: len(words[i]))
    word = words[place]
    at = chance.randrange(1, max(2, len(word) - 1))
    words[place] = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
    return " ".join(words)


def measured(said: Sequence[str]) -> Times:
    """Each search, bare and whole by turns; the first round warms the caches."""
    times = Times([], [], [])
    with db.worker_unit_of_work() as session:
        buyer = session.exec(
            select(Organisation.id).where(col(Organisation.roles).contains(["buyer"]))
        ).first()
    assert buyer is not None
    for round_ in range(ROUNDS + 1):
        for words in said:
            bare = _bare(words)
            started = time.perf_counter()
            found = _whole(buyer, words)
            whole = time.perf_counter() - started
            if round_:
                times.bare.append(bare)
                times.whole.append(whole)
                times.found.append(found)
    return times


def _whole(buyer: UUID, words: str) -> int:
    with db.unit_of_work(buyer) as session:
        page = search.page(session, buyer, OfferSearch(q=words, facets=FACETS))
        page.model_dump_json()
        assert page.total is not None
        return page.total.value


def _bare(words: str) -> float:
    """Seconds of the queries of the indexes alone."""
    with Session(_engine()) as session:
        asked = search._asked(session, words, OfferSearch(q=words))
        frequencies, offers = index.frequencies(session, asked.text.terms)
        unknown = [term[2:] for term in asked.text.terms if term.startswith("w:")]
        unknown = [word for word in unknown if f"w:{word}" not in frequencies][:2]
        started = time.perf_counter()
        candidates.near_text(session, asked.text.views, asked.queries, search.NEAREST)
        candidates.by_words(session, asked.text.terms, frequencies, offers)
        if unknown:
            candidates.like_words(session, unknown)
        return time.perf_counter() - started


@cache
def _engine() -> Engine:
    host = embedded.server_host(settings.get().data_dir.resolve())
    return create_engine(
        f"postgresql+psycopg://postgres@/{embedded.DATABASE}", connect_args={"host": str(host)}
    )


def report(offers: int, found: dict[str, Times]) -> None:
    """Milliseconds and ratios."""
    table = Table("searches", "bare p50", "bare p95", "search p50", "search p95", "p95 / bare p95", "found", title=f"{offers:,} offers")  # fmt: skip
    for kind, times in found.items():
        bare, whole = (
            [statistics.quantiles(each, n=20, method="inclusive")[i] * 1000 for i in (9, 18)]
            for each in (times.bare, times.whole)
        )
        table.add_row(
            f"{len(times.whole)} {kind}",
            *(f"{value:.1f} ms" for value in (*bare, *whole)),
            f"{whole[1] / bare[1]:.1f}",
            f"{statistics.mean(times.found):.0f}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
