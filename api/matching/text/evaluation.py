"""How often the engine finds the right offer, on sets with a known answer."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from api.matching.text import datasets, fusion, glossary, lexical, views
from api.matching.text.encoder import Encoder

type Engine = Literal["lexical", "vector", "full"]
# More queries change no figure by more than a point or two, and take minutes.
MOST_QUERIES = 600
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Row:
    """One engine on one pair. `queries` may be a sample: `sampled` says so."""

    dataset: str
    pair: str
    engine: Engine
    queries: int
    documents: int
    recall_1: float
    recall_10: float
    mrr: float
    ndcg_10: float
    sampled: bool = False


def evaluate(
    folder: Path,
    encoder: Encoder,
    limit: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Row]:
    """Every pair of the sets in `folder`, with words, with vectors and with both.

    `limit` caps the queries of a pair (default 600), drawn by a fixed seed.
    """
    most = limit or MOST_QUERIES
    cache = _Cache(encoder)
    rows: list[Row] = []
    for task in datasets.tasks(folder, most):
        if progress:
            progress(f"{task.dataset} {task.pair}")
        scores = score(task, cache)
        for engine in ("lexical", "vector", "full"):
            rows.append(_row(task, engine, scores[engine], sampled=len(task.queries) >= most))
    return rows


def score(task: datasets.Task, cache: "_Cache") -> dict[str, NDArray[np.float32]]:
    """(queries, documents) scores by signal and by engine."""
    documents = _Documents(task, cache)
    found: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    for query in task.queries:
        signals = documents.signals(query)
        for name, values in signals.items():
            found[name].append(values)
        found["vector"].append(signals["semantic"])
        found["full"].append(fusion.fuse(signals))
    return {name: np.stack(values) for name, values in found.items()}


class _Cache:
    """Vectors of texts, each encoded once for the whole evaluation."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        missing = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            self._known.update(zip(batch, self._encoder.encode(batch), strict=True))
        if not texts:
            return np.zeros((0, self._encoder.dimensions), np.float32)
        return np.stack([self._known[text] for text in texts])


class _Documents:
    """The offers of a task, indexed the way the database would be."""

    def __init__(self, task: datasets.Task, cache: _Cache) -> None:
        self._task, self._cache = task, cache
        bank = cache.vectors(fusion.bank_texts(glossary.default(), task.query_language))
        language = task.document_language
        shown = [
            views.offer_views({language: text}, {}) or [views.View("title", text)]
            for text in task.documents
        ]
        self._offsets = np.cumsum([0, *map(len, shown[:-1])], dtype=np.intp)
        self._kinds = [view.kind for each in shown for view in each]
        self._vectors = cache.vectors([view.text for each in shown for view in each])
        self._hubness = fusion.hubness(self._vectors, self._offsets, bank)
        terms = [lexical.terms(text, language) for text in task.documents]
        counts = Counter(term for each in terms for term in each)
        self._index = fusion.TermIndex(terms, fusion.idf(counts, len(task.documents)))
        self._concepts = [lexical.concept_weights(text, language) for text in task.documents]

    def signals(self, query: str) -> dict[str, NDArray[np.float32]]:
        language = self._task.query_language
        asked = views.request_views({language: query})
        vectors = self._cache.vectors([view.text for view in asked])
        semantic = views.semantic_matrix(
            vectors, [view.kind for view in asked], self._vectors, self._kinds, self._offsets
        )
        facets = lexical.facets(query, language, self._task.document_language)
        concepts = lexical.concept_weights(query, language)
        agreed = np.array([fusion.concept(concepts, each) for each in self._concepts], np.float32)
        near = np.asarray(semantic - np.float32(fusion.HUBNESS) * self._hubness, np.float32)
        return {"semantic": near, "lexical": self._index.scores(facets), "concept": agreed}


def _row(task: datasets.Task, engine: Engine, scores: NDArray[np.float32], *, sampled: bool) -> Row:
    ranks = [_rank(line, gold) for line, gold in zip(scores, task.gold, strict=True)]
    count = max(1, len(ranks))
    return Row(
        task.dataset,
        task.pair,
        engine,
        len(task.queries),
        len(task.documents),
        recall_1=sum(rank <= 1 for rank in ranks) / count,
        recall_10=sum(rank <= 10 for rank in ranks) / count,
        mrr=sum(1 / rank for rank in ranks) / count,
        ndcg_10=sum(1 / math.log2(1 + rank) for rank in ranks if rank <= 10) / count,
        sampled=sampled,
    )


def _rank(scores: NDArray[np.float32], gold: int) -> int:
    """The place of `gold`, after everything that scores the same."""
    return int(np.count_nonzero(scores >= scores[gold]))
