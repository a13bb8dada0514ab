"""The several short texts an offer or a request is embedded as, and how views meet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from api.matching.text import glossary, segments
from api.matching.text.language import Language

MOST_VIEWS = 12
_DESCRIPTION = 200


class View(NamedTuple):
    """A text to embed and what part of the whole it is."""

    kind: str
    text: str


def offer_views(names: Mapping[Language, str], descriptions: Mapping[Language, str]) -> list[View]:
    """Views of an offer, the most telling first, each text once, at most 12.

    Kinds: noun, title, head (the end of the noun phrase), concept (the glossary's wording of
    the product), segment, description.
    """
    views: list[View] = []
    nouns = {
        language: segments.product_noun(title, language) or title
        for language, title in names.items()
    }
    views += [View("noun", noun) for noun in nouns.values()]
    views += [View("title", title) for title in names.values()]
    for language, noun in nouns.items():
        views += [View("head", text) for text in segments.heads(noun, language)]
    for language, title in names.items():
        views += [View("concept", text) for text in concept_wordings(title, language)]
    for language, title in names.items():
        views += [View("segment", text) for text in segments.segments(title, language)]
    views += [View("description", text[:_DESCRIPTION]) for text in descriptions.values()]
    return _distinct(views)


def request_views(text: Mapping[Language, str], context: str = "") -> list[View]:
    """Views of a request line: its product noun, the line, the concept's wordings.

    Kyrgyz goes in as Russian, word by word; its own wording only when that left words over.
    `context` is what the lot or tender says of it.
    """
    views: list[View] = []
    for language, line in text.items():
        noun = segments.product_noun(line, language)
        if language is Language.KY:
            views += _kyrgyz(noun, line)
        else:
            views += [View("noun", noun), View("full", line)]
        views += [View("concept", wording) for wording in concept_wordings(line, language)]
    if context:
        views.append(View("context", context[:_DESCRIPTION]))
    return _distinct(views)


def concept_wordings(text: str, language: Language) -> Iterator[str]:
    """The product of `text` in the other languages, when the glossary knows its whole name."""
    noun = segments.product_noun(text, language)
    for into in (Language.RU, Language.EN, Language.ZH):
        if into is not language:
            translation = glossary.default().wordings(noun, language, into)
            if translation.text and not translation.unknown:
                yield translation.text


def _kyrgyz(noun: str, line: str) -> Iterator[View]:
    known = glossary.default()
    short, full = known.to_russian(noun), known.to_russian(line)
    yield View("noun", short.text)
    yield View("full", full.text)
    if short.unknown or not short.text:
        yield View("original", noun)


def _distinct(views: Sequence[View]) -> list[View]:
    """In small letters: the encoder takes ВАЛ КАРДАННЫЙ and вал карданный for two things."""
    seen: dict[str, View] = {}
    for view in views:
        text = " ".join(view.text.split()).lower()
        if text:
            seen.setdefault(text, View(view.kind, text))
    return list(seen.values())[:MOST_VIEWS]


# The names of a thing are compared with names, a whole line with whole titles: measured, that
# beats the best of all views. Heads among a title's views would let every word heap win.
# The glossary's wording of an offer is a guess, so it counts a little less than the seller's.
_NEAR = {"noun": 1.0, "head": 1.0, "segment": 1.0, "title": 0.9, "concept": 0.85}
_WIDE = {"noun": 1.0, "title": 1.0, "description": 1.0}
_NAMES = {"noun": 1.0, "original": 0.3, "concept": 0.3}
_LINES = {"full": 1.0, "context": 0.2}
SHARES = {kind: _NAMES.get(kind, 0.0) + _LINES.get(kind, 0.0) for kind in (*_NAMES, *_LINES)}
"""What each view of a request counts for in its nearness to an offer."""
# A request that is only a name is compared with titles too, at a lower weight.
_NAME_AS_LINE = 0.3


def semantic(
    query_vectors: NDArray[np.float32],
    query_kinds: Sequence[str],
    doc_vectors: NDArray[np.float32],
    doc_kinds: Sequence[str],
) -> float:
    """How near a request is to one offer: (q, d) and (m, d) unit vectors with their kinds."""
    begin = np.zeros(1, dtype=np.intp)
    return float(semantic_matrix(query_vectors, query_kinds, doc_vectors, doc_kinds, begin)[0])


def semantic_matrix(
    query_vectors: NDArray[np.float32],
    query_kinds: Sequence[str],
    doc_vectors: NDArray[np.float32],
    doc_kinds: Sequence[str],
    offsets: NDArray[np.intp],
) -> NDArray[np.float32]:
    """Nearness of a request to each of n offers whose views lie one after another.

    `offsets` (n,) is where each offer's views begin. For each view of the request the best
    fitting view of the offer counts; the request's views are averaged by weight.
    """
    return combined(query_vectors @ doc_vectors.T, query_kinds, doc_kinds, offsets)


def combined(
    nearness: NDArray[np.float32],
    query_kinds: Sequence[str],
    doc_kinds: Sequence[str],
    offsets: NDArray[np.intp],
) -> NDArray[np.float32]:
    """The same from (q, m) cosines that are known already."""
    names = _best(nearness, doc_kinds, _NEAR, offsets)
    lines = _best(nearness, doc_kinds, _WIDE, offsets)
    total, weight = np.zeros(len(offsets), np.float32), 0.0
    bare = not set(query_kinds) & set(_LINES)
    for place, kind in enumerate(query_kinds):
        for table, best in ((_NAMES, names), (_LINES, lines)):
            if kind in table:
                total += np.float32(table[kind]) * best[place]
                weight += table[kind]
        if bare and kind == "noun":
            total += np.float32(_NAME_AS_LINE) * lines[place]
            weight += _NAME_AS_LINE
    return np.asarray(total / max(weight, 1e-9), np.float32)


def _best(
    nearness: NDArray[np.float32],
    kinds: Sequence[str],
    factors: Mapping[str, float],
    offsets: NDArray[np.intp],
) -> NDArray[np.float32]:
    """(q, n) the best of each offer's views, by kind weighed; -1 where none is of those kinds."""
    factor = np.array([factors.get(kind, 0.0) for kind in kinds], dtype=np.float32)
    weighed = np.where(factor > 0, nearness * factor, np.float32(-1))
    return np.asarray(np.maximum.reduceat(weighed, offsets, axis=1), np.float32)
