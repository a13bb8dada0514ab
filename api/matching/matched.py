"""What in an offer's texts answers a request's texts, for people to read."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.matching.models import OfferTerms
from api.matching.text import glossary, units
from api.matching.text.language import detect
from api.matching.text.views import View
from api.matching.wording import DemandText
from api.rules.matching import Demand

_MOST_WORDS = 8
_TITLES = frozenset({"noun", "title", "segment", "head"})
_ASKED = frozenset({"noun", "full", "original"})


def matched(
    demand: Demand,
    text: DemandText,
    queries: NDArray[np.float32],
    row: OfferTerms,
    shown: tuple[list[View], NDArray[np.float32]],
) -> dict[str, Any]:
    """Words and concepts in both, and the two segments that are nearest in meaning."""
    return {
        "words": _words(demand, text, row)[:_MOST_WORDS],
        "segments": _segments(text.views, queries, *shown),
    }


def _words(demand: Demand, text: DemandText, row: OfferTerms) -> list[dict[str, str]]:
    """Each concept in the buyer's words and the seller's, then exact tokens and equal stems."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    known = glossary.default()
    for asked in text.asked:
        said = demand.texts[asked.language.value]
        for mention in known.concepts(said, asked.language):
            surface = row.mentions.get(mention.concept_id)
            if surface and mention.surface.lower() not in units.UNITS:
                pair = (mention.surface.lower(), surface.lower())
                found.setdefault(
                    pair, {"request": mention.surface, "offer": surface, "kind": "concept"}
                )
    offered = set(row.terms)
    plain = {term for asked in text.asked for facet in asked.facets for v in facet for term in v}
    for term in sorted(plain & offered):
        kind, _, word = term.partition(":")
        if kind == "x" or (kind == "w" and not found and len(word) > 2):
            named = "exact" if kind == "x" else "stem"
            found.setdefault((word, word), {"request": word, "offer": word, "kind": named})
    return list(found.values())


def _segments(
    asked: list[View],
    queries: NDArray[np.float32],
    views: list[View],
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


def _language(text: str) -> str:
    return detect(text).value


def labels(names: Mapping[str, str], seller_names: Mapping[str, str]) -> dict[str, Any]:
    """What the offer and its seller were called when they were matched."""
    return {"offer_names": dict(names), "seller_names": dict(seller_names)}
