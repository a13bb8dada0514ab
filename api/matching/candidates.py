"""Which offers are worth scoring for a request: near in meaning, in words, or in codes.

Filtered only by what is certain: offers in the index are active, and nobody sells to itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from api.matching import vectors
from api.matching.text import fusion
from api.rules.matching import Demand

VECTOR_TOP, LEXICAL_TOP, CODE_TOP = 150, 100, 100
_MOST_TERMS = 60
# Above this share of the offers a term finds everything and tells nothing.
_COMMON = 0.2

type Found = dict[UUID, dict[str, int]]
"""Offer -> the rank in each list it was found by."""

_VECTORS = text(
    """
    SELECT asked.item_id, near.offer_id, min(near.rank) AS rank
    FROM demand_vector AS asked
    CROSS JOIN LATERAL (
      SELECT offer_id, row_number() OVER (ORDER BY distance) AS rank
      FROM (
        SELECT offer_id, embedding <=> asked.embedding AS distance
        FROM offer_vector
        WHERE model_name = :name AND model_version = :version
        ORDER BY embedding <=> asked.embedding
        LIMIT :top
      ) AS nearest
    ) AS near
    WHERE asked.item_id = ANY(:items) AND asked.kind <> 'context'
      AND asked.model_name = :name AND asked.model_version = :version
    GROUP BY asked.item_id, near.offer_id
    """
)
_TERMS = text(
    """
    SELECT found.offer_id, row_number() OVER (ORDER BY sum(asked.weight) DESC) AS rank
    FROM offer_terms AS found
    CROSS JOIN LATERAL unnest(found.terms) AS said(term)
    JOIN unnest(CAST(:terms AS text[]), CAST(:weights AS float8[])) AS asked(term, weight)
      USING (term)
    WHERE found.terms && CAST(:terms AS text[])
    GROUP BY found.offer_id
    ORDER BY sum(asked.weight) DESC
    LIMIT :top
    """
)
_NAMES = text(
    """
    SELECT offer_id, row_number() OVER (ORDER BY word_similarity(:asked, names) DESC) AS rank
    FROM offer_terms WHERE :asked <% names
    ORDER BY word_similarity(:asked, names) DESC LIMIT :top
    """
)
_CODES = text(
    """
    SELECT offer_id, row_number() OVER (ORDER BY near DESC, sample_key) AS rank
    FROM (
      SELECT offer_id, sample_key, coalesce(cpv_code LIKE :cpv_near, false)
        OR coalesce(hs_code LIKE :hs_near, false) AS near
      FROM offer_terms WHERE cpv_code LIKE :cpv OR hs_code LIKE :hs
    ) AS coded
    ORDER BY near DESC, sample_key LIMIT :top
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
    _scan_on(session)
    for item_id, offer_id, rank in _near(session, list(found)):
        found[item_id].setdefault(offer_id, {})["vector"] = rank
    weights = fusion.idf(frequencies, max(1, offers))
    for demand in demands:
        own = found[demand.item_id]
        telling = _telling(terms[demand.item_id], frequencies, weights, offers)
        for offer_id, rank in _by_terms(session, telling, weights):
            own.setdefault(offer_id, {})["words"] = rank
        for offer_id, rank in _by_name(session, nouns[demand.item_id]):
            own.setdefault(offer_id, {})["name"] = rank
        for offer_id, rank in _by_code(session, demand):
            own.setdefault(offer_id, {})["code"] = rank
    return found


def _scan_on(session: Session) -> None:
    """Let the index go on until enough rows pass the filter, so that recall holds."""
    connection = session.connection()
    connection.execute(text("SET LOCAL hnsw.iterative_scan = relaxed_order"))
    connection.execute(text("SET LOCAL hnsw.ef_search = 200"))
    connection.execute(text("SET LOCAL pg_trgm.word_similarity_threshold = 0.5"))


def _near(session: Session, items: list[UUID]) -> Sequence[tuple[UUID, UUID, int]]:
    now = vectors.encoder()
    values = {"items": items, "name": now.name, "version": now.version, "top": VECTOR_TOP}
    return [(row[0], row[1], row[2]) for row in session.connection().execute(_VECTORS, values)]


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


def _by_terms(
    session: Session, terms: list[str], weights: Mapping[str, float]
) -> list[tuple[UUID, int]]:
    if not terms:
        return []
    values = {"terms": terms, "weights": [weights[term] for term in terms], "top": LEXICAL_TOP}
    return [(row[0], row[1]) for row in session.connection().execute(_TERMS, values)]


def _by_name(session: Session, noun: str) -> list[tuple[UUID, int]]:
    """Names that contain nearly these letters: misspellings, and words the stemmer misses."""
    if len(noun) < 4:
        return []
    values = {"asked": noun, "top": LEXICAL_TOP // 2}
    return [(row[0], row[1]) for row in session.connection().execute(_NAMES, values)]


def _by_code(session: Session, demand: Demand) -> list[tuple[UUID, int]]:
    """Offers of the same class (four digits), those of the same category first."""
    cpv, hs = demand.cpv_code or "", demand.hs_code or ""
    if not cpv and not hs:
        return []
    values = {
        "cpv": f"{cpv[:4]}%" if cpv else "",
        "cpv_near": f"{cpv[:5]}%" if cpv else "",
        "hs": f"{hs[:4]}%" if hs else "",
        "hs_near": f"{hs[:6]}%" if hs else "",
        "top": CODE_TOP,
    }
    return [(row[0], row[1]) for row in session.connection().execute(_CODES, values)]
