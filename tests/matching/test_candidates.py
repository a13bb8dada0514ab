"""What finds an offer among thousands, how well, and with how much work."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session
from uuid_utils.compat import uuid7

from api.core import db
from api.matching import candidates, index, stored, vectors
from api.matching.candidates import Found
from api.rules.matching import Demand
from tests.catalog import samples as catalog
from tests.matching import large, samples

type AsOrg = Callable[..., Any]
type Drain = Callable[[], int]

DEMAND = Demand(
    item_id=UUID(int=1),
    lot_id=UUID(int=2),
    tender_id=UUID(int=3),
    buyer_id=UUID(int=4),
    texts={"ru": "парта"},
    quantity=Decimal(1),
    unit_code="C62",
    delivery_country="KG",
    ordered_on=date(2026, 1, 1),
    deliver_by=date(2026, 3, 1),
)


def found(session: Session, demand: Demand, *terms: str, noun: str = "") -> Found:
    """The candidates of a request that has no vectors."""
    frequencies, offers = index.frequencies(session, terms)
    asked = {demand.item_id: terms}
    nouns = {demand.item_id: noun}
    return candidates.for_demands(session, [demand], asked, nouns, frequencies, offers)[
        demand.item_id
    ]


def by(listed: Found, name: str) -> list[UUID]:
    """The offers of one list, best first."""
    ranked = {offer_id: ranks[name] for offer_id, ranks in listed.items() if name in ranks}
    return sorted(ranked, key=lambda offer_id: ranked[offer_id])


def plan(session: Session, query: Any, **values: Any) -> str:
    """How PostgreSQL would run a query of candidates.py."""
    session.connection().execute(candidates._SETTINGS)
    lines = session.connection().execute(text(f"EXPLAIN {query.text}"), values)
    return "\n".join(line for (line,) in lines)


def test_the_graph_of_signs_finds_what_an_exact_scan_finds(
    session: Session, superuser: psycopg.Connection[Any]
) -> None:
    ids, shown = large.fill(superuser)
    asked = large.ask(session, shown)
    session.connection().execute(candidates._SETTINGS)
    near: dict[UUID, set[UUID]] = {item_id: set() for item_id in asked}
    for item_id, offer_id, _ in candidates.near(session, list(asked)):
        near[item_id].add(offer_id)
    recalls = []
    for item_id, vector in asked.items():
        best = np.argsort(-(shown @ vector).max(axis=1))[:50]
        recalls.append(len({ids[place] for place in best} & near[item_id]) / 50)
        assert len(near[item_id]) <= candidates.VECTOR_TOP
    assert float(np.mean(recalls)) >= 0.95


def test_the_planner_takes_the_indexes(
    session: Session, superuser: psycopg.Connection[Any]
) -> None:
    _, shown = large.fill(superuser)
    items, now = list(large.ask(session, shown)), vectors.encoder()
    near = plan(
        session,
        candidates._VECTORS,
        items=items[:1],
        name=now.name,
        version=now.version,
        wide=candidates.WIDE,
        top=candidates.VECTOR_TOP,
    )
    assert "Index Scan using ix_offer_vector_signs" in near
    # A few thousand short rows are read as fast one after another.
    session.connection().execute(text("SET LOCAL enable_seqscan = off"))
    words = plan(
        session,
        candidates._TERMS,
        terms=["w:rare"],
        weights=[1.0],
        postings=candidates.POSTINGS,
        top=candidates.LEXICAL_TOP,
    )
    assert "Bitmap Index Scan on ix_offer_terms_terms" in words
    codes = plan(
        session, candidates._CODES, cpv_4="3911", cpv_5="39111", hs_4=None, hs_6=None, top=100
    )
    assert "ix_offer_terms_cpv_5" in codes
    assert "Seq Scan" not in codes


def test_rare_words_find_offers_and_common_ones_only_rank_them(
    session: Session, superuser: psycopg.Connection[Any]
) -> None:
    ids, _ = large.fill(superuser)
    listed = by(found(session, DEMAND, "w:rare", "w:tenth", "w:goods"), "words")
    assert len(listed) == candidates.LEXICAL_TOP
    assert set(listed[:10]) == set(ids[::300])
    assert set(listed) <= set(ids[::10])


def test_of_a_class_a_bounded_random_part_is_taken_the_same_category_first(
    session: Session, superuser: psycopg.Connection[Any]
) -> None:
    ids, _ = large.fill(superuser)
    coded = replace(DEMAND, cpv_code="39112000-0")
    listed = by(found(session, coded), "code")
    assert len(listed) == candidates.CODE_TOP
    assert set(listed) < set(ids[300:600])
    keys = {offer_id: (n * 7919) % 1_000_003 for n, offer_id in enumerate(ids)}
    assert (
        listed == sorted(ids[300:600], key=lambda offer_id: keys[offer_id])[: candidates.CODE_TOP]
    )
    wider = by(found(session, replace(DEMAND, cpv_code="39119000-9")), "code")
    assert wider == sorted(ids[:600], key=lambda offer_id: keys[offer_id])[: candidates.CODE_TOP]
    assert by(found(session, replace(DEMAND, cpv_code="39200000-4")), "code") == []
    assert by(found(session, replace(DEMAND, hs_code="940171")), "code") == []


@given(counts=st.dictionaries(st.text(min_size=1), st.integers(1, 10_000), min_size=1, max_size=30))
def test_terms_are_taken_within_a_budget_of_occurrences(counts: dict[str, int]) -> None:
    rarest_first = sorted(counts, key=lambda term: (counts[term], term))
    taken = candidates._within(rarest_first, counts)
    assert taken == rarest_first[: len(taken)]
    assert taken
    assert len(taken) == 1 or sum(counts[term] for term in taken) <= candidates.POSTINGS
    if len(taken) < len(counts):
        following = counts[rarest_first[len(taken)]]
        assert sum(counts[term] for term in taken) + following > candidates.POSTINGS


@pytest.mark.parametrize("noun", ["двухместноя парта", "двухмесная парта"])
def test_a_misspelt_word_finds_offers_with_the_right_one(
    as_org: AsOrg, drain: Drain, session: Session, noun: str
) -> None:
    seller = as_org(["supplier"], country="CN")
    samples.stock(seller)
    made = catalog.activated(seller, **samples.DESK_KG)
    drain()
    listed = by(found(session, replace(DEMAND, item_id=uuid7()), noun=noun), "name")
    assert [f"offer_{offer_id.hex}" for offer_id in listed] == [made["id"]]


def test_the_kept_sample_is_the_index_as_it_stands(
    as_org: AsOrg, drain: Drain, session: Session
) -> None:
    seller = as_org(["supplier"], country="CN")
    first = catalog.activated(seller)
    drain()
    before = stored.sample(session)
    assert stored.sample(session) is before
    assert [f"offer_{entry.offer_id.hex}" for entry in before.entries] == [first["id"]]
    session.rollback()
    catalog.activated(seller, **samples.PUMP)
    drain()
    grown = stored.sample(session)
    assert len(grown.entries) == 2
    assert len(grown.vectors) == len(grown.kinds) > len(before.kinds)
    session.rollback()
    names = {"names": {"en": "Steel garden bench", "zh": "钢制花园长椅"}}
    product = first["product"]["id"]
    assert seller.patch(f"/v1/products/{product}", json=names).status_code == 200
    drain()
    terms = {term for entry in stored.sample(session).entries for term in entry.terms}
    assert "w:bench" in terms
    assert "w:desk" not in terms
    session.rollback()
    seller.post(f"/v1/offers/{first['id']}/suspend")
    drain()
    assert len(stored.sample(session).entries) == 1


_ANOTHER = """
import sys
from api.core import db
from api.matching import stored
for _ in sys.stdin:
    with db.worker_unit_of_work() as session:
        print(len(stored.sample(session).entries), flush=True)
"""


def test_another_process_sees_a_change_of_the_index_at_once(as_org: AsOrg, drain: Drain) -> None:
    seller = as_org(["supplier"], country="CN")
    catalog.activated(seller)
    drain()
    environment = {**os.environ, "KERBEN_DATABASE_URL": db.url("worker")}
    with subprocess.Popen(
        [sys.executable, "-c", _ANOTHER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        told = []
        for change in (None, samples.PUMP, samples.CARPET):
            if change:
                catalog.activated(seller, **change)
                drain()
            print(file=other.stdin, flush=True)
            told.append(other.stdout.readline().strip())
        other.stdin.close()
    assert told == ["1", "2", "3"]
