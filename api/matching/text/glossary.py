"""Concepts that carry one name in Kyrgyz, Russian, English and Chinese."""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from api.matching.text import kyrgyz, normalise, wordlists
from api.matching.text.kyrgyz import Stemmer
from api.matching.text.language import Language
from api.matching.text.matcher import ChineseIndex, Span, WordIndex
from api.matching.text.words import Word, words

_BUYING = re.compile(rf"(?<!\w)(?:{wordlists.KYRGYZ_BUYING})(?!\w)", re.IGNORECASE)

_REMEMBERED = 8192


class GlossaryError(Exception):
    """A glossary file that cannot be read: the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One row: each language's wordings, the usual one first (empty when it has none)."""

    id: str
    ky: tuple[str, ...] = ()
    ru: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()

    def terms(self, language: Language) -> tuple[str, ...]:
        return {"ky": self.ky, "ru": self.ru, "en": self.en, "zh": self.zh}[language.value]


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept found in a text at [start, end)."""

    concept_id: str
    surface: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Translation:
    """Russian for a Kyrgyz text: which words gave what, and which words nobody knew."""

    text: str
    pairs: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(eq=False)
class Glossary:
    """The concepts of a folder of tables, and the indexes that find them in text.

    `stemmer` reads Kyrgyz word forms, here and in the terms of a text.
    """

    concepts_by_id: dict[str, Concept] = field(default_factory=dict)
    stemmer: Stemmer = kyrgyz

    def __post_init__(self) -> None:
        self._indexes: dict[Language, WordIndex | ChineseIndex] = {
            language: WordIndex(language, self.stemmer)
            for language in Language
            if language is not Language.ZH
        }
        self._indexes[Language.ZH] = ChineseIndex()
        self._kinds: dict[str, tuple[str, ...]] = {}
        self._found: dict[tuple[str, Language, bool], tuple[Span, ...]] = {}
        self._russian_words: set[str] = set()
        for concept in self.concepts_by_id.values():
            for language, index in self._indexes.items():
                for rank, term in enumerate(concept.terms(language)):
                    index.add(term, concept.id, rank)
            self._russian_words.update(word.folded for term in concept.ru for word in words(term))

        self._russian_beginnings = {
            word[:length] for word in self._russian_words for length in range(5, len(word))
        }

    @classmethod
    def load(cls, folder: Path, *, without: str | None = None) -> "Glossary":
        """Read every `*.tsv` of `folder` (header `ky ru en zh`, variants apart by `|`), one left out.

        Raises GlossaryError for a file with another header or a row of another width.
        """
        paths = [path for path in sorted(folder.glob("*.tsv")) if path.name != without]
        return cls.of(row for path in paths for row in _rows(path))

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, str, str]]) -> "Glossary":
        """A glossary of rows `(ky, ru, en, zh)`; rows of one identity are merged."""
        merged: dict[str, tuple[dict[str, None], ...]] = {}
        for row in rows:
            cells = [_variants(cell) for cell in row]
            if not any(cells):
                continue
            into = merged.setdefault(_identity(cells), ({}, {}, {}, {}))
            for known, variants in zip(into, cells, strict=True):
                known.update(dict.fromkeys(variants))
        return cls({key: Concept(key, *map(tuple, cells)) for key, cells in merged.items()})

    def __len__(self) -> int:
        return len(self.concepts_by_id)

    def gloss(self, concept_id: str) -> Concept:
        """The concept of an id; KeyError when there is none."""
        return self.concepts_by_id[concept_id]

    def concepts(self, text: str, language: Language) -> list[Mention]:
        """The concepts `text` names, longest wording first at each place, in order of place.

        Several concepts may share a wording; each is then mentioned.
        """
        if language is Language.ZH:
            text = _same_length(text)
        return [
            Mention(concept_id, text[span.start : span.end], span.start, span.end)
            for span in self._spans(text, language)
            for concept_id in span.concepts
        ]

    def _spans(self, text: str, language: Language, *, derived: bool = False) -> tuple[Span, ...]:
        """The wordings of a text, found once: its noun is translated into several languages."""
        key = (text, language, derived)
        if key not in self._found:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[key] = tuple(self._indexes[language].find(text, derived=derived))
        return self._found[key]

    def kinds(self, concept_id: str) -> tuple[str, ...]:
        """Ids of the concepts that one is a kind of, by its usual names (steel bridge: bridge).

        Russian is left out: there the head may stand first or last.
        """
        if concept_id not in self._kinds:
            concept = self.concepts_by_id[concept_id]
            found = [
                kind
                for language in (Language.EN, Language.KY, Language.ZH)
                for term in concept.terms(language)[:1]
                for kind in self._indexes[language].heads(term)[:1]
            ]
            self._kinds[concept_id] = tuple(dict.fromkeys(k for k in found if k != concept_id))
        return self._kinds[concept_id]

    def to_russian(self, text: str) -> Translation:
        """A Kyrgyz `text` word by word in Russian: phrases first, then words by their stems.

        Loanwords, numbers and codes stay; function and buying words go; order stays as it was.
        """
        return self._translated(_BUYING.sub(" ", text), Language.KY, Language.RU)

    def wordings(self, text: str, language: Language, into: Language) -> Translation:
        """The concepts of `text` by their usual names in another language, the rest left out."""
        return self._translated(text, language, into)

    def _translated(self, text: str, language: Language, into: Language) -> Translation:
        keep = language is Language.KY and into is Language.RU
        spans = {span.start: span for span in self._spans(text, language, derived=keep)}
        parts: list[str] = []
        pairs: list[tuple[str, str]] = []
        unknown: list[str] = []
        covered = 0
        for word in words(text):
            if word.start < covered:
                continue
            span = spans.get(word.start)
            surface = text[span.start : span.end] if span else ""
            named = self._named(span, surface, into, keep) if span else ""
            if span and named:
                covered = span.end
                pairs.append((surface, named))
                parts.append(named)
                continue
            kept = self._kept(word) if keep else None
            if kept is None:
                unknown.append(word.text)
            elif kept:
                parts.append(kept)
                if kept != word.text:
                    pairs.append((word.text, kept))
        joined = ("" if into is Language.ZH else " ").join(parts)
        return Translation(joined, tuple(pairs), tuple(unknown))

    def _named(self, span: Span, surface: str, into: Language, loans: bool) -> str:
        """The usual name of a span's concept; a loan stays the word that it is in both."""
        named = (self.concepts_by_id[concept_id].terms(into) for concept_id in span.concepts)
        usual = next((terms[0] for terms in named if terms), "")
        parts = usual.casefold().split()
        if loans and len(parts) > 1 and " " not in surface:
            stems = self.stemmer.inflections(surface.casefold())
            return next((stem for stem in stems if stem in parts), usual)
        return usual

    def _kept(self, word: Word) -> str | None:
        """What stands for a word outside the glossary: "" for nothing, None when unknown."""
        folded = word.folded
        if folded in wordlists.KYRGYZ_FUNCTION:
            return ""
        if any(letter.isdigit() for letter in folded) or folded.isascii():
            return word.text
        candidates = self.stemmer.stems(folded)
        for candidate in (folded, *candidates):
            for spelled in (candidate, candidate + "ь", candidate + "а", candidate + "я"):
                if spelled in self._russian_words:
                    return spelled
        for candidate in sorted((folded, *candidates), key=len, reverse=True):
            if candidate in self._russian_beginnings:
                return candidate
        stripped = self.stemmer.loan(folded)
        return stripped if kyrgyz.is_loan(stripped) else None


_instead: ContextVar[Glossary | None] = ContextVar("glossary", default=None)


def default() -> Glossary:
    """The glossary that texts are matched with: what ships, but for the terms of buying itself."""
    # An empty glossary is one too.
    return shipped() if (known := _instead.get()) is None else known


@contextmanager
def using(known: Glossary) -> Iterator[None]:
    """Read texts with another glossary meanwhile: what a part of it is worth is measured so."""
    token = _instead.set(known)
    try:
        yield
    finally:
        _instead.reset(token)


@cache
def whole() -> Glossary:
    """The glossary of the package, with the terms of buying itself."""
    with resources.as_file(resources.files("api") / "reference" / "glossary") as folder:
        return Glossary.load(folder)


@cache
def shipped() -> Glossary:
    """What of it matching reads: names of acts and papers tell no goods apart, and with them the
    recall of bare nouns falls."""
    with resources.as_file(resources.files("api") / "reference" / "glossary") as folder:
        return Glossary.load(folder, without="procurement.tsv")


def _rows(path: Path) -> Iterable[tuple[str, str, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        header = next(reader, None)
        if header != ["ky", "ru", "en", "zh"]:
            raise GlossaryError(f"{path.name}: the header is {header}, not ky ru en zh.")
        for row in reader:
            if not row:
                continue
            if len(row) != 4:
                raise GlossaryError(f"{path.name}, line {reader.line_num}: {len(row)} cells.")
            yield row[0], row[1], row[2], row[3]


def _variants(cell: str) -> Sequence[str]:
    return [clean for variant in cell.split("|") if (clean := " ".join(variant.split()))]


def _identity(cells: Sequence[Sequence[str]]) -> str:
    """Stable while rows come and go: a hash of the first Kyrgyz and the first Russian wording."""
    first = "\t".join(cell[0].casefold() if cell else "" for cell in cells[:2])
    if not first.strip():
        first = "\t".join(cell[0].casefold() if cell else "" for cell in cells)
    return hashlib.sha256(first.encode()).hexdigest()[:10]


def _same_length(text: str) -> str:
    """`text` in simplified characters, unless that would move the places of its letters."""
    plain = normalise.simplified(text)
    return plain if len(plain) == len(text) else text
