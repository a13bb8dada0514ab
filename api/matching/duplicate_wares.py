"""What is read of products to compare them, and which are worth comparing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlmodel import Session

from api.core import db
from api.matching import likeness, supplies, vectors
from api.matching.likeness import Said
from api.matching.models import DIMENSIONS
from api.rules.duplicates import PICTURE_BITS, Goods

# Views near to each of a product's, pictures near to each of its, own names like its names, products
# of its GTIN and of its number (many products are "1" to their makers), the newest.
_VIEWS, _PICTURES, _LIKE, _NUMBERED = 40, 20, 30, 50
_MOST_VIEWS = 6
_GOODS = """
    SELECT p.id, p.org_id, p.master_product_id, p.names, p.gtin, p.brand,
      coalesce(p.mpn, p.model), p.group_id, sold.unit_code, sold.currency, sold.unit_price,
      ARRAY(SELECT picture_hash::bigint FROM product_image
            WHERE product_id = p.id AND picture_hash IS NOT NULL AND status = 'ready'
            ORDER BY position LIMIT 20),
      EXISTS (SELECT FROM offer WHERE product_id = p.id AND status = 'active')
    FROM product AS p
    LEFT JOIN LATERAL (
      SELECT o.unit_code, o.currency, t.unit_price
      FROM offer AS o JOIN price_tier AS t ON t.offer_id = o.id
      WHERE o.product_id = p.id ORDER BY o.status <> 'active', o.id, t.min_quantity LIMIT 1
    ) AS sold ON true
    WHERE p.id = ANY(%(ids)s)
"""
_VECTORS = """
    SELECT v.product_id, array_agg(v.kind ORDER BY v.place),
      string_agg(substr(halfvec_send(v.embedding), 5), '' ORDER BY v.place)
    FROM (
      SELECT o.product_id, v.kind, v.place, v.embedding,
        dense_rank() OVER (PARTITION BY o.product_id ORDER BY o.id) AS offer
      FROM offer AS o JOIN offer_vector AS v ON v.offer_id = o.id
      WHERE o.product_id = ANY(%(ids)s) AND v.kind = ANY(%(kinds)s)
        AND v.model_name = %(name)s AND v.model_version = %(version)s
    ) AS v
    WHERE v.offer = 1
    GROUP BY v.product_id
"""
_SETTINGS = text("""
    SELECT set_config('hnsw.ef_search', '200', true),
      set_config('hnsw.iterative_scan', 'relaxed_order', true),
      set_config('pg_trgm.word_similarity_threshold', '0.5', true),
      set_config('jit', 'off', true)
""")
# The index of vectors knows an offer's seller by its terms; `within` is a seller, or nobody.
_NEAR = f"""
    SELECT DISTINCT o.product_id
    FROM unnest(CAST(%(asked)s AS text[])) AS given(said)
    CROSS JOIN LATERAL (
      SELECT v.offer_id FROM offer_vector AS v
      WHERE v.kind IN ('noun', 'title', 'head', 'concept')
        AND v.model_name = %(name)s AND v.model_version = %(version)s
        AND (%(within)s::uuid IS NULL OR EXISTS (
          SELECT FROM offer_terms AS t WHERE t.offer_id = v.offer_id AND t.seller_id = %(within)s))
      ORDER BY binary_quantize(v.embedding)::bit({DIMENSIONS})
        <~> binary_quantize(CAST(given.said AS halfvec({DIMENSIONS})))::bit({DIMENSIONS})
      LIMIT {_VIEWS}
    ) AS near
    JOIN offer AS o ON o.id = near.offer_id
"""
_LIKELY = f"""
    (SELECT p.id FROM product AS p
    WHERE p.gtin = %(gtin)s AND (%(within)s::uuid IS NULL OR p.org_id = %(within)s)
    ORDER BY p.id DESC LIMIT {_NUMBERED})
    UNION
    (SELECT p.id FROM product AS p
    WHERE p.mpn = %(number)s AND (%(within)s::uuid IS NULL OR p.org_id = %(within)s)
    ORDER BY p.id DESC LIMIT {_NUMBERED})
    UNION
    SELECT alike.product_id
    FROM unnest(%(pictures)s::bigint[]) AS shown(hash)
    CROSS JOIN LATERAL (
      SELECT i.product_id, i.picture_hash <~> shown.hash::bit(64) AS bits
      FROM product_image AS i
      WHERE i.picture_hash IS NOT NULL
        AND (%(within)s::uuid IS NULL OR i.org_id = %(within)s)
      ORDER BY i.picture_hash <~> shown.hash::bit(64) LIMIT {_PICTURES}
    ) AS alike
    WHERE alike.bits <= {PICTURE_BITS}
    UNION
    SELECT like_it.id
    FROM unnest(%(names)s::text[]) AS said(name)
    CROSS JOIN LATERAL (
      SELECT p.id FROM product AS p
      WHERE p.org_id = %(org)s AND said.name <%% p.search_text
      ORDER BY word_similarity(said.name, p.search_text) DESC, p.id LIMIT {_LIKE}
    ) AS like_it
"""


@dataclass(frozen=True, slots=True)
class Ware:
    """A product as it is compared with others; `listed` while others see an offer of it."""

    id: UUID
    org_id: UUID
    listed: bool
    master_product_id: UUID | None
    names: Mapping[str, str]
    goods: Goods
    said: Said


def load(session: Session, product_ids: Collection[UUID]) -> dict[UUID, Ware]:
    """The products that the session may see, by id. Vectors are those of the index; names of what
    is not in it are embedded, all in one go."""
    if not product_ids:
        return {}
    rows = db.rows(session, _GOODS, ids=[*product_ids])
    said = _said(session, {row[0]: row[3] for row in rows})
    return {row[0]: _ware(row, said[row[0]]) for row in rows}


def candidates(session: Session, ware: Ware, within: UUID | None) -> set[UUID]:
    """Products that may be the same: of the seller `within`, or of anybody.

    By GTIN and number, by what index and pictures hold near to it, and of its owner's by the letters
    of the name, which finds drafts, too. Bounded, however large the catalogue is.
    """
    session.connection().execute(_SETTINGS)
    goods = ware.goods
    now = vectors.encoder()
    asked = np.concatenate([ware.said.nouns, ware.said.titles])[:_MOST_VIEWS]
    found = db.rows(
        session,
        _LIKELY,
        gtin=goods.gtin,
        number=goods.number,
        within=within,
        org=ware.org_id,
        pictures=[_signed(each) for each in goods.pictures],
        names=[name.casefold() for name in ware.names.values()],
    )
    near = db.rows(
        session,
        _NEAR,
        asked=[vectors.stored(each).to_text() for each in asked],
        name=now.name,
        version=now.version,
        within=within,
    )
    return {row[0] for row in (*found, *near)} - {ware.id}


def _said(session: Session, named: Mapping[UUID, Mapping[str, str]]) -> dict[UUID, Said]:
    now = vectors.encoder()
    texts = {key: supplies.languages(names) for key, names in named.items()}
    found = {}
    for product_id, kinds, raw in db.rows(
        session,
        _VECTORS,
        ids=[*named],
        kinds=[*likeness.KINDS],
        name=now.name,
        version=now.version,
    ):
        embedded = np.frombuffer(raw, ">f2").reshape(-1, DIMENSIONS).astype(np.float32)
        found[product_id] = likeness.of_vectors(texts[product_id], kinds, embedded)
    missing = [key for key in named if key not in found]
    embedded_now = likeness.said([texts[key] for key in missing])
    return {**found, **dict(zip(missing, embedded_now, strict=True))}


def _ware(row: tuple[Any, ...], said: Said) -> Ware:
    (product_id, org_id, master, names, gtin, brand, number, group_id,
     unit_code, currency, price, pictures, listed) = row  # fmt: skip
    return Ware(
        id=product_id,
        org_id=org_id,
        listed=listed,
        master_product_id=master,
        names=names,
        goods=Goods(
            gtin=gtin,
            brand=brand,
            number=number,
            group_id=group_id,
            pictures=tuple(each & (2**64 - 1) for each in pictures),
            unit_code=unit_code,
            currency=currency,
            unit_price=price,
        ),
        said=said,
    )


def _signed(hash: int) -> int:
    """64 bits as PostgreSQL's bigint has them."""
    return hash - 2**64 if hash >= 2**63 else hash
