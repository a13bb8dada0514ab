"""The evaluation sets of matching: requests in one language, offers in another, which is whose."""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from api.matching.text.language import Language
from api.rules.classifications import Scheme

SEED = 20261124
# Of the 4,000 goods many are the very thing asked for, under a plainer name.
DISTRACTORS = 1000
# Buyers and sellers declare a heading or a class of four digits, and so many of them a wrong one.
DECLARED, WRONG = 4, 0.25
_Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes that queries declare, some of them wrong, and those of the documents."""

    scheme: Scheme
    queries: tuple[str, ...]
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """Find for each query its document: `gold[i]` is the index of the one for `queries[i]`."""

    dataset: str
    pair: str
    query_language: Language
    document_language: Language
    queries: tuple[str, ...]
    documents: tuple[str, ...]
    gold: tuple[int, ...]
    codes: Codes | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    dataset: str
    file: str
    columns: tuple[str, str]
    distractors: bool = False
    pair: str = ""


_HANDMADE = "handmade"
_CPV = "cpv_2008_en_ru_uk.tsv"
_SOURCES = (
    *(
        _Source(_HANDMADE, "handmade_terms.tsv", columns, distractors=True)
        for columns in (
            ("ru_tender", "zh_title"),
            ("ru_tender", "en_title"),
            ("ru", "zh_title"),
            ("ru", "zh"),
            ("ky_tender", "zh_title"),
            ("ky_tender", "en_title"),
            ("ky", "zh_title"),
            ("ky", "zh"),
        )
    ),
    _Source("cpv", _CPV, ("ru", "en")),
    _Source("hs6", "hs6_en_ru.tsv", ("ru_full", "en"), pair="ru->en"),
    _Source("osm", "osm_presets_ru_en_zh.tsv", ("ru", "zh")),
    _Source("osm", "osm_presets_ru_en_zh.tsv", ("ru", "en")),
    _Source("wiktionary", "wiktionary_concepts_ky_ru_en_zh.tsv", ("ky", "ru")),
    _Source("wiktionary", "wiktionary_concepts_ky_ru_en_zh.tsv", ("ky", "zh")),
    _Source("cldr", "cldr_annotations_ky_ru_en_zh.tsv", ("ky", "zh")),
    _Source("cldr", "cldr_annotations_ky_ru_en_zh.tsv", ("ky", "ru")),
    _Source("china_tariff", "china_tariff_zh_en_sample.tsv", ("zh", "en")),
)
_GOODS = "nice_goods_en_zh.tsv"
_CUSTOMS, _TARIFF = "customs_declarations_ru.tsv", "hs6_en_ru.tsv"


def tasks(folder: Path, limit: int, documents: int | None = None) -> Iterator[Task]:
    """Each pair whose file is in `folder`, with at most `limit` queries drawn by a fixed seed.

    `documents` caps the documents of the large sets as well: those asked for, and others drawn.
    """
    for task in _all(folder, limit):
        yield task if task.dataset == _HANDMADE or not documents else _smaller(task, documents)


def _all(folder: Path, limit: int) -> Iterator[Task]:
    for source in _SOURCES:
        if (folder / source.file).exists():
            rows = _read(folder / source.file)
            goods = folder / _GOODS
            others = _read(goods) if source.distractors and goods.exists() else []
            distractors = random.Random(SEED).sample(others, min(len(others), DISTRACTORS))
            task = _task(source, rows, distractors, limit)
            yield task
            if source.file == _CPV:
                yield _declared(task, Scheme.CPV, {row["en"]: row["code"] for row in rows})
    if (folder / _CUSTOMS).exists() and (folder / _TARIFF).exists():
        tariff = _read(folder / _TARIFF)
        task = _customs(_read(folder / _CUSTOMS), tariff, limit)
        yield task
        yield _declared(task, Scheme.HS, {_heading(row): row["hs6"] for row in tariff})


def _task(source: _Source, rows: Sequence[_Row], goods: Sequence[_Row], limit: int) -> Task:
    asked, offered = source.columns
    pairs = [(row[asked], row[offered]) for row in rows if row[asked] and row[offered]]
    language = Language(offered[:2])
    documents = [document for _, document in pairs] + [row[language] for row in goods]
    name = source.pair or f"{asked}->{offered}"
    return _built(source.dataset, name, Language(asked[:2]), language, pairs, documents, limit)


def _customs(declarations: Sequence[_Row], tariff: Sequence[_Row], limit: int) -> Task:
    """A customs wording against every six-digit code's English text."""
    by_code = {row["hs6"]: _heading(row) for row in tariff}
    pairs = [
        (row["text"], by_code[row["hs10"][:6]])
        for row in declarations
        if row["hs10"][:6] in by_code
    ]
    return _built(
        "customs", "ru->hs6 en", Language.RU, Language.EN, pairs, list(by_code.values()), limit
    )


def _smaller(task: Task, most: int) -> Task:
    """The same queries among fewer documents."""
    wanted = dict.fromkeys(task.gold)
    others = [place for place in range(len(task.documents)) if place not in wanted]
    drawn = random.Random(SEED).sample(others, min(len(others), max(0, most - len(wanted))))
    kept = [*wanted, *drawn]
    moved = {place: number for number, place in enumerate(kept)}
    codes = task.codes and replace(
        task.codes, documents=tuple(task.codes.documents[place] for place in kept)
    )
    return replace(
        task,
        documents=tuple(task.documents[place] for place in kept),
        gold=tuple(moved[place] for place in task.gold),
        codes=codes,
    )


def _heading(row: _Row) -> str:
    return f"{row['en_heading']}: {row['en']}"


def _declared(task: Task, scheme: Scheme, codes: Mapping[str, str]) -> Task:
    """The same task with the code that each query declares, a quarter of them another's."""
    chance = random.Random(SEED)
    documents = tuple(codes[document] for document in task.documents)
    queries = tuple(
        (chance.choice(documents) if chance.random() < WRONG else documents[gold])[:DECLARED]
        for gold in task.gold
    )
    return replace(task, pair=f"{task.pair}, code", codes=Codes(scheme, queries, documents))


def _built(
    dataset: str,
    pair: str,
    asked: Language,
    offered: Language,
    pairs: list[tuple[str, str]],
    documents: Sequence[str],
    limit: int,
) -> Task:
    # The same words twice are one document, or one of the two would count as a mistake.
    place: dict[str, int] = {}
    for document in documents:
        place.setdefault(document, len(place))
    if len(pairs) > limit:
        pairs = random.Random(SEED).sample(pairs, limit)
    return Task(
        dataset,
        pair,
        asked,
        offered,
        tuple(query for query, _ in pairs),
        tuple(place),
        tuple(place[document] for _, document in pairs),
    )


def _read(path: Path) -> list[_Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
