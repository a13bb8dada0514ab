"""The index of active offers: their vectors, terms, and how common each term is."""

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import delete, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from api.matching import supplies, vectors, wording
from api.matching.models import OfferTerms, OfferVector, TermFrequency
from api.matching.supplies import Loaded
from api.matching.wording import OfferText
from api.rules.clock import utcnow

ALL = "*"
_LONGEST_VIEW = 2000
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Indexed:
    """What an indexing run did: offers now in the index, those written anew, those taken out."""

    active: list[UUID]
    written: list[UUID]
    removed: list[UUID]


def index_offers(session: Session, offer_ids: Sequence[UUID], *, again: bool = False) -> Indexed:
    """Bring the index up to date with these offers; unchanged ones cost a comparison.

    `again` writes them all anew, as a new glossary or encoder needs. An offer that is gone or not active leaves the index. All texts are embedded in one go.
    """
    _lock(session, offer_ids)
    vectors.ensure_current(session)
    loaded = supplies.load(session, offer_ids)
    active = {i: offer for i, offer in loaded.items() if offer.active and offer.wording.names}
    known = _known(session, offer_ids)
    changed = {
        i: offer
        for i, offer in active.items()
        if again or i not in known or known[i].content_hash != _hash(offer)
    }
    gone = [i for i in known if i not in active]
    texts = {i: wording.of_offer(offer.wording) for i, offer in changed.items()}
    before = [list(known[i].terms) for i in (*gone, *changed) if i in known]
    _remove(session, gone, list(changed))
    if changed:
        _write(session, changed, texts)
    _count(session, [said.terms for said in texts.values()], before)
    return Indexed(list(active), list(changed), gone)


def frequencies(session: Session, terms: Iterable[str]) -> tuple[dict[str, int], int]:
    """In how many offers each of the terms is (those in none left out), and how many there are."""
    query = select(TermFrequency.term, TermFrequency.offers).where(
        col(TermFrequency.term).in_([ALL, *terms]), TermFrequency.offers > 0
    )
    found = {term: offers for term, offers in session.exec(query)}
    return found, found.pop(ALL, 0)


def _known(session: Session, offer_ids: Sequence[UUID]) -> dict[UUID, OfferTerms]:
    query = select(OfferTerms).where(col(OfferTerms.offer_id).in_(offer_ids))
    return {row.offer_id: row for row in session.exec(query)}


def _hash(offer: Loaded) -> str:
    now = vectors.encoder()
    codes = (offer.supply.cpv_code, offer.supply.hs_code)
    return wording.content_hash(offer.wording, codes, f"{now.name} {now.version}")


def _write(
    session: Session, offers: Mapping[UUID, Loaded], texts: Mapping[UUID, OfferText]
) -> None:
    now = vectors.encoder()
    flat = [view for said in texts.values() for view in said.views]
    embedded = vectors.encode([view.text for view in flat])
    sizes = [len(said.views) for said in texts.values()]
    offsets = np.cumsum([0, *sizes[:-1]], dtype=np.intp)
    hubness = vectors.hubness(embedded, offsets)
    rows: list[dict[str, Any]] = []
    for start, (offer_id, said) in zip(offsets, texts.items(), strict=True):
        for place, view in enumerate(said.views):
            rows.append(
                {
                    **_base(),
                    "offer_id": offer_id,
                    "place": place,
                    "kind": view.kind,
                    "text": view.text[:_LONGEST_VIEW],
                    "embedding": vectors.stored(embedded[start + place]),
                    "model_name": now.name,
                    "model_version": now.version,
                }
            )
    connection = session.connection()
    connection.execute(insert(OfferVector), rows)
    for number, (offer_id, said) in enumerate(texts.items()):
        supply = offers[offer_id].supply
        session.add(
            OfferTerms(
                offer_id=offer_id,
                seller_id=supply.seller_id,
                languages=said.languages,
                terms=sorted(said.terms),
                concepts=said.concepts,
                mentions=said.mentions,
                hubness={k: round(float(v[number]), 6) for k, v in hubness.items()},
                cpv_code=supply.cpv_code,
                hs_code=supply.hs_code,
                content_hash=_hash(offers[offer_id]),
                sample_key=zlib.crc32(offer_id.bytes),
            )
        )
    session.flush()


def _remove(session: Session, gone: Sequence[UUID], rewritten: Sequence[UUID]) -> None:
    """Take offers out; a rewritten one keeps the vectors of another encoder still in use."""
    now = vectors.encoder()
    session.exec(delete(OfferVector).where(col(OfferVector.offer_id).in_(gone)))
    session.exec(
        delete(OfferVector).where(
            col(OfferVector.offer_id).in_(rewritten),
            col(OfferVector.model_name) == now.name,
            col(OfferVector.model_version) == now.version,
        )
    )
    session.exec(delete(OfferTerms).where(col(OfferTerms.offer_id).in_([*gone, *rewritten])))
    session.flush()


def _count(
    session: Session, added: Iterable[Iterable[str]], taken: Iterable[Iterable[str]]
) -> None:
    """Move the counts; one writer at a time, because all offers share the common terms."""
    change: Counter[str] = Counter()
    for terms in added:
        change.update([ALL, *terms])
    for terms in taken:
        change.subtract([ALL, *terms])
    rows = [
        {**_base(), "term": term, "offers": number}
        for term, number in sorted(change.items())
        if number
    ]
    session.connection().execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('kerben.matching.terms', 0))")
    )
    for start in range(0, len(rows), _BATCH):
        statement = upsert(TermFrequency).values(rows[start : start + _BATCH])
        session.connection().execute(
            statement.on_conflict_do_update(
                index_elements=["term"],
                set_={"offers": col(TermFrequency.offers) + statement.excluded.offers},
            )
        )


def _base() -> dict[str, Any]:
    now = utcnow()
    return {"id": uuid7(), "created_at": now, "updated_at": now}


def _lock(session: Session, offer_ids: Sequence[UUID]) -> None:
    """Let two runs over the same offer wait for each other, always in one order."""
    session.connection().execute(
        text(
            "SELECT pg_advisory_xact_lock(hashtextextended(key, 12))"
            " FROM unnest(CAST(:keys AS text[])) AS offer(key)"
        ),
        {"keys": sorted(offer_id.hex for offer_id in offer_ids)},
    )
