"""How near the names of two products are: in meaning by their vectors, in words by their letters."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.matching import vectors
from api.matching.text import chinese, normalise, views
from api.matching.text.language import Language
from api.rules.duplicates import Nearness, shared

KINDS = ("noun", "title")
"""Views of an offer that are compared."""
# Measured on the even rows of benchmarks/bench_duplicates.py: between two languages a title says
# three times as much as its noun, within one the noun says nothing more.
_NOUN = 0.25
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in one language: its pieces of two or three letters, and its numbers."""

    pieces: frozenset[str]
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Said:
    """Names of a product worked out: vectors of its nouns and of its titles (n, 512); by language
    its letters; `measures` are its sizes, models and standards, spelt as in any language."""

    nouns: NDArray[np.float32]
    titles: NDArray[np.float32]
    names: Mapping[Language, Name]
    measures: frozenset[str]


def said(named: Sequence[Mapping[Language, str]]) -> list[Said]:
    """The names of products, by language, embedded all in one go."""
    own = [[v for v in views.offer_views(names, {}) if v.kind in KINDS] for names in named]
    flat = vectors.encode([view.text for each in own for view in each])
    found, start = [], 0
    for names, each in zip(named, own, strict=True):
        kinds = [view.kind for view in each]
        found.append(of_vectors(names, kinds, flat[start : start + len(each)]))
        start += len(each)
    return found


def of_vectors(
    names: Mapping[Language, str], kinds: Sequence[str], embedded: NDArray[np.float32]
) -> Said:
    """The names of a product whose views are embedded already: (n, 512) with their kinds.

    A name that is a bare noun is no view of its own as a title, and the other way round.
    """
    nouns = [place for place, kind in enumerate(kinds) if kind == "noun"]
    titles = [place for place, kind in enumerate(kinds) if kind == "title"]
    return Said(
        nouns=embedded[nouns or titles],
        titles=embedded[titles or nouns],
        names={language: _name(name, language) for language, name in names.items()},
        measures=frozenset[str]().union(*(normalise.exact_tokens(n) for n in names.values())),
    )


def near(one: Said, other: Said) -> Nearness:
    """How near two products are by their names, in the language in which both say most alike."""
    titles = _best(one.titles, other.titles)
    both = [(one.names[each], other.names[each]) for each in one.names if each in other.names]
    if not both:
        meaning = _NOUN * _best(one.nouns, other.nouns) + (1 - _NOUN) * titles
        return Nearness(meaning, None, one.measures, other.measures)
    words, mine, theirs = max(
        ((shared(a.pieces, b.pieces), a, b) for a, b in both), key=lambda each: each[0]
    )
    return Nearness(titles, words, mine.numbers, theirs.numbers)


def _name(name: str, language: Language) -> Name:
    text = normalise.normalise(name, language)
    return Name(frozenset(_pieces(text)), frozenset(_NUMBER.findall(text)))


def _pieces(text: str) -> Iterator[str]:
    """Three letters each of a word with its edges, as pg_trgm has them; two of Chinese."""
    for run in chinese.HAN.findall(text):
        yield from (run[place : place + 2] for place in range(max(1, len(run) - 1)))
    for word in _WORD.findall(chinese.HAN.sub(" ", text)):
        edged = f"  {word} "
        yield from (edged[place : place + 3] for place in range(len(edged) - 2))


def _best(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The cosine of the nearest of both; 0 where one has none."""
    return float((one @ other.T).max()) if len(one) and len(other) else 0.0
