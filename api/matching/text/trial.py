"""The engine over one evaluation set, whole or with one of its ingredients taken away."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from api.matching.text import datasets, fusion, glossary, lexical, views
from api.matching.text.encoder import Encoder
from api.matching.text.glossary import Glossary
from api.matching.text.lexical import Facet
from api.matching.text.views import View
from api.rules import matching as rules
from api.rules.classifications import Scheme

# As in the default model (api/matching/model.py): standard deviations of meaning.
CODE_WEIGHT = 2.0
_BATCH = 256
_TOGETHER = 64
_FIT = {Scheme.CPV: rules.cpv_fit, Scheme.HS: rules.hs_fit}

type Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Setup:
    """What the full engine is made of; each False takes one ingredient away."""

    name: str = "full"
    views: bool = True
    concepts: bool = True
    exact: bool = True
    hubness: bool = True
    trust: bool = True
    codes: bool = True
    z_scores: bool = True


class Vectors:
    """Vectors of texts, each encoded once for a whole evaluation."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) a row for each text."""
        missing = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            self._known.update(zip(batch, self._encoder.encode(batch), strict=True))
        if not texts:
            return np.zeros((0, self._encoder.dimensions), np.float32)
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True, slots=True)
class Read:
    """The texts of a task worked out with one glossary, as index and requests would be."""

    task: datasets.Task
    shown: list[list[View]]
    terms: list[frozenset[str]]
    offered: list[dict[str, float]]
    asked: list[list[View]]
    facets: list[tuple[Facet, ...]]
    wanted: list[dict[str, float]]


def read(task: datasets.Task, known: Glossary) -> Read:
    """Views, terms, facets and concepts of the documents and the queries."""
    into, language = task.document_language, task.query_language
    with glossary.using(known):
        return Read(
            task,
            [
                views.offer_views({into: text}, {}) or [View("title", text)]
                for text in task.documents
            ],
            [lexical.terms(text, into) for text in task.documents],
            [lexical.concept_weights(text, into) for text in task.documents],
            [views.request_views({language: text}) for text in task.queries],
            [lexical.facets(text, language, into) for text in task.queries],
            [lexical.concept_weights(text, language) for text in task.queries],
        )


def run(read: Read, vectors: Vectors, setup: Setup) -> dict[str, Scores]:
    """(queries, documents) scores of the words, the vectors and the engine of a setup."""
    words, evidence = _lexical(read, setup)
    near = _semantic(read, vectors, setup)
    signals = {"semantic": near, "lexical": evidence if setup.trust else words}
    if setup.concepts:
        signals["concept"] = _concepts(read)
    fuse: Callable[[Mapping[str, Scores]], Scores] = (
        fusion.fuse if setup.z_scores else fusion.by_ranks
    )
    full = np.stack(
        [
            fuse({name: scores[place] for name, scores in signals.items()})
            for place in range(len(read.asked))
        ]
    )
    if setup.codes and read.task.codes:
        full = full + coded(read.task.codes)
    return {"lexical": words, "vector": near, "full": full}


def signals(read: Read, vectors: Vectors) -> dict[str, Scores]:
    """(queries, documents) of each text signal of the full engine, before they become one score."""
    return {
        "semantic": _semantic(read, vectors, Setup()),
        "lexical": _lexical(read, Setup())[1],
        "concept": _concepts(read),
    }


def _lexical(read: Read, setup: Setup) -> tuple[Scores, Scores]:
    """The share of each request that each document words, and what it is worth beside vectors."""
    left_out = {"x:" * (not setup.exact), "c:" * (not setup.concepts)} - {""}

    def kept(terms: Iterable[str]) -> frozenset[str]:
        return frozenset(term for term in terms if term[:2] not in left_out)

    terms = [kept(each) for each in read.terms] if left_out else read.terms
    index = fusion.TermIndex(terms, fusion.idf(Counter(t for e in terms for t in e), len(terms)))
    asked = [[facet for f in facets if (facet := _trimmed(f, kept))] for facets in read.facets]
    return (
        np.stack([index.scores(facets) for facets in asked]),
        np.stack([index.evidence(facets) for facets in asked]),
    )


def _trimmed(facet: Facet, kept: Callable[[Iterable[str]], frozenset[str]]) -> Facet:
    return frozenset(trimmed for variant in facet if (trimmed := kept(variant)))


def _concepts(read: Read) -> Scores:
    index = fusion.ConceptIndex(read.offered)
    return np.stack([index.scores(wanted) for wanted in read.wanted])


def _semantic(read: Read, vectors: Vectors, setup: Setup) -> Scores:
    shown = [_seen(each, setup, "title") for each in read.shown]
    asked = [_seen(each, setup, "full") for each in read.asked]
    offsets = np.cumsum([0, *map(len, shown[:-1])], dtype=np.intp)
    kinds = [view.kind for each in shown for view in each]
    stored = vectors.of([view.text for each in shown for view in each])
    found = []
    for start in range(0, len(asked), _TOGETHER):
        group = asked[start : start + _TOGETHER]
        nearness = vectors.of([view.text for each in group for view in each]) @ stored.T
        begin = 0
        for each in group:
            rows = nearness[begin : begin + len(each)]
            found.append(views.combined(rows, [view.kind for view in each], kinds, offsets))
            begin += len(each)
    near = np.stack(found)
    if setup.hubness:
        # The bank is the shipped one, whatever glossary the texts were read with.
        bank = vectors.of(fusion.bank_texts(glossary.shipped(), read.task.query_language))
        near -= np.float32(fusion.HUBNESS) * fusion.hubness(stored, offsets, bank)
    return near


def _seen(shown: list[View], setup: Setup, whole: str) -> list[View]:
    """The views that a setup has: without them, an offer is its title and a request its line."""
    if not setup.views:
        # Where the whole is but its noun, the view is kept as a noun.
        found = [view for view in shown if view.kind == whole]
        return found or [View(whole, view.text) for view in shown[:1]]
    if not setup.concepts:
        return [view for view in shown if view.kind != "concept"] or shown[:1]
    return shown


def coded(codes: datasets.Codes) -> Scores:
    """(queries, documents) what the codes add to the score."""
    fit = cache(_FIT[codes.scheme])
    return np.float32(CODE_WEIGHT) * np.array(
        [[float(fit(asked, offered)) for offered in codes.documents] for asked in codes.queries],
        np.float32,
    )
