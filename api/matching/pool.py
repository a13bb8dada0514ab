"""The offers that requests are compared with: a random sample of the catalogue and candidates.

The sample tells what is usual for a request, so that a score means the same whoever else is a
candidate, and an offer that comes later is judged by the same measure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func
from sqlmodel import Session, col, select

from api.matching import vectors
from api.matching.models import DIMENSIONS, OfferTerms, OfferVector
from api.matching.text import fusion, views
from api.matching.text.language import Language
from api.matching.text.lexical import Facet
from api.matching.text.views import View
from api.matching.wording import Asked, DemandText
from api.rules import matching as rules
from api.rules.matching import Signals

SAMPLE = 400
SIGNALS = ("semantic", "lexical", "concept")
# What is usual in a catalogue of 500 offers with the bundled encoder (medians of 28 requests):
# (mean, deviation). It counts as so many offers, since four offers tell nothing of what is usual.
_USUAL = {"semantic": (0.08, 0.09), "lexical": (0.01, 0.045), "concept": (0.01, 0.05)}
_USUAL_COUNTS = 40
# A signal that hardly differs over the catalogue must not turn noise into evidence.
_LEAST_SPREAD = {"semantic": 0.04, "lexical": 0.03, "concept": 0.05}
_UNSEEN = "\0"

type Raw = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Background:
    """Mean and deviation of each signal over the sample, for one request."""

    mean: Mapping[str, float]
    spread: Mapping[str, float]

    def standard(self, raw: Raw, place: int) -> Signals:
        """The standard scores of the offer at `place`, between 0 and the cap of each signal."""
        scores = [
            min(
                max((float(raw[name][place]) - self.mean[name]) / self.spread[name], 0.0),
                fusion.CAP[name],
            )
            for name in SIGNALS
        ]
        return Signals(*rules.rounded(scores))

    def as_json(self) -> dict[str, dict[str, float]]:
        """For the demand's row."""
        return {"mean": dict(self.mean), "spread": dict(self.spread)}


def background(raw: Raw, sample: NDArray[np.intp]) -> Background:
    """What is usual for a request, by the offers of the sample and by what is usual at large."""
    mean, spread = {}, {}
    for name in SIGNALS:
        values = raw[name][sample].astype(np.float64)
        count, (prior, deviation) = len(values), _USUAL[name]
        total = count + _USUAL_COUNTS
        middle = (values.sum() + _USUAL_COUNTS * prior) / total
        squares = (values**2).sum() + _USUAL_COUNTS * (deviation**2 + prior**2)
        width = max(squares / total - middle**2, 0.0) ** 0.5
        mean[name] = round(float(middle), 6)
        spread[name] = round(max(float(width), _LEAST_SPREAD[name]), 6)
    return Background(mean, spread)


@dataclass(slots=True)
class Pool:
    """Offers with their views one after another, each offer's from its place in `offsets`."""

    rows: list[OfferTerms]
    vectors: NDArray[np.float32]
    kinds: list[str]
    texts: list[str]
    offsets: NDArray[np.intp]
    sample: NDArray[np.intp]
    frequencies: Mapping[str, int]
    places: dict[UUID, int] = field(init=False)
    _index: fusion.TermIndex = field(init=False)

    def __post_init__(self) -> None:
        self.places = {row.offer_id: place for place, row in enumerate(self.rows)}
        weights = fusion.idf(self.frequencies, max(1, self.frequencies.get(_UNSEEN, 1)))
        self._index = fusion.TermIndex([frozenset(row.terms) for row in self.rows], weights)

    def signals(self, text: DemandText, queries: NDArray[np.float32]) -> Raw:
        """(n,) of each signal for a request; `queries` are the vectors of its views."""
        if not self.rows:
            return {name: np.zeros(0, np.float32) for name in SIGNALS}
        kinds = [view.kind for view in text.views]
        near = views.semantic_matrix(queries, kinds, self.vectors, self.kinds, self.offsets)
        language = Language.RU if text.language is Language.KY else text.language
        hubness = np.array([row.hubness.get(language, 0.0) for row in self.rows], np.float32)
        return {
            "semantic": np.asarray(near - np.float32(fusion.HUBNESS) * hubness, np.float32),
            "lexical": self._best([self._lexical(each) for each in text.asked]),
            "concept": self._best([self._concept(each) for each in text.asked]),
        }

    def views_of(self, place: int) -> tuple[list[View], NDArray[np.float32]]:
        """The views of an offer and their vectors."""
        start = int(self.offsets[place])
        end = int(self.offsets[place + 1]) if place + 1 < len(self.offsets) else len(self.kinds)
        shown = [View(self.kinds[i], self.texts[i]) for i in range(start, end)]
        return shown, self.vectors[start:end]

    def _lexical(self, asked: Asked) -> NDArray[np.float32]:
        return self._index.evidence([self._sayable(facet) for facet in asked.facets])

    def _sayable(self, facet: Facet) -> Facet:
        """Without wordings that no offer uses: they would only make the request seem longer."""
        used = frozenset(v for v in facet if any(self.frequencies.get(term) for term in v))
        return used or facet

    def _concept(self, asked: Asked) -> NDArray[np.float32]:
        scores = [fusion.concept(asked.concepts, row.concepts) for row in self.rows]
        return np.array(scores, np.float32)

    def _best(self, found: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        none = np.zeros(len(self.rows), np.float32)
        return np.asarray(np.max([none, *found], axis=0), np.float32)


def sample_ids(session: Session) -> list[UUID]:
    """A random sample of the index, the same until offers come or go."""
    query = select(OfferTerms.offer_id).order_by(col(OfferTerms.sample_key)).limit(SAMPLE)
    return list(session.exec(query))


def load(
    session: Session,
    wanted: Collection[UUID],
    sample: Collection[UUID],
    frequencies: Mapping[str, int],
    offers: int,
) -> Pool:
    """The pool of some candidates and the sample; `frequencies` of the requests' terms."""
    ids = list({*wanted, *sample})
    query = select(OfferTerms).where(col(OfferTerms.offer_id).in_(ids))
    rows = sorted(session.exec(query), key=lambda row: row.offer_id)
    now = vectors.encoder()
    stored = session.exec(
        select(
            OfferVector.offer_id,
            OfferVector.kind,
            OfferVector.text,
            func.halfvec_send(OfferVector.embedding),
        )
        .where(
            col(OfferVector.offer_id).in_(ids),
            OfferVector.model_name == now.name,
            OfferVector.model_version == now.version,
        )
        .order_by(col(OfferVector.offer_id), col(OfferVector.place))
    ).all()
    return _assembled(rows, stored, set(sample), {**frequencies, _UNSEEN: offers})


def _assembled(
    rows: list[OfferTerms],
    stored: Sequence[tuple[UUID, str, str, bytes]],
    sample: set[UUID],
    frequencies: Mapping[str, int],
) -> Pool:
    """An offer that has no vectors of this encoder yet gets one that is near to nothing."""
    found = vectors.read([raw for *_, raw in stored])
    by_offer: dict[UUID, list[int]] = {}
    for place, (offer_id, *_) in enumerate(stored):
        by_offer.setdefault(offer_id, []).append(place)
    missing = len(found)
    padded = np.vstack([found, np.zeros((1, DIMENSIONS), np.float32)])
    order = [place for row in rows for place in by_offer.get(row.offer_id, [missing])]
    sizes = [len(by_offer.get(row.offer_id, [missing])) for row in rows]
    return Pool(
        rows=rows,
        vectors=padded[order],
        kinds=[stored[p][1] if p < missing else "missing" for p in order],
        texts=[stored[p][2] if p < missing else "" for p in order],
        offsets=np.cumsum([0, *sizes], dtype=np.intp)[:-1],
        sample=np.array([i for i, row in enumerate(rows) if row.offer_id in sample], np.intp),
        frequencies=frequencies,
    )
