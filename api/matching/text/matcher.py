"""Finding wordings in text: by stems where words have endings, by characters in Chinese."""

import bisect
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from api.matching.text import kyrgyz, wordlists
from api.matching.text.chinese import HAN
from api.matching.text.kyrgyz import Stemmer
from api.matching.text.language import Language
from api.matching.text.words import Word, stem, words

_KYRGYZ_LETTERS = re.compile(r"[ңөүҢӨҮ]")
_LONGEST = 6


class Span(NamedTuple):
    """A stretch of text and every concept it names."""

    start: int
    end: int
    concepts: tuple[str, ...]


class _Wording(NamedTuple):
    words: tuple[str, ...]
    rank: int
    concept_id: str


class WordIndex:
    """Wordings of one alphabetic language, found whatever endings their words have.

    Russian wordings are found in any order of their words: кирпич красный is красный кирпич.
    """

    def __init__(self, language: Language, stemmer: Stemmer = kyrgyz) -> None:
        """`stemmer` reads the forms of Kyrgyz words."""
        self._language = language
        self._stemmer = stemmer
        self._by_stem: dict[str, list[_Wording]] = defaultdict(list)
        self._by_typed: dict[str, list[_Wording]] = defaultdict(list)
        self._by_bag: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
        # A wording with a word that no wording has cannot be there: most places end at once.
        self._stems: set[str] = set()

    def add(self, term: str, concept_id: str, rank: int = 0) -> None:
        """Let `term` name a concept; of several it may name, the one of least rank is meant."""
        parts = tuple(word.text for word in self._words(term))
        if not parts or len(parts) > _LONGEST or all(map(self._skipped, parts)):
            return
        if self._language is not Language.KY:
            stems = [stem(part, self._language) for part in parts]
            self._stems.update(stems)
            bisect.insort(self._by_bag[self._ordered(stems)], (rank, concept_id))
            return
        # Kyrgyz writers join and part compounds at will: баш кийим, башкийим, баш-кийим.
        for spelled in {parts, ("".join(parts),)}:
            typed = tuple(map(kyrgyz.folded, spelled))
            for table, wording in ((self._by_stem, spelled), (self._by_typed, typed)):
                bisect.insort(
                    table[wording[0]],
                    _Wording(wording, rank, concept_id),
                    key=lambda each: (each.rank, each.concept_id),
                )

    def find(self, text: str, *, derived: bool = False) -> Iterator[Span]:
        """Wordings in `text`, the longest at each place; `derived`: also words made from them."""
        found = list(self._words(text))
        place = 0
        while place < len(found):
            length, concepts = self._longest(found, place, text, derived)
            if length:
                end = found[place + length - 1].end
                yield Span(found[place].start, end, tuple(dict.fromkeys(concepts)))
            place += max(1, length)

    def heads(self, wording: str) -> list[str]:
        """The concepts of the last word of a wording, which says what kind of thing it is."""
        parts = list(self._words(wording))
        return self._longest(parts[-1:], 0, wording, False)[1] if len(parts) > 1 else []

    def _words(self, text: str) -> Iterator[Word]:
        """Case-folded words; a hyphen joins in Kyrgyz and parts longer words elsewhere."""
        for word in words(text):
            if self._language is Language.KY:
                yield Word(word.folded.replace("-", ""), word.start, word.end)
            elif re.fullmatch(r"[^\W\d]{3,}(?:-[^\W\d]{3,})+", word.text):
                for match in re.finditer(r"[^-]+", word.text):
                    start = word.start + match.start()
                    yield Word(match[0].casefold(), start, start + len(match[0]))
            else:
                yield Word(word.folded, word.start, word.end)

    def _longest(
        self, found: list[Word], place: int, text: str, derived: bool
    ) -> tuple[int, list[str]]:
        if self._language is Language.KY:
            return self._kyrgyz(found, place, bool(_KYRGYZ_LETTERS.search(text)), derived)
        if self._skipped(found[place].text):
            return 0, []
        stems: list[str] = []
        for word in found[place : place + _LONGEST]:
            last = stem(word.text, self._language)
            if last not in self._stems:
                break
            stems.append(last)
        for length in range(len(stems), 0, -1):
            if ranked := self._by_bag.get(self._ordered(stems[:length])):
                return length, [concept_id for _, concept_id in ranked]
        return 0, []

    def _kyrgyz(
        self, found: list[Word], place: int, spelled: bool, derived: bool
    ) -> tuple[int, list[str]]:
        word = found[place].text
        if self._skipped(word):
            return 0, []
        best, concepts = self._wordings(found, place, word, spelled, derived)
        if best < 2 and place + 1 < len(found):
            joined = word + found[place + 1].text
            whole = [Word(joined, found[place].start, found[place + 1].end)]
            if (pair := self._wordings(whole, 0, joined, spelled, False))[0]:
                return 2, pair[1]
        return best, concepts

    def _wordings(
        self, found: list[Word], place: int, word: str, spelled: bool, derived: bool
    ) -> tuple[int, list[str]]:
        """The longest wordings that begin with a stem of `word`, and their length in words."""
        if not spelled and (exact := self._wordings(found, place, word, True, derived))[0]:
            # Тор may be meant as written: төр is only the second guess.
            return exact
        table = self._by_stem if spelled else self._by_typed
        candidates = self._stemmer.stems if derived else self._stemmer.inflections
        best, concepts, rank_of_best = 0, list[str](), 0
        # The word as written first: су is water before it is anything's stem.
        for rank, candidate in enumerate(dict.fromkeys((word, *candidates(word)))):
            for wording in table.get(candidate, ()):
                length = len(wording.words)
                if length < best or (length == best and rank > rank_of_best):
                    continue
                if not self._continues(found, place, wording.words, spelled):
                    continue
                if length > best:
                    concepts = []
                best, rank_of_best = length, rank
                concepts.append(wording.concept_id)
        return best, concepts

    def _continues(
        self, found: list[Word], place: int, wording: tuple[str, ...], spelled: bool
    ) -> bool:
        """Whether the words after `place` are the rest of `wording`, endings apart."""
        if place + len(wording) > len(found):
            return False
        for word, wanted in zip(found[place + 1 :], wording[1:], strict=False):
            have = set(self._stemmer.inflections(word.text))
            want = set(self._stemmer.inflections(wanted))
            if not spelled:
                have, want = set(map(kyrgyz.folded, have)), set(map(kyrgyz.folded, want))
            if not have & want:
                return False
        return True

    def _ordered(self, stems: list[str]) -> tuple[str, ...]:
        return tuple(sorted(stems) if self._language is Language.RU else stems)

    def _skipped(self, word: str) -> bool:
        return word in wordlists.FUNCTION[self._language]


class ChineseIndex:
    """Chinese wordings, found as the longest run of characters at each place."""

    def __init__(self) -> None:
        self._concepts: dict[str, list[tuple[int, str]]] = defaultdict(list)
        # The longest wording by its first character: most characters begin none.
        self._longest: dict[str, int] = defaultdict(int)

    def add(self, term: str, concept_id: str, rank: int = 0) -> None:
        """Let `term` name a concept; of several it may name, the one of least rank is meant."""
        term = term.casefold().replace(" ", "")
        if HAN.search(term):
            bisect.insort(self._concepts[term], (rank, concept_id))
            self._longest[term[0]] = max(self._longest[term[0]], len(term))

    def heads(self, wording: str) -> list[str]:
        """The concepts of the longest wording that ends another: 钢桥 is a 桥."""
        folded = wording.casefold()
        tails = (folded[start:] for start in range(1, len(folded)))
        tail = next((tail for tail in tails if tail in self._concepts), "")
        return [concept_id for _, concept_id in self._concepts.get(tail, ())]

    def find(self, text: str, *, derived: bool = False) -> Iterator[Span]:
        """Wordings in `text`; one of a single character counts only as the end of a phrase."""
        folded = text.casefold() if len(text.casefold()) == len(text) else text
        place = 0
        while place < len(folded):
            longest = self._longest.get(folded[place], 0)
            for length in range(min(longest, len(folded) - place), 0, -1):
                ranked = self._concepts.get(folded[place : place + length])
                if ranked and (length > 1 or _ends_phrase(folded, place + length)):
                    concepts = dict.fromkeys(concept_id for _, concept_id in ranked)
                    yield Span(place, place + length, tuple(concepts))
                    place += length
                    break
            else:
                place += 1


def _ends_phrase(text: str, place: int) -> bool:
    return place >= len(text) or not HAN.match(text[place])
