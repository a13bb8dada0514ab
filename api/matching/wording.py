"""What the texts of offers and requests say: views to embed, terms, concepts."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.matching.supplies import Wording
from api.matching.text import glossary, lexical, normalise, segments, views
from api.matching.text.language import Language
from api.matching.text.lexical import Facet
from api.matching.text.views import View
from api.rules.matching import Demand

_MOST_TERMS = 400
_LONGEST_TERM = 200
_CONTEXT = 200


@dataclass(frozen=True, slots=True)
class OfferText:
    """An offer's texts worked out; `mentions` gives the words behind each concept."""

    views: list[View]
    terms: frozenset[str]
    concepts: dict[str, float]
    mentions: dict[str, str]
    languages: list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in one of its languages."""

    language: Language
    facets: tuple[Facet, ...]
    concepts: dict[str, float]


@dataclass(frozen=True, slots=True)
class DemandText:
    """A request's texts worked out; `terms` are all words that any wording of it has."""

    views: list[View]
    asked: list[Asked]
    terms: frozenset[str]

    @property
    def language(self) -> Language:
        """The language whose bank of foreign requests corrects the vectors."""
        return self.asked[0].language if self.asked else Language.RU


def of_offer(wording: Wording) -> OfferText:
    """Terms come from names, brand, model and attributes; each counts once, however often said."""
    terms: set[str] = set()
    concepts: dict[str, float] = {}
    mentions: dict[str, str] = {}
    known = glossary.default()
    for language, name in wording.names.items():
        terms |= lexical.terms(name, language)
        for concept_id, weight in lexical.concept_weights(name, language).items():
            concepts[concept_id] = max(concepts.get(concept_id, 0.0), round(weight, 4))
        for mention in known.concepts(name, language):
            mentions.setdefault(mention.concept_id, mention.surface)
    if wording.brand:
        terms |= _brand_terms(wording.brand)
    if wording.extra:
        terms |= {f"x:{token}" for token in normalise.exact_tokens(wording.extra)}
    return OfferText(
        views=views.offer_views(wording.names, wording.descriptions),
        terms=_bounded(terms),
        concepts=concepts,
        mentions=mentions,
        languages=[language.value for language in wording.names],
    )


def _brand_terms(brand: str) -> set[str]:
    """The stems of a brand as any language of a request makes them: a name is of none."""
    return {
        term
        for language in Language
        for term in lexical.terms(brand, language)
        if term.startswith("w:")
    }


def of_demand(demand: Demand) -> DemandText:
    """The item's title counts; lot and specification are context for its vector."""
    return of_request(demand.texts, _context(demand))


def of_request(texts: Mapping[str, str], context: str = "") -> DemandText:
    """What texts by language ask for; `context` is what is said of them elsewhere."""
    titles = _titles(texts)
    asked = [
        Asked(language, _facets(text, language), lexical.concept_weights(text, language))
        for language, text in titles.items()
    ]
    terms = {
        term for each in asked for facet in each.facets for variant in facet for term in variant
    }
    # A Kyrgyz text beside a Russian one would only dilute the vectors with a rougher Russian.
    told: dict[Language, str] = {k: v for k, v in titles.items() if k is not Language.KY} or titles
    return DemandText(views.request_views(told, context), asked, _bounded(terms))


def content_hash(wording: Wording, codes: Iterable[str | None], encoder: str) -> str:
    """Changes when anything that the index holds of an offer does."""
    content = [
        sorted((k.value, v) for k, v in wording.names.items()),
        sorted((k.value, v) for k, v in wording.descriptions.items()),
        wording.extra,
        wording.brand,
        list(codes),
        encoder,
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _titles(texts: Mapping[str, str]) -> dict[Language, str]:
    """The languages that say most first: Russian, English, Chinese, Kyrgyz."""
    order: tuple[Language, ...] = (Language.RU, Language.EN, Language.ZH, Language.KY)
    return {language: texts[language] for language in order if texts.get(language)}


def _facets(text: str, language: Language) -> tuple[Facet, ...]:
    """Facets with their wordings in every language, since offers come in all of them."""
    merged: dict[frozenset[str] | Facet, set[frozenset[str]]] = {}
    for into in Language:
        for facet in lexical.facets(text, language, into):
            concepts = frozenset(
                term for variant in facet for term in variant if term.startswith("c:")
            )
            merged.setdefault(concepts or facet, set()).update(facet)
    return tuple(frozenset(variants) for variants in merged.values())


def _context(demand: Demand) -> str:
    """The lot's words in one language, Russian first; Kyrgyz goes in as Russian."""
    texts = _titles(demand.context)
    for language, text in texts.items():
        noun = segments.product_noun(text, language) or text
        if language is Language.KY:
            noun = glossary.default().to_russian(noun).text
        return noun[:_CONTEXT]
    return ""


def _bounded(terms: Iterable[str]) -> frozenset[str]:
    short = sorted(term for term in terms if len(term) <= _LONGEST_TERM)
    return frozenset(short[:_MOST_TERMS])
