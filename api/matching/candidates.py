"""Which offers are worth scoring for a request: near in meaning, in words, or in codes.

Filtered only by what is certain: offers in the index are active, and nobody sells to itself.
Each list is bounded in work, however large the catalogue is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlmodel import Session

from api.matching import vectors
from api.matching.models import DIMENSIONS
from api.matching.text import fusion, lexical
from api.matching.text.language import Language
from api.matching.text.views import SHARES, View
from api.rules.matching import Demand

VECTOR_TOP, LEXICAL_TOP, CODE_TOP = 250, 60, 60
# Views taken by their signs for each vector searched for, before their vectors are compared; the
# width of the search in the graph. Measured: benchmarks/bench_matching.py, docs/scaling.md.
WIDE = 800
# Occurrences of the request's rarest terms that are looked at.
POSTINGS = 3000
# Words of a request that no offer has, and how many words like each are tried.
_UNKNOWN, _LIKE = 5, 4
_MOST_TERMS = 60
# Above this share of the offers a term finds everything and tells nothing.
_COMMON = 0.2

type Found = dict[UUID, dict[str, int]]
"""Offer -> the rank in each list it was found by."""

_WEIGHTS = ", ".join(f"('{kind}', {weight})" for kind, weight in SHARES.items())
_SETTINGS = text(
    f"""
    SELECT set_config('hnsw.ef_search', '{WIDE}', true),
      set_config('hnsw.iterative_scan', 'relaxed_order', true),
      set_config('pg_trgm.similarity_threshold', '0.4', true),
      set_config('jit', 'off', true)
    """
)
# The name, the whole line, and all views together by what each counts for: an offer that is near
# to none of them but to all a little is among the best, too.
_NEAR = f"""
    SELECT asked.item_id, near.offer_id, min(near.rank) AS rank
    FROM asked
    CROSS JOIN LATERAL (
      SELECT offer_id, row_number() OVER (ORDER BY embedding <=> asked.embedding) AS rank
      FROM (
        SELECT offer_id, embedding FROM offer_vector
        WHERE kind IN ('noun', 'title', 'head', 'concept') AND model_name = :name AND model_version = :version
        ORDER BY binary_quantize(embedding)::bit({DIMENSIONS})
          <~> binary_quantize(asked.embedding)::bit({DIMENSIONS})
        LIMIT :wide
      ) AS alike
      ORDER BY rank LIMIT :top
    ) AS near
    GROUP BY asked.item_id, near.offer_id
"""
_VECTORS = text(
    f"""
    WITH own AS (
      SELECT item_id, kind, embedding FROM demand_vector
      WHERE item_id = ANY(:items) AND model_name = :name AND model_version = :version
    ), asked AS (
      SELECT item_id, embedding FROM own WHERE kind IN ('noun', 'full')
      UNION ALL
      SELECT item_id, l2_normalize(
        sum(embedding * array_fill(weight, ARRAY[{DIMENSIONS}])::halfvec({DIMENSIONS}))
      ) FROM own JOIN (VALUES {_WEIGHTS}) AS weighed(kind, weight) USING (kind) GROUP BY item_id
    )
    """
    + _NEAR
)
# Materialised, or each comparison would read the text of the vector anew.
_GIVEN_VECTORS = text(
    f"""
    WITH asked AS MATERIALIZED (
      SELECT CAST(NULL AS uuid) AS item_id, CAST(said AS halfvec({DIMENSIONS})) AS embedding
      FROM unnest(CAST(:asked AS text[])) AS given(said)
    )
    """
    + _NEAR
)
_TERMS = text(
    """
    SELECT offer_id, row_number() OVER (ORDER BY sum(weight) DESC, sample_key) AS rank
    FROM unnest(CAST(:terms AS text[]), CAST(:weights AS float8[])) AS asked(term, weight)
    CROSS JOIN LATERAL (
      SELECT offer_id, sample_key FROM offer_terms WHERE terms @> ARRAY[asked.term] LIMIT :postings
    ) AS found
    GROUP BY offer_id, sample_key
    ORDER BY sum(weight) DESC, sample_key
    LIMIT :top
    """
)
_LIKE_WORDS = text(
    """
    SELECT near.term, near.offers, near.likeness
    FROM unnest(CAST(:words AS text[])) AS asked(word)
    CROSS JOIN LATERAL (
      SELECT term, offers, similarity(substr(term, 3), asked.word) AS likeness
      FROM term_frequency
      WHERE substr(term, 3) % asked.word AND term LIKE 'w:%' AND offers > 0
      ORDER BY likeness DESC, term LIMIT :like
    ) AS near
    ORDER BY likeness DESC, term
    """
)


def _code_list(scheme: str, digits: int, near: bool) -> str:
    """Ordered by the code as well: behind row-level security the planner asks for both keys."""
    code = f'"left"({scheme}_code, {digits})'
    return f"""
      (SELECT offer_id, sample_key, {near} AS near FROM offer_terms
       WHERE {code} = :{scheme}_{digits} ORDER BY {code}, sample_key LIMIT :top)
    """


_CODES = text(
    f"""
    SELECT offer_id, row_number() OVER (ORDER BY bool_or(near) DESC, sample_key) AS rank
    FROM ({_code_list("cpv", 5, True)} UNION ALL {_code_list("hs", 6, True)}
      UNION ALL {_code_list("cpv", 4, False)} UNION ALL {_code_list("hs", 4, False)}) AS coded
    GROUP BY offer_id, sample_key
    ORDER BY bool_or(near) DESC, sample_key LIMIT :top
    """
)


def for_demands(
    session: Session,
    demands: Sequence[Demand],
    terms: Mapping[UUID, Iterable[str]],
    nouns: Mapping[UUID, str],
    frequencies: Mapping[str, int],
    offers: int,
) -> dict[UUID, Found]:
    """Candidates of each item (whose vectors are stored already), by item."""
    found: dict[UUID, Found] = {demand.item_id: {} for demand in demands}
    session.connection().execute(_SETTINGS)
    for item_id, offer_id, rank in near(session, list(found)):
        found[item_id].setdefault(offer_id, {})["vector"] = rank
    for demand in demands:
        own = found[demand.item_id]
        for offer_id, rank in by_words(session, terms[demand.item_id], frequencies, offers):
            own.setdefault(offer_id, {})["words"] = rank
        for offer_id, rank in _by_name(session, nouns[demand.item_id], frequencies):
            own.setdefault(offer_id, {})["name"] = rank
        for offer_id, rank in _by_code(session, demand):
            own.setdefault(offer_id, {})["code"] = rank
    return found


def near(session: Session, items: list[UUID]) -> Sequence[tuple[UUID, UUID, int]]:
    """(item, offer, rank) by meaning: the nearest views by signs, in the order of their vectors."""
    now = vectors.encoder()
    values = {
        "items": items,
        "name": now.name,
        "version": now.version,
        "wide": WIDE,
        "top": VECTOR_TOP,
    }
    return [(row[0], row[1], row[2]) for row in session.connection().execute(_VECTORS, values)]


def near_text(
    session: Session, views: Sequence[View], embedded: NDArray[np.float32], top: int = VECTOR_TOP
) -> list[tuple[UUID, int]]:
    """(offer, rank) by meaning of a text that is not stored; `embedded` (n, 512) are its views."""
    session.connection().execute(_SETTINGS)
    now = vectors.encoder()
    values = {
        "asked": [vectors.stored(each).to_text() for each in _asked(views, embedded)],
        "name": now.name,
        "version": now.version,
        "wide": max(WIDE, top),
        "top": top,
    }
    return [(row[1], row[2]) for row in session.connection().execute(_GIVEN_VECTORS, values)]


def _asked(views: Sequence[View], embedded: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """As `_VECTORS` asks: names and lines, and all views together by what each counts for."""
    whole = np.zeros(DIMENSIONS, np.float32)
    for view, vector in zip(views, embedded, strict=True):
        if view.kind in ("noun", "full"):
            yield vector
        whole += np.float32(SHARES.get(view.kind, 0.0)) * vector
    yield whole / max(float(np.linalg.norm(whole)), 1e-9)


def by_words(
    session: Session, terms: Iterable[str], frequencies: Mapping[str, int], offers: int
) -> list[tuple[UUID, int]]:
    """(offer, rank) by the rarest of a text's terms."""
    weights = fusion.idf(frequencies, max(1, offers))
    return _by_terms(
        session, _within(_telling(terms, frequencies, weights, offers), frequencies), weights
    )


def like_words(session: Session, words: Sequence[str]) -> list[tuple[str, int, float]]:
    """(term, offers, likeness) of the vocabulary, most like first, for words that no offer has."""
    values = {"words": list(words), "like": _LIKE}
    return [
        (row[0], row[1], float(row[2])) for row in session.connection().execute(_LIKE_WORDS, values)
    ]


def _telling(
    terms: Iterable[str],
    frequencies: Mapping[str, int],
    weights: Mapping[str, float],
    offers: int,
) -> list[str]:
    """The terms that some but not most offers have, the rarest first."""
    used = [term for term in terms if frequencies.get(term)]
    rare = [term for term in used if offers < 1000 or frequencies[term] <= _COMMON * offers]
    return sorted(rare or used, key=lambda term: (-weights[term], term))[:_MOST_TERMS]


def _within(terms: Sequence[str], frequencies: Mapping[str, int]) -> list[str]:
    """The first terms that together occur in POSTINGS offers at most; always the first one."""
    kept, total = list(terms[:1]), sum(frequencies[term] for term in terms[:1])
    for term in terms[1:]:
        total += frequencies[term]
        if total > POSTINGS:
            break
        kept.append(term)
    return kept


def _by_terms(
    session: Session, terms: list[str], weights: Mapping[str, float]
) -> list[tuple[UUID, int]]:
    if not terms:
        return []
    values = {
        "terms": terms,
        "weights": [weights[term] for term in terms],
        "postings": POSTINGS,
        "top": LEXICAL_TOP,
    }
    return [(row[0], row[1]) for row in session.connection().execute(_TERMS, values)]


def _by_name(session: Session, noun: str, frequencies: Mapping[str, int]) -> list[tuple[UUID, int]]:
    """Offers with words of nearly the same letters as those of the noun that no offer has."""
    unknown = [
        term[2:]
        for term in sorted(lexical.terms(noun, Language.RU))
        if term.startswith("w:") and len(term) > 5 and not frequencies.get(term)
    ][:_UNKNOWN]
    if not unknown:
        return []
    alike = like_words(session, unknown)
    likeness = {term: near for term, _, near in reversed(alike)}
    counts = {term: offers for term, offers, _ in alike}
    telling = _within(list(dict.fromkeys(term for term, *_ in alike)), counts)
    return _by_terms(session, telling, likeness)[: LEXICAL_TOP // 2]


def _by_code(session: Session, demand: Demand) -> list[tuple[UUID, int]]:
    """Offers of the same class (four digits), those of the same category first."""
    cpv, hs = demand.cpv_code, demand.hs_code
    if not cpv and not hs:
        return []
    values = {
        "cpv_4": cpv[:4] if cpv else None,
        "cpv_5": cpv[:5] if cpv else None,
        "hs_4": hs[:4] if hs else None,
        "hs_6": hs[:6] if hs else None,
        "top": CODE_TOP,
    }
    return [(row[0], row[1]) for row in session.connection().execute(_CODES, values)]
