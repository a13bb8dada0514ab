"""Words of a search that neither the catalogue nor the glossary knows, and what is near to them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlmodel import Session

from api.matching import candidates, index
from api.matching.text import glossary, lexical
from api.matching.text.glossary import Glossary
from api.matching.text.language import Language
from api.matching.text.words import words

_SHORTEST = 4
# One letter of four, two of eight: a swapped pair counts as one.
_LIKENESS = 0.74
_MOST = 5


class Spelt(NamedTuple):
    """A text with its misspelt words put right, and which words these were."""

    text: str
    changes: Mapping[str, str]


def corrected(session: Session, text: str, language: Language) -> Spelt:
    """`text` with each unknown word replaced by the known one of nearly the same letters, if any.

    Chinese stays as it is. A word that is known to no offer and to no glossary may be right: the
    answer says what was changed, and a search can be told to take the words as they are.
    """
    if language is Language.ZH:
        return Spelt(text, {})
    said = [text[word.start : word.end] for word in words(text)]
    terms = {
        word: lexical.terms(word, language)
        for word in said
        if len(word) >= _SHORTEST and word.isalpha()
    }
    known, _ = index.frequencies(session, {term for each in terms.values() for term in each})
    unknown = [
        word
        for word, own in terms.items()
        if own and known.keys().isdisjoint(own) and not _in_glossary(word, language)
    ][:_MOST]
    stems = {word: next(iter(terms[word]))[2:] for word in unknown}
    offered = [term[2:] for term, *_ in candidates.like_words(session, list(stems.values()))]
    changes = {
        word: near
        for word in unknown
        if (near := _nearest(word.casefold(), stems[word], offered, language)) is not None
    }
    parts, end = [], 0
    for place in words(text):
        word = text[place.start : place.end]
        parts += [text[end : place.start], changes.get(word, word)]
        end = place.end
    return Spelt("".join([*parts, text[end:]]), changes)


def _in_glossary(word: str, language: Language) -> bool:
    known = glossary.default()
    return word.casefold() in _vocabulary(known, language) or bool(known.concepts(word, language))


def _nearest(word: str, stem: str, offered: Sequence[str], language: Language) -> str | None:
    """The most alike; of several the one of the same letters, then of the same length, then a
    whole word of the glossary before a stem of the catalogue.
    """
    found: list[tuple[float, bool, bool, bool, str]] = []
    for said, choices, whole in (
        (word, _vocabulary(glossary.default(), language), True),
        (stem, offered, False),
    ):
        near = process.extract(
            said, choices, scorer=OSA.normalized_similarity, score_cutoff=_LIKENESS, limit=_MOST
        )
        for choice, likeness, _ in near:
            same = sorted(choice) == sorted(said)
            found.append((likeness, same, len(choice) == len(said), whole, choice))
    return max(found)[-1] if found else None


@lru_cache(maxsize=8)
def _vocabulary(known: Glossary, language: Language) -> dict[str, str]:
    """The glossary's words of a language, each by itself."""
    terms = (term for each in known.concepts_by_id.values() for term in each.terms(language))
    found = {term[word.start : word.end].casefold() for term in terms for word in words(term)}
    return {word: word for word in sorted(found) if len(word) >= _SHORTEST}
