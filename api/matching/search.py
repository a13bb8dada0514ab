"""Offers found by what is said of them, in any of the languages, ranked, counted and explained.

The offers nearest in meaning and in words are looked at, as for a request (candidates.py), and
those of them are found that stand out from the catalogue as a match does. A seller named, or a
category, narrows before anything is looked at when few enough offers are left to look at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, literal_column
from sqlmodel import Session, col, or_, select

from api.catalog import search as catalog
from api.catalog.models import Offer, Product
from api.core import db, pages
from api.matching import candidates, counting, index, pool, spelling, stored, vectors, wording
from api.matching.counting import Row
from api.matching.matched import matched
from api.matching.models import OfferTerms
from api.matching.pool import Pool
from api.matching.scoring import RELEVANT
from api.matching.search_schemas import (
    FoundOut,
    OfferFoundOut,
    OfferPageOut,
    OfferSearch,
    TotalOut,
    WordOut,
)
from api.matching.text import lexical
from api.matching.text.language import Language, detect
from api.matching.wording import DemandText
from api.rules.clock import local_date
from api.rules.offers import gtin14

# Offers that each of the vectors searched for finds; so few that all of them are looked at.
NEAREST, NARROW = 400, 800
_LETTERS, _MOST_WORDS = 60, 10
# What is asked for by its number or its very letters comes before what is only like it.
_SAME = 100.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A search in words, worked out."""

    language: Language
    said: str
    changes: Mapping[str, str]
    text: DemandText
    queries: NDArray[np.float32]


class Ranked(NamedTuple):
    """Found offers, the best first, by their scores; what they were compared in."""

    rows: dict[UUID, Row]
    order: list[tuple[float, UUID]]
    complete: bool
    letters: frozenset[UUID]
    shared: Pool


def page(
    session: Session, org_id: UUID, wanted: OfferSearch, *, everything: bool = False
) -> OfferPageOut:
    """A page of the offers that the caller may see, fit the filter and are what `q` asks for.

    Without `q` the newest come first. Every page costs the same: what is looked at is bounded.
    Raises Invalid for filters that contradict, InvalidCursor for a cursor of another search.
    """
    catalog.check(wanted)
    if "price" in wanted.facets:
        catalog.currency_of(wanted)
    if not wanted.q:
        return _newest(session, org_id, wanted, everything)
    asked = _asked(session, wanted.q, wanted)
    ranked = _ranked(session, org_id, asked, wanted, everything)
    scope, filters = _bound(org_id, wanted)
    order = ranked.order
    if wanted.cursor:
        score, last = pages.unseal(scope, filters, wanted.cursor)
        start = _after(order, (float(score), UUID(last)))
    else:
        start = 0
    shown = order[start : start + wanted.limit]
    cursor = None
    if len(order) > start + wanted.limit:
        cursor = pages.seal(scope, filters, [f"{shown[-1][0]:.6f}", shown[-1][1].hex])
    ids = [offer_id for _, offer_id in shown]
    why = _why(session, asked, ranked, ids, start)
    return OfferPageOut(
        items=[
            OfferFoundOut.model_validate(offer).model_copy(update={"found": why[offer.id]})
            for offer in _whole(session, ids)
        ],
        has_more=cursor is not None,
        next_cursor=cursor,
        total=TotalOut(value=len(order), relation="eq" if ranked.complete else "gte"),
        facets=counting.count(session, list(ranked.rows.values()), wanted),
        language=asked.language,
        spelling=dict(asked.changes),
    )


def _newest(session: Session, org_id: UUID, wanted: OfferSearch, everything: bool) -> OfferPageOut:
    scope, filters = _bound(org_id, wanted)
    rows, cursor = pages.newest_first(
        session,
        catalog.query(session, org_id, wanted, everything=everything),
        Offer,
        wanted,
        scope=scope,
        filters=filters,
    )
    answer = OfferPageOut(
        items=[OfferFoundOut.model_validate(row) for row in rows],
        has_more=cursor is not None,
        next_cursor=cursor,
    )
    if not wanted.facets:
        return answer
    counted = list(counting.newest(session, org_id, wanted, everything=everything).values())
    total = TotalOut(
        value=min(len(counted), counting.MOST),
        relation="eq" if len(counted) <= counting.MOST else "gte",
    )
    facets = counting.count(session, counted[: counting.MOST], wanted)
    return answer.model_copy(update={"total": total, "facets": facets})


def _bound(org_id: UUID, wanted: OfferSearch) -> tuple[str, dict[str, Any]]:
    """What a cursor is of; facets change nothing of it."""
    filters = catalog.filters(wanted)
    filters.pop("facets", None)
    return f"offers:{org_id}", filters


def _asked(session: Session, said: str, wanted: OfferSearch) -> Asked:
    language = wanted.language or detect(said)
    spelt = (
        spelling.corrected(session, said, language) if wanted.spelling else spelling.Spelt(said, {})
    )
    text = wording.of_request({language.value: spelt.text})
    queries = vectors.encode([view.text for view in text.views])
    return Asked(language, spelt.text, spelt.changes, text, queries)


def _ranked(
    session: Session, org_id: UUID, asked: Asked, wanted: OfferSearch, everything: bool
) -> Ranked:
    frequencies, offers = index.frequencies(session, asked.text.terms)
    looked_at = _narrow(session, wanted)
    nearest: list[UUID] = []
    if looked_at is None:
        # A number alone means nothing, however near its vector is to others.
        if any(letter.isalpha() for letter in asked.said):
            near = candidates.near_text(session, asked.text.views, asked.queries, NEAREST)
            nearest = [offer_id for offer_id, _ in near]
        by_words = candidates.by_words(session, asked.text.terms, frequencies, offers)
        looked_at = {*nearest, *(offer_id for offer_id, _ in by_words)}
    letters = _by_letters(session, org_id, wanted.q or "")
    shared = pool.load(session, looked_at | letters, frequencies, offers)
    raw = shared.signals(asked.text, asked.queries)
    said = pool.background(raw, shared.sample).relevance(raw) if shared.entries else np.zeros(0)
    scores = dict.fromkeys(letters, _SAME)
    names = _names(asked)
    for offer_id in looked_at | letters:
        place = shared.places.get(offer_id)
        if place is None:
            continue
        named = bool(names) and names <= shared.entries[place].terms
        if said[place] >= float(RELEVANT) or offer_id in letters or named:
            scores[offer_id] = scores.get(offer_id, 0.0) + float(said[place])
    rows = counting.among(session, org_id, list(scores), wanted, everything=everything)
    order = sorted(((round(scores[i], 6), i) for i in rows), reverse=True)
    return Ranked(
        rows,
        order,
        complete=len(nearest) < NEAREST or any(i not in scores for i in nearest),
        letters=frozenset(letters),
        shared=shared,
    )


def _names(asked: Asked) -> frozenset[str]:
    """The words of a search that names no thing that is known, but perhaps a brand: whatever it is
    near to in meaning, an offer that has all of them is meant."""
    if any(term.startswith("c:") for term in asked.text.terms):
        return frozenset()
    return lexical.terms(asked.said, asked.language)


def _narrow(session: Session, wanted: OfferSearch) -> set[UUID] | None:
    """All offers in the index that a selective filter leaves; None where they are too many."""
    query = select(OfferTerms.offer_id).limit(NARROW + 1)
    if wanted.seller is not None:
        query = query.where(OfferTerms.seller_id == wanted.seller)
    elif wanted.hs is not None and len(wanted.hs) in (4, 6):
        query = query.where(_starts(OfferTerms.hs_code, wanted.hs))
    elif wanted.cpv is not None and len(wanted.cpv) in (4, 5):
        query = query.where(_starts(OfferTerms.cpv_code, wanted.cpv))
    else:
        return None
    found = set(session.exec(query))
    return None if len(found) > NARROW else found


def _starts(code: Any, digits: str) -> Any:
    """As the indexes of offer_terms have it."""
    return func.left(code, literal_column(str(len(digits)))) == digits


def _by_letters(session: Session, org_id: UUID, said: str) -> set[UUID]:
    """Offers of a GTIN or a maker's number that `said` is or has among its words, and the caller's
    own whose names have all its words.

    Own ones are few, and may be in a state in which they are in no index.
    """
    found: set[UUID] = set()
    numbers = [said, *said.split()[:_MOST_WORDS]]
    gtins = {gtin for number in numbers if (gtin := gtin14(number)) is not None}
    makers = {spelt for number in numbers if any(c.isdigit() for c in number)
              for spelt in (number, number.upper())}  # fmt: skip
    if gtins or makers:
        query = select(Offer.id).join(Product, col(Product.id) == col(Offer.product_id))
        same = or_(col(Product.gtin).in_(gtins), col(Product.mpn).in_(makers))
        found.update(session.exec(query.where(same).limit(_LETTERS)))
    own = (
        select(Offer.id)
        .join(Product, col(Product.id) == col(Offer.product_id))
        .where(Offer.seller_id == org_id)
        .order_by(col(Offer.id).desc())
        .limit(_LETTERS)
    )
    for word in said.casefold().split()[:_MOST_WORDS]:
        own = own.where(col(Product.search_text).contains(word, autoescape=True))
    return found | set(session.exec(own))


def _after(order: Sequence[tuple[float, UUID]], last: tuple[float, UUID]) -> int:
    """Where the offers begin that come after the last one shown, which may be gone by now."""
    return next((place for place, each in enumerate(order) if each < last), len(order))


def _whole(session: Session, ids: Sequence[UUID]) -> list[Offer]:
    query = catalog.whole(local_date(db.now(session)))
    found = {offer.id: offer for offer in session.exec(query.where(col(Offer.id).in_(ids)))}
    return [found[offer_id] for offer_id in ids if offer_id in found]


def _why(
    session: Session, asked: Asked, ranked: Ranked, ids: Sequence[UUID], start: int
) -> dict[UUID, FoundOut]:
    """What in each offer's texts answers the search."""
    shown = stored.shown(session, ids)
    told = {}
    for rank, offer_id in enumerate(ids, start=start + 1):
        words: list[WordOut] = []
        nearest = None
        if offer_id in ranked.letters:
            words = [WordOut(request=w, offer=w, kind="letters") for w in asked.said.split()]
        place = ranked.shared.places.get(offer_id)
        if place is not None and offer_id in shown:
            offered = ranked.shared.vectors_of(place)
            texts = {asked.language.value: asked.said}
            why = matched(texts, asked.text, asked.queries, shown[offer_id], offered)
            words += [WordOut(**word) for word in why["words"]]
            nearest = next(iter(why["segments"]), None)
        told[offer_id] = FoundOut(rank=rank, words=words, nearest=nearest)
    return told
