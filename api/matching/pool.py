"""The offers that requests are compared with: a random sample of the catalogue and candidates.

The sample tells what is usual for a request, so that a score means the same whoever else is a
candidate, and an offer that comes later is judged by the same measure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session
from threadpoolctl import ThreadpoolController

from api.matching import stored
from api.matching.stored import Block, Entry
from api.matching.text import fusion, views
from api.matching.text.language import Language
from api.matching.text.lexical import Facet
from api.matching.wording import Asked, DemandText
from api.rules import matching as rules
from api.rules.matching import Signals

SIGNALS = ("semantic", "lexical", "concept")
# What is usual in a catalogue of 500 offers with the bundled encoder (medians of 28 requests):
# (mean, deviation). It counts as so many offers, since four offers tell nothing of what is usual.
_USUAL = {
    "semantic": (0.08, fusion.SEMANTIC_SPREAD),
    "lexical": (0.01, 0.045),
    "concept": (0.01, 0.05),
}
_USUAL_COUNTS = 40
# A signal that hardly differs over the catalogue must not turn noise into evidence.
_LEAST_SPREAD = {"lexical": 0.03, "concept": 0.05}
_UNSEEN = "\0"
# Products this small are slower with threads, which other requests need besides.
_BLAS = ThreadpoolController()

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

    def relevance(self, raw: Raw) -> NDArray[np.float64]:
        """(n,) what the texts say together of each offer, near `scoring.relevance`, for all at once."""
        parts = [
            fusion.WEIGHTS[name]
            * np.clip((raw[name] - self.mean[name]) / self.spread[name], 0, fusion.CAP[name])
            for name in SIGNALS
        ]
        return np.asarray(np.sum(parts, axis=0), np.float64)

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
        spread[name] = (
            fusion.SEMANTIC_SPREAD
            if name == "semantic"
            else round(max(float(width), _LEAST_SPREAD[name]), 6)
        )
    return Background(mean, spread)


@dataclass(slots=True)
class Pool:
    """The sample and some candidates, each offer once; `sample` are the places of the former."""

    blocks: Sequence[Block]
    sample: NDArray[np.intp]
    frequencies: Mapping[str, int]
    entries: list[Entry] = field(init=False)
    places: dict[UUID, int] = field(init=False)
    _index: fusion.TermIndex = field(init=False)

    def __post_init__(self) -> None:
        self.entries = [entry for block in self.blocks for entry in block.entries]
        self.places = {entry.offer_id: place for place, entry in enumerate(self.entries)}
        weights = fusion.idf(self.frequencies, max(1, self.frequencies.get(_UNSEEN, 1)))
        asked = self.frequencies.keys()
        self._index = fusion.TermIndex(
            [entry.terms & asked for entry in self.entries],
            weights,
            [len(entry.terms) for entry in self.entries],
        )

    def signals(self, text: DemandText, queries: NDArray[np.float32]) -> Raw:
        """(n,) of each signal for a request; `queries` are the vectors of its views."""
        if not self.entries:
            return {name: np.zeros(0, np.float32) for name in SIGNALS}
        kinds = [view.kind for view in text.views]
        with _BLAS.limit(limits=1, user_api="blas"):
            near = np.concatenate(
                [
                    views.semantic_matrix(queries, kinds, block.vectors, block.kinds, block.offsets)
                    for block in self.blocks
                    if block.entries
                ]
            )
        language = hub_language(text)
        hubness = np.array([entry.hubness.get(language, 0.0) for entry in self.entries], np.float32)
        return {
            "semantic": np.asarray(near - np.float32(fusion.HUBNESS) * hubness, np.float32),
            "lexical": self._best([self._lexical(each) for each in text.asked]),
            "concept": self._best([self._concept(each) for each in text.asked]),
        }

    def vectors_of(self, place: int) -> NDArray[np.float32]:
        """The vectors of an offer's views."""
        for block in self.blocks:
            if place < len(block.entries):
                return block.vectors_of(place)
            place -= len(block.entries)
        raise IndexError(place)

    def _lexical(self, asked: Asked) -> NDArray[np.float32]:
        return self._index.evidence([self._sayable(facet) for facet in asked.facets])

    def _sayable(self, facet: Facet) -> Facet:
        """Without wordings that no offer uses: they would only make the request seem longer."""
        used = frozenset(v for v in facet if any(self.frequencies.get(term) for term in v))
        return used or facet

    def _concept(self, asked: Asked) -> NDArray[np.float32]:
        said = asked.concepts.keys()
        scores = [
            0.0
            if said.isdisjoint(entry.concepts)
            else fusion.concept(asked.concepts, entry.concepts)
            for entry in self.entries
        ]
        return np.array(scores, np.float32)

    def _best(self, found: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        none = np.zeros(len(self.entries), np.float32)
        return np.asarray(np.max([none, *found], axis=0), np.float32)


def hub_language(text: DemandText) -> Language:
    """The language whose requests measure how near offers are to everything."""
    return Language.RU if text.language is Language.KY else text.language


def load(
    session: Session,
    wanted: Collection[UUID],
    frequencies: Mapping[str, int],
    offers: int,
    *,
    sampled: bool = True,
) -> Pool:
    """The pool of some candidates and the sample; `frequencies` of the requests' terms."""
    sample = stored.sample(session) if sampled else stored.EMPTY
    known = {entry.offer_id for entry in sample.entries}
    own = stored.load(session, [offer_id for offer_id in wanted if offer_id not in known])
    return Pool(
        blocks=[sample, own],
        sample=np.arange(len(sample.entries), dtype=np.intp),
        frequencies={**frequencies, _UNSEEN: offers},
    )
