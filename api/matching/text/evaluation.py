"""How often the engine finds the right offer, on sets with a known answer."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from api.matching.text import datasets, glossary, trial
from api.matching.text.encoder import Encoder
from api.matching.text.glossary import Glossary
from api.matching.text.kyrgyz import AsWritten
from api.matching.text.trial import Setup, Vectors

type Engine = Literal["lexical", "vector", "full"]
ENGINES: tuple[Engine, ...] = ("lexical", "vector", "full")
# More queries change no figure by more than a point or two, and take minutes.
MOST_QUERIES = 600

type Progress = Callable[[str], None]
"""Called with what begins now."""


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


@dataclass(frozen=True, slots=True)
class Line:
    """What is left of the engine without one ingredient, pair by pair."""

    name: str
    rows: tuple[Row, ...]

    def mean(self, figure: Callable[[Row], float], direction: str = "") -> float:
        """The mean over the sets of one direction (`ky→zh`) or all, each set weighing the same."""
        sets: dict[str, list[float]] = {}
        for row in self.rows:
            if direction in ("", direction_of(row)):
                sets.setdefault(row.dataset, []).append(figure(row))
        return fmean(fmean(figures) for figures in sets.values())


FULL = Setup()
# Each ingredient with the engine that lacks it.
_WITHOUT = (
    Setup("without noun, head and segment views", views=False),
    Setup("without concepts", concepts=False),
    Setup("without measures, standards and model numbers", exact=False),
    Setup("without hubness correction", hubness=False),
    Setup("words weigh the same in every request", trust=False),
    Setup("without codes", codes=False),
    Setup("reciprocal ranks instead of z-scores", z_scores=False),
)
_ALONE: dict[Engine, str] = {"lexical": "words alone", "vector": "vectors alone"}
_NO_GLOSSARY = Setup("without the glossary")
_NO_STEMS = Setup("without Kyrgyz stemming")


def evaluate(
    folder: Path,
    encoder: Encoder,
    limit: int | None = None,
    progress: Progress | None = None,
    documents: int | None = None,
) -> list[Row]:
    """Every pair of the sets in `folder`, with words, with vectors and with both.

    `limit` caps the queries of a pair (default 600) and `documents` the documents of the large
    sets (default all), drawn by a fixed seed.
    """
    vectors = Vectors(encoder)
    rows: list[Row] = []
    for task in datasets.tasks(folder, limit or MOST_QUERIES, documents):
        if progress:
            progress(f"{task.dataset} {task.pair}")
        scores = trial.run(trial.read(task, glossary.shipped()), vectors, FULL)
        rows += [_row(task, engine, scores[engine], limit) for engine in ENGINES]
    return rows


def ablate(
    folder: Path,
    encoder: Encoder,
    limit: int | None = None,
    progress: Progress | None = None,
    documents: int | None = None,
) -> list[Line]:
    """The full engine, the engine without each ingredient in turn, then words and vectors alone.

    `limit` and `documents` as for `evaluate`.
    """
    vectors = Vectors(encoder)
    known = glossary.shipped()
    readers: list[tuple[Glossary, tuple[Setup, ...]]] = [
        (known, (FULL, *_WITHOUT)),
        (Glossary(), (_NO_GLOSSARY,)),
        (Glossary(known.concepts_by_id, AsWritten()), (_NO_STEMS,)),
    ]
    found: dict[str, list[Row]] = {}
    for task in datasets.tasks(folder, limit or MOST_QUERIES, documents):
        for words, setups in readers:
            texts = trial.read(task, words)
            for setup in setups:
                if progress:
                    progress(f"{task.dataset} {task.pair}: {setup.name}")
                scores = trial.run(texts, vectors, setup)
                for engine in ENGINES if setup is FULL else ENGINES[-1:]:
                    name = setup.name if engine == "full" else _ALONE[engine]
                    found.setdefault(name, []).append(_row(task, engine, scores[engine], limit))
    order = [
        FULL.name,
        *(s.name for _, each in readers for s in each[1:] or each),
        *_ALONE.values(),
    ]
    return [Line(name, tuple(found[name])) for name in dict.fromkeys(order) if name in found]


def direction_of(row: Row) -> str:
    """Query language → document language, of any pair: `ru_tender->zh_title` is ru→zh."""
    asked, _, offered = row.pair.partition("->")
    language = next(word for word in ("zh", "en", "ru", "ky") if word in offered)
    return f"{asked[:2]}→{language}"


def _row(
    task: datasets.Task, engine: Engine, scores: NDArray[np.float32], limit: int | None
) -> Row:
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
        sampled=len(task.queries) >= (limit or MOST_QUERIES),
    )


def _rank(scores: NDArray[np.float32], gold: int) -> int:
    """The place of `gold`, after everything that scores the same."""
    return int(np.count_nonzero(scores >= scores[gold]))
