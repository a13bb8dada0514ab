"""Several signals made one score: rarity of terms, standard scores, hubness."""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from api.matching.text.glossary import Glossary
from api.matching.text.language import Language
from api.matching.text.lexical import Facet

# Chosen by eye; weights fitted to folds or sets of the development halves are no more than a tenth of
# a point better on those held out (benchmarks/fit_fusion.py). Concepts are among the lexical terms
# too, hence their small weight.
WEIGHTS: Mapping[str, float] = {"semantic": 1.0, "lexical": 0.3, "concept": 0.05}
CAP = {"semantic": 8.0, "lexical": 12.0, "concept": 6.0}
# One deviation of cosines, the same for every request: the median of 28 requests over a catalogue
# of 500 offers. A request whose offers all lie close together is not surer of the nearest one.
SEMANTIC_SPREAD = 0.09
# A signal that hardly differs over the offers must not turn noise into evidence: one half-matched
# word among a thousand zeros is no twelve deviations.
_LEAST_SPREAD = {"lexical": 0.03, "concept": 1e-9}
# So much of a request is as good as all of it: a long title words less of it than a short one.
ENOUGH = 0.35
# Words are believed fully from so many facets on that only one offer has: a word or two of a
# short label say little beside its vector, six words of a long line decide.
MANY = 6.0
HUBNESS = 0.3
_BANK = 400
# The constant of the paper that proposed the fusion by ranks (Cormack and others, 2009).
_RANK_OFFSET = 60


def idf(frequencies: Mapping[str, int], documents: int) -> dict[str, float]:
    """BM25's weight of each term that `frequencies` of `documents` documents contain."""
    return {
        term: math.log(1 + (documents - count + 0.5) / (count + 0.5))
        for term, count in frequencies.items()
    }


class TermIndex:
    """The term sets of some documents, searchable by the facets of a request."""

    def __init__(
        self,
        documents: Sequence[AbstractSet[str]],
        weights: Mapping[str, float],
        sizes: Sequence[int] | None = None,
    ) -> None:
        """`weights`: the idf of terms; a term it lacks counts as the rarest.

        `sizes` are the numbers of all terms of documents of which only those asked for are given.
        """
        self._weights = weights
        self._rarest = max(weights.values(), default=1.0)
        self._places: dict[str, list[int]] = {}
        for place, terms in enumerate(documents):
            for term in terms:
                self._places.setdefault(term, []).append(place)
        lengths = np.array(sizes or [len(terms) for terms in documents], np.float32)
        mean = float(lengths.mean()) if len(lengths) else 1.0
        self._length = (0.7 + 0.3 * lengths / max(mean, 1.0)).astype(np.float32)

    def scores(self, facets: Iterable[Facet]) -> NDArray[np.float32]:
        """(n,) for each document the share of the request it words, rare facets weighing more.

        Of a facet's wordings the best counts, and part of a wording counts by its square: a
        bag for cement is half of a cement mixer at most. Long documents are discounted.
        """
        total, whole = np.zeros_like(self._length), 0.0
        for facet in facets:
            found = [self._variant(variant) for variant in facet]
            total += np.max([matched for matched, _ in found], axis=0)
            whole += max(weight for _, weight in found)
        return np.asarray(total / np.float32(max(whole, 1e-9)) / self._length, np.float32)

    def evidence(self, facets: Sequence[Facet]) -> NDArray[np.float32]:
        """(n,) the signal of the words beside others: their share up to ENOUGH, times `trust`."""
        shares = np.minimum(self.scores(facets), np.float32(ENOUGH))
        return np.asarray(shares * np.float32(self.trust(facets)), np.float32)

    def trust(self, facets: Iterable[Facet]) -> float:
        """How far words may be believed, in [0, 1]: by the rarity of all that can be worded."""
        sayable = (
            max(
                (
                    self._worth(variant)[1]
                    for variant in facet
                    if all(term in self._weights for term in variant)
                ),
                default=0.0,
            )
            for facet in facets
        )
        return min(1.0, sum(sayable) / max(self._rarest, 1e-9) / MANY)

    def _variant(self, variant: AbstractSet[str]) -> tuple[NDArray[np.float32], float]:
        """What each document has of one wording, and what the whole of it weighs."""
        matched = np.zeros_like(self._length)
        for term in variant:
            if places := self._places.get(term):
                matched[places] += np.float32(self._weights.get(term, self._rarest))
        whole, worth = self._worth(variant)
        return matched * matched * np.float32(worth / max(whole, 1e-9) ** 2), worth

    def _worth(self, variant: AbstractSet[str]) -> tuple[float, float]:
        """The weight of a wording's terms, and what it counts for: many say no more than two."""
        whole = sum(self._weights.get(term, self._rarest) for term in variant)
        return whole, min(whole, 2 * self._rarest)


class ConceptIndex:
    """The concepts of some documents by weight, searchable by those of a request."""

    def __init__(self, documents: Sequence[Mapping[str, float]]) -> None:
        self._size = len(documents)
        self._found: dict[str, tuple[list[int], list[float]]] = {}
        for place, weights in enumerate(documents):
            for found, weight in weights.items():
                places, values = self._found.setdefault(found, ([], []))
                places.append(place)
                values.append(weight)

    def scores(self, query: Mapping[str, float]) -> NDArray[np.float32]:
        """(n,) `concept` of the request and each document."""
        best = np.zeros(self._size, np.float32)
        for found, weight in query.items():
            if found in self._found:
                places, values = self._found[found]
                agreed = np.float32(weight) * np.array(values, np.float32)
                best[places] = np.maximum(best[places], agreed)
        return best


def concept(query: Mapping[str, float], document: Mapping[str, float]) -> float:
    """How well the concepts of two texts agree, in [0, 1]: their heads count most."""
    return max(
        (weight * document[found] for found, weight in query.items() if found in document),
        default=0.0,
    )


def standard(
    scores: NDArray[np.float32], cap: float, least: float = 1e-9, spread: float | None = None
) -> NDArray[np.float32]:
    """(n,) scores as deviations from their mean, at most `cap`; all zero when they do not differ.

    Capped, because one hit among thousands of zeros would otherwise outweigh everything. A
    deviation is `spread`, or that of the scores, which counts as no smaller than `least`.
    """
    own = float(scores.std())
    if own < 1e-9:
        return np.zeros_like(scores)
    spread = spread or max(own, least)
    return np.asarray(np.clip((scores - scores.mean()) / spread, -cap, cap), np.float32)


def fuse(
    signals: Mapping[str, NDArray[np.float32]], weights: Mapping[str, float] = WEIGHTS
) -> NDArray[np.float32]:
    """(n,) one score for each candidate of a query; raises KeyError for an unknown signal."""
    parts = [
        np.float32(weights[name]) * standard_signal(name, scores)
        for name, scores in signals.items()
    ]
    return np.asarray(np.sum(parts, axis=0), np.float32)


def standard_signal(name: str, scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) a signal's scores for one query as deviations; raises KeyError for an unknown signal."""
    if name == "semantic":
        return standard(scores, CAP[name], spread=SEMANTIC_SPREAD)
    return standard(scores, CAP[name], _LEAST_SPREAD[name])


def by_ranks(
    signals: Mapping[str, NDArray[np.float32]], weights: Mapping[str, float] = WEIGHTS
) -> NDArray[np.float32]:
    """(n,) reciprocal-rank fusion: for comparison, since it forgets how far apart scores are."""
    total = np.zeros(len(next(iter(signals.values()))), np.float32)
    for name, scores in signals.items():
        ascending = np.sort(scores)
        better = len(scores) - np.searchsorted(ascending, scores, side="right")
        total += np.float32(weights[name]) / (_RANK_OFFSET + 1 + better).astype(np.float32)
    return total


def hubness(
    doc_vectors: NDArray[np.float32],
    offsets: NDArray[np.intp],
    bank: NDArray[np.float32],
    nearest: int = 10,
) -> NDArray[np.float32]:
    """(n,) how near each offer's views are on average to requests that are none of its business.

    Views lie one after another, each offer's from its place in `offsets`. `bank` (b, d) holds
    vectors of unrelated requests; take HUBNESS times this off the semantic score.
    """
    count = min(nearest, len(bank))
    if not count or not len(offsets):
        return np.zeros(len(offsets), np.float32)
    near = np.partition(doc_vectors @ bank.T, len(bank) - count, axis=1)[:, -count:].mean(axis=1)
    views = np.diff(np.append(offsets, len(doc_vectors)))
    return np.asarray(np.add.reduceat(near, offsets) / views, np.float32)


def bank_texts(known: Glossary, language: Language) -> list[str]:
    """Requests for the bank, the same ones every time: the concepts' names, Russian for Kyrgyz."""
    spoken = Language.RU if language is Language.KY else language
    concepts = sorted(known.concepts_by_id.values(), key=lambda each: each.id)
    return [each.terms(spoken)[0].lower() for each in concepts if each.terms(spoken)][:_BANK]
