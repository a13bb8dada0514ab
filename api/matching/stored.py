"""Offers of the index as a comparison needs them: read in one query, the sample kept in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from api.core import db
from api.matching import vectors
from api.matching.models import DIMENSIONS
from api.matching.text.views import View

SAMPLE = 400
_MISSING = (("missing",), bytes(2 * DIMENSIONS))
_ENTRIES = """
    SELECT offer_id, terms, concepts, hubness, cpv_code, hs_code
    FROM offer_terms WHERE offer_id = ANY(%(ids)s)
    ORDER BY offer_id
"""
_VECTORS = """
    SELECT offer_id, array_agg(kind), string_agg(substr(halfvec_send(embedding), 5), '')
    FROM (SELECT offer_id, kind, embedding FROM offer_vector
          WHERE offer_id = ANY(%(ids)s) AND model_name = %(name)s AND model_version = %(version)s
          ORDER BY offer_id, place) AS v
    GROUP BY offer_id
"""
# A row of offer_terms is replaced, with a new id, whenever anything of the offer's index changes.
_SAMPLE = """
    SELECT array_agg(id ORDER BY sample_key, offer_id), array_agg(offer_id)
    FROM (SELECT id, offer_id, sample_key FROM offer_terms
          ORDER BY sample_key, offer_id LIMIT %(sample)s) AS first
"""
_SHOWN = """
    SELECT t.offer_id, t.terms, t.mentions, v.kinds, v.texts
    FROM offer_terms AS t
    LEFT JOIN LATERAL (
      SELECT array_agg(kind ORDER BY place) AS kinds, array_agg(text ORDER BY place) AS texts
      FROM offer_vector
      WHERE offer_id = t.offer_id AND model_name = %(name)s AND model_version = %(version)s
    ) AS v ON true
    WHERE t.offer_id = ANY(%(ids)s)
"""


class Entry(NamedTuple):
    """What the index tells of an offer, without its vectors."""

    offer_id: UUID
    terms: frozenset[str]
    concepts: Mapping[str, float]
    hubness: Mapping[str, float]
    cpv_code: str | None
    hs_code: str | None


class Shown(NamedTuple):
    """What people read of an offer's texts: its views, and the words behind each concept."""

    terms: frozenset[str]
    mentions: Mapping[str, str]
    views: Sequence[View]


@dataclass(frozen=True, slots=True)
class Block:
    """Offers with their views one after another, each offer's from its place in `offsets`."""

    entries: Sequence[Entry]
    vectors: NDArray[np.float32]
    kinds: Sequence[str]
    offsets: NDArray[np.intp]

    def vectors_of(self, place: int) -> NDArray[np.float32]:
        """The vectors of the views of the offer at `place`."""
        following = self.offsets[place + 1 : place + 2]
        return self.vectors[self.offsets[place] : int(following[0]) if len(following) else None]


EMPTY = Block((), np.zeros((0, DIMENSIONS), np.float32), (), np.zeros(0, np.intp))
_samples: dict[tuple[str, str, tuple[UUID, ...]], Block] = {}


def sample(session: Session) -> Block:
    """A random sample of the index, the same until offers of it change, come or go.

    Kept in memory under the ids of its rows, which every process asks the database for each
    time: a change is seen by the next request, wherever it was made.
    """
    now = vectors.encoder()
    ((rows, offer_ids),) = db.rows(session, _SAMPLE, sample=SAMPLE)
    if not rows:
        return EMPTY
    key = (now.name, now.version, tuple(rows))
    if (known := _samples.get(key)) is not None:
        return known
    found = load(session, offer_ids)
    _samples.clear()
    _samples[key] = found
    return found


def load(session: Session, offer_ids: Collection[UUID]) -> Block:
    """The offers that are in the index, in the order of their ids.

    One that has no vectors of this encoder yet gets one that is near to nothing.
    """
    if not offer_ids:
        return EMPTY
    entries = [
        Entry(row[0], frozenset(row[1]), *row[2:]) for row in _read(session, _ENTRIES, offer_ids)
    ]
    views = {row[0]: row[1:] for row in _read(session, _VECTORS, offer_ids)}
    found = [views.get(entry.offer_id, _MISSING) for entry in entries]
    raw = b"".join(vectors for _, vectors in found)
    return Block(
        entries=entries,
        vectors=np.frombuffer(raw, ">f2").reshape(-1, DIMENSIONS).astype(np.float32),
        kinds=[kind for kinds, _ in found for kind in kinds],
        offsets=np.cumsum([0, *(len(kinds) for kinds, _ in found)], dtype=np.intp)[:-1],
    )


def shown(session: Session, offer_ids: Collection[UUID]) -> dict[UUID, Shown]:
    """The texts of offers, by offer; an offer that is not in the index is left out."""
    if not offer_ids:
        return {}
    return {
        row[0]: Shown(
            frozenset(row[1]),
            row[2],
            [View(*view) for view in zip(row[3] or (), row[4] or (), strict=True)],
        )
        for row in _read(session, _SHOWN, offer_ids)
    }


def _read(session: Session, query: str, offer_ids: Collection[UUID]) -> list[tuple[Any, ...]]:
    now = vectors.encoder()
    return db.rows(session, query, ids=list(offer_ids), name=now.name, version=now.version)
