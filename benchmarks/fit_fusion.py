"""What weights of the text signals the evaluation sets would choose, and what the choice is worth.

The grid is the weights of words and concepts, with cosines measured in deviations of each request's
own or in the one that all requests share (fusion.SEMANTIC_SPREAD). Three figures of each family, means
over the sets of nDCG@10: "fitted", the best setting on the queries it was chosen by; "folds", chosen on
four fifths of the queries and measured on the last fifth; "sets", chosen on all sets but one and measured
on that one. Only the last two say what to expect elsewhere. The engine's own setting stands first.

`KERBEN_SHARED_DATA=... python benchmarks/fit_fusion.py`
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from api.matching.text import datasets, encoder, fusion, glossary, trial

LEXICAL = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
CONCEPT = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
FOLDS = 5

type Gains = dict[tuple[str, str], NDArray[np.float64]]
"""(set, pair) -> (settings, queries) of nDCG@10."""


class Setting(NamedTuple):
    """One point of the grid; `shared`: cosines in the deviation that all requests share."""

    shared: bool
    lexical: float
    concept: float


OURS = Setting(True, fusion.WEIGHTS["lexical"], fusion.WEIGHTS["concept"])
GRID = [Setting(*each) for each in product((True, False), LEXICAL, CONCEPT)]


def measured(folder: Path, limit: int, documents: int) -> Gains:
    """nDCG@10 of every query of every pair at every setting."""
    vectors = trial.Vectors(encoder.default_encoder())
    tasks = list(datasets.tasks(folder, limit, documents))
    return {
        (task.dataset, task.pair): _gains(task, vectors)
        for task in track(tasks, "Reading", console=Console(stderr=True))
    }


def _gains(task: datasets.Task, vectors: trial.Vectors) -> NDArray[np.float64]:
    read = trial.read(task, glossary.shipped())
    found = trial.signals(read, vectors)
    parts = {
        name: np.stack([fusion.standard_signal(name, line) for line in scores])
        for name, scores in found.items()
    }
    own = np.stack([fusion.standard(line, fusion.CAP["semantic"]) for line in found["semantic"]])
    codes = trial.coded(task.codes) if task.codes else np.float32(0)
    gains = []
    for setting in GRID:
        scores = (
            (parts["semantic"] if setting.shared else own)
            + np.float32(setting.lexical) * parts["lexical"]
            + np.float32(setting.concept) * parts["concept"]
            + codes
        )
        right = scores[np.arange(len(task.gold)), list(task.gold)]
        ranks = np.count_nonzero(scores >= right[:, None], axis=1)
        gains.append(np.where(ranks <= 10, 1 / np.log2(1 + ranks), 0.0))
    return np.stack(gains)


def mean(figures: Mapping[tuple[str, str], NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean over sets of their pairs' means, each set weighing the same."""
    sets: dict[str, list[NDArray[np.float64]]] = {}
    for (dataset, _), figure in figures.items():
        sets.setdefault(dataset, []).append(figure)
    return np.asarray(np.mean([np.mean(each, axis=0) for each in sets.values()], axis=0))


def best(gains: Gains, allowed: Sequence[int]) -> int:
    """The setting among `allowed` with the highest mean."""
    means = mean({key: each.mean(axis=1) for key, each in gains.items()})
    return allowed[int(np.argmax(means[list(allowed)]))]


def by_folds(gains: Gains, allowed: Sequence[int]) -> float:
    """Chosen on four fifths of the queries, measured on the rest; one item falls in one fold."""
    held = {key: np.zeros(each.shape[1]) for key, each in gains.items()}
    for fold in range(FOLDS):
        out = {key: np.arange(each.shape[1]) % FOLDS == fold for key, each in gains.items()}
        chosen = best({key: each[:, ~out[key]] for key, each in gains.items()}, allowed)
        for key, each in gains.items():
            held[key][out[key]] = each[chosen, out[key]]
    return float(mean({key: np.asarray(each.mean()) for key, each in held.items()}))


def by_sets(gains: Gains, allowed: Sequence[int]) -> float:
    """Chosen on the other sets, measured on the one left out."""
    held: dict[tuple[str, str], NDArray[np.float64]] = {}
    for dataset in {key[0] for key in gains}:
        chosen = best({k: each for k, each in gains.items() if k[0] != dataset}, allowed)
        held |= {k: np.asarray(e[chosen].mean()) for k, e in gains.items() if k[0] == dataset}
    return float(mean(held))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = os.environ.get("KERBEN_SHARED_DATA", ".")
    parser.add_argument("--data", type=Path, default=Path(shared) / "matching" / "dev")
    parser.add_argument("--limit", type=int, default=300, help="queries a pair at most")
    parser.add_argument("--documents", type=int, default=1500, help="of a large set at most")
    asked = parser.parse_args()
    gains = measured(asked.data, asked.limit, asked.documents)
    unshared = OURS._replace(shared=False)
    families = {
        "the engine": [GRID.index(OURS)],
        "its weights, own deviation": [GRID.index(unshared)],
        "its weights, either deviation": [GRID.index(OURS), GRID.index(unshared)],
        "best weights, shared deviation": [i for i, each in enumerate(GRID) if each.shared],
        "best weights, own deviation": [i for i, each in enumerate(GRID) if not each.shared],
        "best of both": list(range(len(GRID))),
    }
    table = Table("nDCG@10", "lexical", "concept", "fitted", "folds", "sets")
    for name, allowed in families.items():
        chosen = best(gains, allowed)
        fitted = mean({key: each.mean(axis=1) for key, each in gains.items()})[chosen]
        table.add_row(
            name,
            str(GRID[chosen].lexical),
            str(GRID[chosen].concept),
            *(f"{x:.4f}" for x in (fitted, by_folds(gains, allowed), by_sets(gains, allowed))),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
