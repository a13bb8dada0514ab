"""Notes on translated texts of products: written with whatever writes the texts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlmodel import Session, col, select

from api.catalog.models import ProductText
from api.core import bulk
from api.rules import product_texts
from api.rules.product_texts import FIELDS

type Place = tuple[UUID, str, str]
"""A text: its product, its field and its language."""


class Described(Protocol):
    """A product, from the table or in memory."""

    id: UUID
    org_id: UUID


def of(session: Session, product_id: UUID) -> dict[tuple[str, str], ProductText]:
    """The notes on a product's texts, by field and language."""
    query = select(ProductText).where(ProductText.product_id == product_id)
    found = session.exec(query.execution_options(populate_existing=True))
    return {(note.field, note.language): note for note in found}


def write(session: Session, products: Iterable[Described]) -> None:
    """Note what translations that are new or worded anew were made from: the source as it is now.

    A translation that has stayed as it was keeps its note, so that it is stale once the source
    says something else.
    """
    made = {place: row for product in products for place, row in _translations(product)}
    if not made:
        return
    known = session.exec(
        select(
            ProductText.product_id, ProductText.field, ProductText.language, ProductText.text_sha256
        ).where(col(ProductText.product_id).in_({product_id for product_id, _, _ in made}))
    )
    same = {(product_id, field, language): text for product_id, field, language, text in known}
    new = [row for place, row in made.items() if same.get(place) != row["text_sha256"]]
    bulk.insert(session, ProductText, new, key=("product_id", "field", "language"))


def _translations(product: Described) -> Sequence[tuple[Place, Mapping[str, Any]]]:
    found = []
    for field in FIELDS:
        texts, origins = getattr(product, field), getattr(product, f"{field}_origin")
        for language, origin in origins.items():
            if origin == "source":
                continue
            source = product_texts.source_language(origins, language)
            row = bulk.new_row(
                org_id=product.org_id,
                product_id=product.id,
                field=field,
                language=language,
                text_sha256=product_texts.digest(texts[language]),
                source_language=source,
                source_sha256=product_texts.digest(texts[source]) if source else None,
                engine=None,
                engine_version=None,
                coverage=None,
                reviewed_by=None,
                reviewed_at=None,
            )
            found.append(((product.id, field, language), row))
    return found
