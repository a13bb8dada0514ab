"""Words of a text with their places, and the stem of a Russian or English word."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import snowballstemmer

from api.matching.text.language import Language

# Letters and digits in one run, hyphens and inner dots kept: Кара-Кече, АЦ-6.0.
_WORD = re.compile(r"[^\W_\u3400-\u9fff]+(?:[-'’.][^\W_\u3400-\u9fff]+)*")
_STEMMERS = {
    Language.RU: snowballstemmer.stemmer("russian"),
    Language.EN: snowballstemmer.stemmer("english"),
}


class Word(NamedTuple):
    """A word as written and its place in the text."""

    text: str
    start: int
    end: int

    @property
    def folded(self) -> str:
        return self.text.casefold()


def words(text: str) -> Iterator[Word]:
    """Every word of an alphabetic text, Chinese characters left out."""
    for match in _WORD.finditer(text):
        yield Word(match[0], match.start(), match.end())


@lru_cache(maxsize=65536)
def stem(word: str, language: Language) -> str:
    """The Snowball stem of a case-folded Russian or English `word`."""
    return str(_STEMMERS[language].stemWord(word.replace("ё", "е")))
