"""How good the engine without a network is: chrF against references, and coverage, pair by pair."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from api.core import settings
from api.matching.text.language import Language
from api.translation.port import Rendering
from api.translation.term_by_term import TermByTerm

ORDER, BETA = 6, 2.0
_SETS = (
    ("handmade", "handmade_terms.tsv", {"ky": "ky", "ru": "ru", "en": "en", "zh": "zh"}),
    ("osm", "osm_presets_ru_en_zh.tsv", {"ru": "ru", "en": "en", "zh": "zh"}),
    (
        "wiktionary",
        "wiktionary_concepts_ky_ru_en_zh.tsv",
        {"ky": "ky", "ru": "ru", "en": "en", "zh": "zh"},
    ),
    ("cpv", "cpv_2008_en_ru_uk.tsv", {"en": "en", "ru": "ru"}),
)
_PAIRS = (("ru", "zh"), ("zh", "ru"), ("ru", "en"), ("en", "ru"), ("ky", "ru"), ("ky", "zh"))


class Figures(NamedTuple):
    """Of a pair of a set: `coverage` is the mean share of words known, `chrf` 0..100 of all texts
    as they come out at any coverage (those that say "not" count as empty), `kept` the share of
    texts that pass the least coverage, `chrf_kept` of those alone, `exact` the share of those that
    are the reference but for case.
    """

    dataset: str
    pair: str
    texts: int
    coverage: float
    chrf: float
    kept: float
    chrf_kept: float
    exact: float


def evaluate(folder: Path, limit: int | None = None) -> Iterator[Figures]:
    """The figures of every pair whose file is in `folder`, of at most `limit` texts each."""
    engine, least = TermByTerm(least=Decimal(0)), settings.get().translation_min_coverage
    for dataset, file, columns in _SETS:
        if not (folder / file).exists():
            continue
        rows = _read(folder / file)
        for source, into in _PAIRS:
            if source in columns and into in columns:
                pairs = [
                    (row[columns[source]], row[columns[into]])
                    for row in rows
                    if row[columns[source]] and row[columns[into]]
                ][:limit]
                if pairs:
                    name = f"{source}→{into}"
                    rendered = [
                        engine.render(t, Language(source), Language(into)) for t, _ in pairs
                    ]
                    yield _figures(dataset, name, rendered, [wanted for _, wanted in pairs], least)


def _figures(
    dataset: str,
    pair: str,
    rendered: Sequence[Rendering],
    references: Sequence[str],
    least: Decimal,
) -> Figures:
    texts = [each.text or "" for each in rendered]
    kept = [
        (each.text, reference)
        for each, reference in zip(rendered, references, strict=True)
        if each.text is not None and (each.coverage or 0) >= least
    ]
    same = sum(text.casefold() == reference.casefold() for text, reference in kept)
    return Figures(
        dataset,
        pair,
        len(texts),
        fmean(float(each.coverage or 0) for each in rendered),
        chrf(texts, references),
        len(kept) / len(texts),
        chrf([text for text, _ in kept], [reference for _, reference in kept]),
        same / len(kept) if kept else 0.0,
    )


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    """chrF2 of a corpus, 0..100: character n-grams up to six, spaces left out.

    M. Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015, as
    sacrebleu computes it: orders that neither side has are left out of the mean.
    """
    precisions, recalls = [], []
    for n in range(1, ORDER + 1):
        made = wanted = same = 0
        for hypothesis, reference in zip(hypotheses, references, strict=True):
            ours, theirs = _grams(hypothesis, n), _grams(reference, n)
            # Where the reference is too short for the order, what was made is no mistake.
            made += ours.total() if theirs else 0
            wanted += theirs.total()
            same += (ours & theirs).total()
        if made and wanted:
            precisions.append(same / made)
            recalls.append(same / wanted)
    if not any(precisions):
        return 0.0
    precision, recall = fmean(precisions), fmean(recalls)
    return 100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)


def _grams(text: str, n: int) -> Counter[str]:
    plain = "".join(text.split())
    return Counter(plain[i : i + n] for i in range(len(plain) - n + 1))


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
