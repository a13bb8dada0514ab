"""The evaluation sets of matching: requests in one language, offers in another, which is whose."""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.matching.text.language import Language

SEED = 20261124
# Of the 4,000 goods many are the very thing asked for, under a plainer name.
DISTRACTORS = 1000
_Row = dict[str, str]


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


@dataclass(frozen=True, slots=True)
class _Source:
    dataset: str
    file: str
    columns: tuple[str, str]
    distractors: bool = False
    pair: str = ""


_SOURCES = (
    *(
        _Source("handmade", "handmade_terms.tsv", columns, distractors=True)
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
    _Source("cpv", "cpv_2008_en_ru_uk.tsv", ("ru", "en")),
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


def tasks(folder: Path, limit: int) -> Iterator[Task]:
    """Each pair whose file is in `folder`, with at most `limit` queries drawn by a fixed seed."""
    for source in _SOURCES:
        if (folder / source.file).exists():
            rows = _read(folder / source.file)
            goods = folder / _GOODS
            others = _read(goods) if source.distractors and goods.exists() else []
            distractors = random.Random(SEED).sample(others, min(len(others), DISTRACTORS))
            yield _task(source, rows, distractors, limit)
    if (folder / _CUSTOMS).exists() and (folder / _TARIFF).exists():
        yield _customs(_read(folder / _CUSTOMS), _read(folder / _TARIFF), limit)


def _task(source: _Source, rows: Sequence[_Row], goods: Sequence[_Row], limit: int) -> Task:
    asked, offered = source.columns
    pairs = [(row[asked], row[offered]) for row in rows if row[asked] and row[offered]]
    language = Language(offered[:2])
    documents = [document for _, document in pairs] + [row[language] for row in goods]
    name = source.pair or f"{asked}->{offered}"
    return _built(source.dataset, name, Language(asked[:2]), language, pairs, documents, limit)


def _customs(declarations: Sequence[_Row], tariff: Sequence[_Row], limit: int) -> Task:
    """A customs wording against every six-digit code's English text, heading first."""

    def wording(row: _Row) -> str:
        return f"{row['en_heading']}: {row['en']}"

    by_code = {row["hs6"]: wording(row) for row in tariff}
    pairs = [
        (row["text"], by_code[row["hs10"][:6]])
        for row in declarations
        if row["hs10"][:6] in by_code
    ]
    return _built(
        "customs", "ru->hs6 en", Language.RU, Language.EN, pairs, list(by_code.values()), limit
    )


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
