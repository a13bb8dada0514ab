"""What in an offer's texts answers a request's texts, for people to read."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.matching.stored import Shown
from api.matching.text import glossary, units
from api.matching.text.glossary import Mention
from api.matching.text.language import Language, detect
from api.matching.text.views import View
from api.matching.wording import DemandText

_MOST_WORDS = 8
_TITLES = frozenset({"noun", "title", "segment", "head"})
_ASKED = frozenset({"noun", "full", "original"})


def matched(
    texts: Mapping[str, str],
    text: DemandText,
    queries: NDArray[np.float32],
    offer: Shown,
    offered: NDArray[np.float32],
) -> dict[str, Any]:
    """Words and concepts in both, and the two segments that are nearest in meaning.

    `texts` are the request's by language; `queries` and `offered` are the vectors of the views of the request and of the offer.
    """
    return {
        "words": _words(texts, text, offer)[:_MOST_WORDS],
        "segments": _segments(text.views, queries, offer.views, offered),
    }


def _words(texts: Mapping[str, str], text: DemandText, offer: Shown) -> list[dict[str, str]]:
    """Each concept in the buyer's words and the seller's, then exact tokens and equal stems."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for asked in text.asked:
        for mention in _mentions(texts[asked.language.value], asked.language):
            surface = offer.mentions.get(mention.concept_id)
            if surface and mention.surface.lower() not in units.UNITS:
                pair = (mention.surface.lower(), surface.lower())
                found.setdefault(
                    pair, {"request": mention.surface, "offer": surface, "kind": "concept"}
                )
    plain = {term for asked in text.asked for facet in asked.facets for v in facet for term in v}
    for term in sorted(plain & offer.terms):
        kind, _, word = term.partition(":")
        if kind == "x" or (kind == "w" and not found and len(word) > 2):
            named = "exact" if kind == "x" else "stem"
            found.setdefault((word, word), {"request": word, "offer": word, "kind": named})
    return list(found.values())


def _segments(
    asked: Sequence[View],
    queries: NDArray[np.float32],
    views: Sequence[View],
    vectors: NDArray[np.float32],
) -> list[dict[str, str]]:
    rows = [i for i, view in enumerate(asked) if view.kind in _ASKED]
    columns = [i for i, view in enumerate(views) if view.kind in _TITLES]
    if not rows or not columns:
        return []
    nearness = queries[rows] @ vectors[columns].T
    best = np.unravel_index(int(nearness.argmax()), nearness.shape)
    request, offer = asked[rows[best[0]]], views[columns[best[1]]]
    return [
        {
            "request": request.text,
            "request_language": _language(request.text),
            "offer": offer.text,
            "offer_language": _language(offer.text),
        }
    ]


@lru_cache(maxsize=1024)
def _mentions(text: str, language: Language) -> tuple[Mention, ...]:
    """The concepts of a request, which is compared with many offers one after another."""
    return tuple(glossary.default().concepts(text, language))


@lru_cache(maxsize=8192)
def _language(text: str) -> str:
    return detect(text).value


def labels(names: Mapping[str, str], seller_names: Mapping[str, str]) -> dict[str, Any]:
    """What the offer and its seller were called when they were matched."""
    return {"offer_names": dict(names), "seller_names": dict(seller_names)}
