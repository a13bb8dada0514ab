"""The engine that needs no network: the project's glossary, term by term.

It has no grammar: terms stand in the order of the source, in their dictionary form. It is good for
names of goods, which are mostly terms, and says of each text what share of its words it knew.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, Decimal
from functools import cached_property
from typing import NamedTuple

from api.core import settings
from api.matching.text import chinese, glossary, normalise, wordlists
from api.matching.text.glossary import Glossary
from api.matching.text.language import Language
from api.matching.text.words import words
from api.translation.port import Reason, Rendering

THOUSANDTH = Decimal("0.001")
_PARTICLES = frozenset("的和与及或等用之并式型款")
_NEGATIONS = {
    Language.KY: frozenset({"жок", "эмес"}),
    Language.RU: frozenset({"не", "без", "нет", "ни", "кроме"}),
    Language.EN: frozenset({"not", "no", "without", "except", "non", "than"}),
    Language.ZH: frozenset("无不非免未没除"),
}
_WITHOUT = {
    Language.KY: re.compile(r"\w{2,}(?:сыз|сиз|суз|сүз)"),
    Language.EN: re.compile(r"\w{3,}(?:less|-free)"),
}
"""Words that say "without" by their ending, which a stemmer takes away."""
_PAUSE = re.compile(r"[,;，；、]")


class _Token(NamedTuple):
    """A stretch of the source: what stands for it, and its weight in the coverage."""

    start: int
    end: int
    shown: str
    weight: int = 0
    known: bool = True


class TermByTerm:
    """Renders texts by the glossary; below the least coverage it leaves them out."""

    name = "glossary"

    def __init__(self, known: Glossary | None = None, least: Decimal | None = None) -> None:
        """`known` is the glossary that ships; `least` as in the settings."""
        self._glossary = glossary.whole() if known is None else known
        self._least = settings.get().translation_min_coverage if least is None else least

    @cached_property
    def version(self) -> str:
        """A hash of the glossary's wordings."""
        rows = sorted(
            f"{c.id}\t{c.ky}\t{c.ru}\t{c.en}\t{c.zh}"
            for c in self._glossary.concepts_by_id.values()
        )
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]

    def translate(
        self, texts: Sequence[str], source: Language, into: Language
    ) -> Sequence[Rendering]:
        """A rendering for each text, in their order."""
        return [self.render(text, source, into) for text in texts]

    def render(self, text: str, source: Language, into: Language) -> Rendering:
        """The text term by term, or why not: too few words known, or one that says "not"."""
        plain = normalise.simplified(text) if source is Language.ZH else text
        tokens = sorted(self._tokens(plain, source, into))
        weight = sum(token.weight for token in tokens)
        known = sum(token.weight for token in tokens if token.known)
        share = Decimal(known) / weight if weight else Decimal(1)
        coverage = share.quantize(THOUSANDTH, ROUND_DOWN)
        if share < self._least:
            return Rendering(None, coverage, Reason.LOW_COVERAGE)
        if self._negated(plain, source, tokens):
            return Rendering(None, coverage, Reason.NEGATED)
        shown = _joined(plain, [t for t in tokens if not _dropped(t, source)], into)
        return Rendering(shown or None, coverage, None if shown else Reason.LOW_COVERAGE)

    def _negated(self, text: str, source: Language, tokens: Sequence[_Token]) -> bool:
        """Whether the text says "not" outside of terms: чайник не электрический, кантсыз суу."""
        without = _WITHOUT.get(source)
        if without and any(
            without.match(word.folded) and word.folded not in self._whole_words[source]
            for word in words(text)
        ):
            return True
        outside = [t.shown.casefold() for t in tokens if not t.known or not t.weight]
        if source is Language.ZH:
            return any(sign in piece for piece in outside for sign in _NEGATIONS[source])
        return any(piece in _NEGATIONS[source] for piece in outside)

    @cached_property
    def _whole_words(self) -> dict[Language, frozenset[str]]:
        """The words of terms as they are written, by language: stainless, кургаксыз."""
        concepts = self._glossary.concepts_by_id.values()
        return {
            language: frozenset(
                word.folded
                for each in concepts
                for term in each.terms(language)
                for word in words(term)
            )
            for language in _WITHOUT
        }

    def _tokens(self, text: str, source: Language, into: Language) -> Iterator[_Token]:
        taken: list[tuple[int, int]] = []
        for start, end, term in self.terms(text, source, into):
            surface = text[start:end]
            parts = len(surface) if source is Language.ZH else len([*words(surface)])
            taken.append((start, end))
            yield _Token(start, end, term, max(1, parts))
        for word in words(text):
            if not _within(word.start, taken):
                yield _word(word.text, word.start, word.end, source)
        if source is Language.ZH:
            yield from _unknown_chinese(text, taken)

    def terms(self, text: str, source: Language, into: Language) -> Iterator[tuple[int, int, str]]:
        """The places of the glossary's terms in a text, each with its usual name in the other."""
        named: dict[tuple[int, int], str] = {}
        for mention in self._glossary.concepts(text, source):
            place = (mention.start, mention.end)
            wordings = self._glossary.gloss(mention.concept_id).terms(into)
            if wordings and place not in named:
                named[place] = wordings[0]
        for (start, end), term in named.items():
            yield start, end, term


def _word(text: str, start: int, end: int, source: Language) -> _Token:
    """A word that is no term: codes, numbers and names stay, and say nothing of the coverage."""
    folded = text.casefold()
    code = any(letter.isdigit() for letter in folded)
    if code or (folded.isascii() and source is not Language.EN):
        return _Token(start, end, text)
    if folded in wordlists.FUNCTION[source]:
        return _Token(start, end, text)
    return _Token(start, end, text, 1, known=False)


def _unknown_chinese(text: str, taken: Sequence[tuple[int, int]]) -> Iterator[_Token]:
    for run in chinese.HAN.finditer(text):
        free = run.start()
        for place in range(run.start(), run.end() + 1):
            if place == run.end() or _within(place, taken):
                if free < place:
                    yield from _cut(text[free:place], free)
                free = place + 1


def _cut(run: str, start: int) -> Iterator[_Token]:
    for piece in chinese.cut(run):
        weight = 0 if piece in _PARTICLES else len(piece)
        yield _Token(start, start + len(piece), piece, weight, known=not weight)
        start += len(piece)


def _dropped(token: _Token, source: Language) -> bool:
    """Function words, which the other language places by its own grammar."""
    if token.weight:
        return False
    folded = token.shown.casefold()
    return folded in wordlists.FUNCTION[source] or folded in _PARTICLES


def _joined(text: str, tokens: Sequence[_Token], into: Language) -> str:
    shown, end = "", 0
    for token in tokens:
        if shown:
            if _PAUSE.search(text[end : token.start]):
                shown += "，" if into is Language.ZH else ", "
            elif not (chinese.HAN.match(shown[-1]) and chinese.HAN.match(token.shown)):
                shown += " "
        shown, end = shown + token.shown, token.end
    return shown[:1].upper() + shown[1:]


def _within(place: int, taken: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in taken)
