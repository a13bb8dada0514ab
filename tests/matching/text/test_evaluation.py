from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from api.matching.text import datasets, encoder, evaluation, glossary, trial
from api.matching.text.language import Language
from api.matching.text.trial import Setup, Vectors

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


def test_documents_of_large_sets_are_capped_with_the_wanted_ones_among_them(folder: Path) -> None:
    whole = next(datasets.tasks(folder, 1))
    small = next(datasets.tasks(folder, 1, documents=2))
    assert (len(whole.documents), len(small.documents)) == (3, 2)
    assert small.documents[small.gold[0]] == whole.documents[whole.gold[0]]


@pytest.fixture
def customs(tmp_path: Path) -> Path:
    (tmp_path / "hs6_en_ru.tsv").write_text(
        "hs6\ten\tru_full\tru_leaf\ten_heading\tru_heading\n"
        "690410\tbrick\tкирпич\tкирпич\tceramic\tкерамика\n"
        "731700\tnail\tгвоздь\tгвоздь\tiron\tжелезо\n"
        "820110\tshovel\tлопата\tлопата\ttools\tинструмент\n",
        encoding="utf-8",
    )
    (tmp_path / "customs_declarations_ru.tsv").write_text(
        "id\ths10\ttext\textra\n" + "".join(f"D{i}\t6904100000\tНЕЧТО {i}\t\n" for i in range(40)),
        encoding="utf-8",
    )
    return tmp_path


def test_a_quarter_of_the_declared_codes_are_another_documents(customs: Path) -> None:
    first, again = (
        next(t for t in datasets.tasks(customs, 40) if t.codes is not None) for _ in range(2)
    )
    assert first == again
    assert first.codes is not None
    assert set(first.codes.queries) <= {"6904", "7317", "8201"}
    assert 0.6 < sum(code == "6904" for code in first.codes.queries) / 40 < 0.95


def test_a_declared_code_helps_where_words_and_vectors_are_silent(customs: Path) -> None:
    lines = {line.name: line for line in evaluation.ablate(customs, TeacherEncoder())}

    def found(name: str) -> float:
        return next(row.recall_1 for row in lines[name].rows if row.pair.endswith(", code"))

    assert found("full") > 0.6
    assert found("without codes") == 0


def test_every_ingredient_has_its_line(folder: Path) -> None:
    seen: list[str] = []
    lines = evaluation.ablate(folder, TeacherEncoder(), progress=seen.append)
    names = [line.name for line in lines]
    assert names[0] == "full"
    assert len(set(names)) == len(names) == 12
    assert seen[0] == "osm ru->zh: full"
    assert "osm ru->en: without the glossary" in seen
    assert all(len(line.rows) == 2 for line in lines)
    rows = evaluation.evaluate(folder, TeacherEncoder())
    assert lines[0].rows == tuple(row for row in rows if row.engine == "full")


def test_a_mean_weighs_sets_not_pairs() -> None:
    def row(dataset: str, pair: str, found: float) -> evaluation.Row:
        return evaluation.Row(dataset, pair, "full", 1, 1, found, found, found, found)

    line = evaluation.Line(
        "full", (row("a", "ru->zh", 0.0), row("a", "ky->zh", 1.0), row("b", "ru_x->zh_x", 1.0))
    )
    assert line.mean(lambda each: each.recall_1) == pytest.approx(0.75)
    assert line.mean(lambda each: each.recall_1, "ru→zh") == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("setup", "engine"),
    [
        (Setup("-", hubness=False), "vector"),
        (Setup("-", views=False), "vector"),
        (Setup("-", exact=False), "lexical"),
        (Setup("-", concepts=False), "full"),
        (Setup("-", trust=False), "full"),
        (Setup("-", z_scores=False), "full"),
    ],
)
def test_taking_an_ingredient_away_changes_the_scores(setup: Setup, engine: str) -> None:
    # Among many others, as in a catalogue: a hit among three documents is no surprise.
    others = (f"{one}{two}" for one in "红黄蓝绿黑白灰紫橙青" for two in "茶壶灯伞笔帽鞋桌椅门")
    titles = ("红砖 M150 建筑用砖", "钢钉 100mm 五金", "铁锹 园艺工具", *others)
    task = datasets.Task(
        "own",
        "ru->zh",
        Language.RU,
        Language.ZH,
        ("Поставка кирпича красного М150 для школы",),
        titles,
        (0,),
    )
    texts, vectors = trial.read(task, glossary.shipped()), Vectors(encoder.default_encoder())
    whole = trial.run(texts, vectors, evaluation.FULL)[engine]
    without = trial.run(texts, vectors, setup)[engine]
    assert not np.allclose(whole, without)


def test_without_views_a_bare_name_still_meets_the_same_bare_name(folder: Path) -> None:
    lines = {line.name: line for line in evaluation.ablate(folder, TeacherEncoder())}
    bare = lines["without noun, head and segment views"]
    assert [row.recall_1 for row in bare.rows] == [1, 1]


def test_without_the_glossary_words_of_two_languages_do_not_meet() -> None:
    task = datasets.Task(
        "own", "ru->zh", Language.RU, Language.ZH, ("кирпич",), ("砖", "钉子"), (0,)
    )
    known = trial.read(task, glossary.shipped())
    empty = trial.read(task, glossary.Glossary())
    assert known.wanted[0]
    assert empty.wanted[0] == {}
