"""How well likely duplicates are found, by precision and recall, against plainer rules.

Nobody has labelled duplicates in the data at hand, so pairs are derived, mechanically and from a
fixed seed:

- *relisted*: names of the demonstration's offers and, with KERBEN_SHARED_DATA, the tender lines and
  shop titles of handmade_terms and the customs wordings. Each is written anew as sellers do it: its
  parts in another order, capitals, sales words, a word left out, two letters swapped. A name and its
  rewriting are the same goods. Not the same are a name and itself with one of its numbers changed
  (another size or model: the hard ones), and any two names of different goods.
- *translated*: the same goods by two sellers in two languages: the shop titles of handmade_terms in
  English and Chinese, the goods of the Nice classification in English and Chinese, and the presets of
  OpenStreetMap in Russian and Chinese. Rows say which texts name the same; every other pair of a set
  is not, though the classification has near synonyms, which count as wrong.

Codes, prices and pictures are left out: the data have none, and with them it would be easier. The
points of `api.rules.duplicates` were set on the even rows; what is printed is of the odd ones.
Baselines: equal texts (case and spaces aside; the same as equal GTINs would find of these); trigrams
as pg_trgm counts them; and vectors alone. The latter two get the threshold that suits them best on
the very rows that are printed, which ours does not.
"""

import argparse
import csv
import math
import os
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from api.core import logs
from api.matching import likeness
from api.matching.likeness import Said
from api.matching.text.language import Language
from api.rules.duplicates import Goods, compare

ROWS = 400
HALF = 1
"""Which rows are printed: the odd ones; 0 for those that the points were set on."""
_DEMO = Path(__file__).parents[1] / "api" / "demo"
_SALES = {
    Language.RU: ("оптом", "со склада", "новинка"),
    Language.EN: ("wholesale", "factory direct", "hot sale"),
    Language.ZH: ("厂家直销", "批发", "现货"),
    Language.KY: ("дүңүнөн",),
}
_DIGITS = re.compile(r"\d+")


class Text(NamedTuple):
    """A name in a language."""

    language: Language
    name: str


class Pair(NamedTuple):
    """Places of two names, and whether they name the same goods."""

    one: int
    other: int
    same: bool


@dataclass
class Made:
    """Names and the pairs of them that are judged."""

    title: str
    texts: list[Text]
    pairs: list[Pair]


def main() -> None:
    """Derive the pairs and print what each rule finds of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="of each list at most")
    rows = parser.parse_args().rows
    logs.configure("ERROR", "console")
    table = Table("set", "pairs", "same", "rule", "precision", "recall", "F1")
    for made in sets(rows):
        said = likeness.said([{text.language: text.name} for text in made.texts])
        ours = [judged(said, pair) for pair in made.pairs]
        meaning = [likeness.near(said[p.one], said[p.other]).meaning for p in made.pairs]
        alike = [trigrams(made.texts[p.one].name, made.texts[p.other].name) for p in made.pairs]
        equal = [bare(made.texts[p.one].name) == bare(made.texts[p.other].name) for p in made.pairs]
        truth = [pair.same for pair in made.pairs]
        figures = {
            "equal texts": scored(truth, equal),
            "trigrams, best threshold": best(truth, alike),
            "vectors alone, best threshold": best(truth, meaning),
            "Kerben": scored(truth, ours),
        }
        for rule, found in figures.items():
            counts = [str(len(truth)), str(sum(truth))] if rule == "equal texts" else ["", ""]
            shown = made.title if rule == "equal texts" else ""
            table.add_row(shown, *counts, rule, *(_said(each) for each in found))
    Console(width=120).print(table)


def sets(rows: int) -> Iterator[Made]:
    """The sets of pairs, of the data that are there."""
    randomly = random.Random(20261128)
    yield relisted(bases()[HALF::2][:rows], randomly)
    for title, file, one, other in (
        ("translated: shop titles", "handmade_terms", "en_title", "zh_title"),
        ("translated: Nice goods", "nice_goods_en_zh", "en", "zh"),
        ("translated: map presets", "osm_presets_ru_en_zh", "ru", "zh"),
    ):
        read = [row for row in shared(file) if row[one] and row[other]][HALF::2]
        if read:
            chosen = read if len(read) <= rows else randomly.sample(read, rows)
            yield translated(title, chosen, one, other)


def bases() -> list[Text]:
    """Names of goods as sellers and buyers write them, each once."""
    found = []
    for path in sorted(_DEMO.glob("offers_*.csv")):
        with path.open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                found += [Text(each, row[f"name_{each}"]) for each in Language]
    for row in shared("handmade_terms"):
        found += [
            Text(Language.RU, row["ru_tender"]),
            Text(Language.EN, row["en_title"]),
            Text(Language.ZH, row["zh_title"]),
        ]
    found += [Text(Language.RU, row["text"]) for row in shared("customs_declarations_ru")]
    return [*dict.fromkeys(text for text in found if text.name)]


def shared(name: str) -> list[dict[str, str]]:
    """A list of the shared evaluation data; nothing where there are none."""
    folder = os.environ.get("KERBEN_SHARED_DATA")
    path = Path(folder or ".") / "matching" / "dev" / f"{name}.tsv"
    if not folder or not path.exists():
        return []
    with path.open(encoding="utf-8") as lines:
        return [*csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


def relisted(named: Sequence[Text], randomly: random.Random) -> Made:
    """Each name, its rewriting, and it with another number; the first are compared with all."""
    texts, pairs = [*named], []
    for place, text in enumerate(named):
        pairs.append(Pair(place, len(texts), True))
        texts.append(rewritten(text, randomly))
        if (resized := with_another_number(text, randomly)) is not None:
            pairs.append(Pair(place, len(texts), False))
            texts.append(resized)
    pairs += [
        Pair(one, other, False)
        for one in range(len(named))
        for other in range(one + 1, len(named))
        if named[one].language is named[other].language
    ]
    return Made("relisted by one seller", texts, pairs)


def rewritten(text: Text, randomly: random.Random) -> Text:
    """The same goods as somebody writes them anew; numbers stay."""
    words = text.name.split()
    if len(words) > 3:
        cut = randomly.randrange(1, len(words))
        words = [*words[cut:], *words[:cut]] if randomly.random() < 0.5 else words
        plain = [i for i, word in enumerate(words) if word.isalpha()]
        if plain and randomly.random() < 0.5:
            del words[randomly.choice(plain)]
        long = [i for i, word in enumerate(words) if word.isalpha() and len(word) > 5]
        if long and text.language is not Language.ZH and randomly.random() < 0.5:
            place = randomly.choice(long)
            word, at = words[place], randomly.randrange(1, len(words[place]) - 2)
            words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    said = " ".join(words)
    if randomly.random() < 0.3:
        said = said.title()
    sales = randomly.choice(_SALES[text.language])
    return Text(text.language, f"{said} {sales}" if randomly.random() < 0.5 else f"{sales} {said}")


def with_another_number(text: Text, randomly: random.Random) -> Text | None:
    """The same wording of another size or model; None where there is no number."""
    numbers = [*_DIGITS.finditer(text.name)]
    if not numbers:
        return None
    chosen = randomly.choice(numbers)
    other = str(int(chosen[0]) * 2 + 1)
    return Text(text.language, text.name[: chosen.start()] + other + text.name[chosen.end() :])


def translated(title: str, rows: Sequence[dict[str, str]], one: str, other: str) -> Made:
    """Every name in one language with every name in the other."""
    languages = [Language(column.partition("_")[0]) for column in (one, other)]
    texts = [Text(languages[0], row[one]) for row in rows]
    texts += [Text(languages[1], row[other]) for row in rows]
    size = len(rows)
    pairs = [Pair(i, size + j, i == j) for i in range(size) for j in range(size)]
    return Made(title, texts, pairs)


def judged(said: Sequence[Said], pair: Pair) -> bool:
    """What the rule says of two names."""
    return compare(Goods(), Goods(), likeness.near(said[pair.one], said[pair.other])).likely


def bare(text: str) -> str:
    """Without case and spaces."""
    return "".join(text.casefold().split())


def trigrams(one: str, other: str) -> float:
    """As `similarity` of pg_trgm."""
    mine, theirs = _trigrams(one), _trigrams(other)
    return len(mine & theirs) / max(1, len(mine | theirs))


def _trigrams(text: str) -> set[str]:
    words = [f"  {word} " for word in re.findall(r"\w+", text.casefold())]
    return {word[i : i + 3] for word in words for i in range(len(word) - 2)}


def scored(truth: Sequence[bool], found: Sequence[bool]) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean."""
    right = sum(a and b for a, b in zip(truth, found, strict=True))
    return _figures(right, sum(found), sum(truth))


def best(truth: Sequence[bool], values: Sequence[float]) -> tuple[float, float, float]:
    """The figures at the threshold with the best mean."""
    ranked = sorted(zip(values, truth, strict=True), reverse=True)
    told, right = (0.0, 0.0, 0.0), 0
    for number, (value, same) in enumerate(ranked, start=1):
        right += same
        if number == len(ranked) or ranked[number][0] < value:
            told = max(told, _figures(right, number, sum(truth)), key=lambda each: each[2])
    return told


def _said(figure: float) -> str:
    return "none found" if math.isnan(figure) else f"{figure:.3f}"


def _figures(right: int, found: int, there: int) -> tuple[float, float, float]:
    return (
        right / found if found else math.nan,
        right / there if there else math.nan,
        2 * right / max(1, found + there),
    )


if __name__ == "__main__":
    main()
