from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from api.matching.text import datasets, evaluation

PAIRS = [("кирпич", "brick", "砖块"), ("гвоздь", "nail", "钉子"), ("лопата", "shovel", "铁锹")]


class TeacherEncoder:
    """Knows exactly the words of the test: the n-th pair lies on the n-th axis."""

    name, version, dimensions = "teacher", "1", 8

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            found = [place for place, pair in enumerate(PAIRS) if text in pair]
            vectors[row, found[0] if found else 7] = 1.0
        return vectors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = ["id\tru\ten\tzh", *(f"{i}\t{ru}\t{en}\t{zh}" for i, (ru, en, zh) in enumerate(PAIRS))]
    (tmp_path / "osm_presets_ru_en_zh.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_an_encoder_that_knows_everything_finds_everything(folder: Path) -> None:
    seen: list[str] = []
    rows = evaluation.evaluate(folder, TeacherEncoder(), progress=seen.append)
    assert seen == ["osm ru->zh", "osm ru->en"]
    assert [row.engine for row in rows] == ["lexical", "vector", "full"] * 2
    vector = next(row for row in rows if row.engine == "vector")
    assert (vector.queries, vector.documents, vector.sampled) == (3, 3, False)
    assert (vector.recall_1, vector.recall_10, vector.mrr, vector.ndcg_10) == (1, 1, 1, 1)


def test_large_sets_are_sampled_the_same_way_each_time(folder: Path) -> None:
    first = [task.queries for task in datasets.tasks(folder, 2)]
    assert first == [task.queries for task in datasets.tasks(folder, 2)]
    assert [len(queries) for queries in first] == [2, 2]
    rows = evaluation.evaluate(folder, TeacherEncoder(), limit=2)
    assert all(row.sampled and row.queries == 2 for row in rows)


def test_a_right_answer_among_equals_is_not_credited(folder: Path) -> None:
    rows = evaluation.evaluate(folder, TeacherEncoder())
    words = next(row for row in rows if row.engine == "lexical" and row.pair == "ru->zh")
    assert words.recall_1 <= 1


def test_a_folder_without_sets_gives_no_rows(tmp_path: Path) -> None:
    assert evaluation.evaluate(tmp_path, TeacherEncoder()) == []
