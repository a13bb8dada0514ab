"""The engine finds today what it found when the floors were set."""

import tomllib
from pathlib import Path

import pytest

from api.matching.text import encoder, evaluation

FLOORS = tomllib.loads((Path(__file__).parent / "floors.toml").read_text(encoding="utf-8"))
QUERIES, DOCUMENTS = 60, 150


@pytest.mark.shared
def test_no_figure_falls_below_its_floor(shared_data: Path) -> None:
    rows = evaluation.evaluate(
        shared_data / "matching" / "dev",
        encoder.default_encoder(),
        limit=QUERIES,
        documents=DOCUMENTS,
    )
    full = {(row.dataset, row.pair): row for row in rows if row.engine == "full"}
    floors = {
        (dataset, pair): each for dataset, rest in FLOORS.items() for pair, each in rest.items()
    }
    assert full.keys() == floors.keys()
    fallen = {
        f"{dataset} {pair} {figure}": (round(getattr(full[dataset, pair], figure), 3), floor)
        for (dataset, pair), each in floors.items()
        for figure, floor in each.items()
        if getattr(full[dataset, pair], figure) < floor
    }
    assert fallen == {}
