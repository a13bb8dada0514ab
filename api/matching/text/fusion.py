"""Several signals made one score: rarity of terms, standard scores, hubness."""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from api.matching.text.glossary import Glossary
from api.matching.text.language import Language
from api.matching.text.lexical import Facet

# Tuned on the development sets; concepts are among the lexical terms too, hence their small
# weight. The spread between neighbouring settings is about half a point.
WEIGHTS: Mapping[str, float] = {"semantic": 1.0, "lexical": 0.15, "concept": 0.05}
CAP = {"semantic": 8.0, "lexical": 6.0, "concept": 6.0}
HUBNESS = 0.3
_BANK = 400


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

    def _variant(self, variant: AbstractSet[str]) -> tuple[NDArray[np.float32], float]:
        """What each document has of one wording, and what the whole of it weighs."""
        matched, whole = np.zeros_like(self._length), 0.0
        for term in variant:
            weight = self._weights.get(term, self._rarest)
            whole += weight
            if places := self._places.get(term):
                matched[places] += np.float32(weight)
        # A wording of many terms says no more than one of two.
        worth = min(whole, 2 * self._rarest)
        return matched * matched * np.float32(worth / max(whole, 1e-9) ** 2), worth


def concept(query: Mapping[str, float], document: Mapping[str, float]) -> float:
    """How well the concepts of two texts agree, in [0, 1]: their heads count most."""
    return max(
        (weight * document[found] for found, weight in query.items() if found in document),
        default=0.0,
    )


def standard(scores: NDArray[np.float32], cap: float) -> NDArray[np.float32]:
    """(n,) scores as deviations from their mean, at most `cap`; all zero when they do not differ.

    Capped, because one hit among thousands of zeros would otherwise outweigh everything.
    """
    spread = float(scores.std())
    if spread < 1e-9:
        return np.zeros_like(scores)
    return np.asarray(np.clip((scores - scores.mean()) / spread, -cap, cap), np.float32)


def fuse(
    signals: Mapping[str, NDArray[np.float32]], weights: Mapping[str, float] = WEIGHTS
) -> NDArray[np.float32]:
    """(n,) one score for each candidate of a query; raises KeyError for an unknown signal."""
    parts: Iterable[NDArray[np.float32]] = (
        np.float32(weights[name]) * standard(scores, CAP[name]) for name, scores in signals.items()
    )
    return np.asarray(np.sum(list(parts), axis=0), np.float32)


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
