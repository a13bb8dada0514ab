"""The terms of a text for exact search: stems, codes and concepts, each one once."""

import math
from collections.abc import Iterator
from functools import lru_cache

from api.matching.text import chinese, glossary, normalise, segments, wordlists
from api.matching.text.glossary import Glossary
from api.matching.text.language import Language
from api.matching.text.words import stem, words

_STOP = {Language.RU: wordlists.RUSSIAN_STOP, Language.EN: wordlists.ENGLISH_STOP}
# One thing asked for: the sets of terms any one of which says it.
type Facet = frozenset[frozenset[str]]
# How much a concept of a text is what the text offers or asks for.
_MAIN, _PART, _ASIDE = 1.0, 0.6, 0.3
# What a concept is a kind of says less than the concept itself.
_KIND = 0.5


def terms(text: str, language: Language) -> frozenset[str]:
    """`w:` stems, `x:` exact tokens, `c:` concepts of `text`.

    A set: repeating a word gains nothing.
    """
    return _terms(glossary.default(), text, language)


@lru_cache(maxsize=8192)
def _terms(known: Glossary, text: str, language: Language) -> frozenset[str]:
    return frozenset(
        [f"w:{word}" for word in _stems(known, text, language)]
        + [f"x:{token}" for token in normalise.exact_tokens(text)]
        + [f"c:{found}" for found, _ in _concept_items(known, text, language)]
    )


def facets(text: str, language: Language, into: Language) -> tuple[Facet, ...]:
    """What a request `text` asks for, as an offer in the language `into` may word it.

    A concept is one facet whose variants are its wordings there; any other word that both
    languages could share and every exact token is a facet of one variant.
    """
    return _facets(glossary.default(), text, language, into)


@lru_cache(maxsize=8192)
def _facets(known: Glossary, text: str, language: Language, into: Language) -> tuple[Facet, ...]:
    found: dict[Facet, None] = {}
    covered: set[str] = set()
    spans: dict[tuple[int, int], list[str]] = {}
    for mention in known.concepts(text, language):
        spans.setdefault((mention.start, mention.end), []).append(mention.concept_id)
    for (start, end), concept_ids in spans.items():
        surface = frozenset(f"w:{word}" for word in _stems(known, text[start:end], language))
        covered |= surface
        variants = [frozenset({f"c:{concept_id}"}) for concept_id in concept_ids]
        for concept_id in concept_ids:
            for term in known.gloss(concept_id).terms(into):
                variants.append(frozenset(f"w:{word}" for word in _stems(known, term, into)))
        found[frozenset(variant for variant in [surface, *variants] if variant)] = None
    own = {term for term in _terms(known, text, language) if not term.startswith("c:")} - covered
    if language is Language.KY and into is Language.RU:
        own |= {f"w:{word}" for word in _stems(known, known.to_russian(text).text, into)} - covered
    for term in sorted(own):
        found[frozenset({frozenset({term})})] = None
    return tuple(found)


@lru_cache(maxsize=8192)
def _concept_items(known: Glossary, text: str, language: Language) -> tuple[tuple[str, float], ...]:
    weights: dict[str, float] = {}

    def take(part: str, last: float, other: float) -> None:
        mentions = known.concepts(part, language)
        # The head noun stands last, except in Russian, where what follows narrows it.
        ends = max((mention.end for mention in mentions), default=0)
        first = min((mention.start for mention in mentions), default=0)
        for mention in mentions:
            at_head = mention.start == first if language is Language.RU else mention.end == ends
            # A bridge is less of "painted steel bridge" than of "bridge".
            share = math.sqrt((mention.end - mention.start) / max(1, len(part)))
            weight = (last if at_head else other) * share
            weights[mention.concept_id] = max(weights.get(mention.concept_id, 0.0), weight)
            for kind in known.kinds(mention.concept_id):
                weights[kind] = max(weights.get(kind, 0.0), _KIND * weight)

    take(segments.product_noun(text, language), _MAIN, _PART)
    for part in segments.segments(text, language):
        take(part, _PART, _ASIDE)
    take(text, _ASIDE, _ASIDE)
    return tuple(weights.items())


def concept_weights(text: str, language: Language) -> dict[str, float]:
    """Concept id -> how central to `text` it is: 1 for the head of the product noun."""
    return dict(_concept_items(glossary.default(), text, language))


def _stems(known: Glossary, text: str, language: Language) -> Iterator[str]:
    text = normalise.without_exact(normalise.normalise(text, language))
    for word in words(text):
        folded = word.folded
        if not any(letter.isalpha() for letter in folded) or len(folded) < 2:
            continue
        if language is Language.KY:
            if folded not in wordlists.KYRGYZ_FUNCTION:
                yield known.stemmer.stems(folded)[0]
        elif language is Language.ZH or folded.isascii():
            if folded not in wordlists.ENGLISH_STOP:
                yield stem(folded, Language.EN)
        elif folded not in _STOP[language]:
            yield stem(folded, Language.RU)
    if language is Language.ZH:
        for run in chinese.HAN.findall(text):
            yield from (word for word in chinese.search_words(run) if len(word) > 1)
            yield from (run[place : place + 2] for place in range(max(1, len(run) - 1)))
