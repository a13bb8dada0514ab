"""The texts of products: their standing, their review, what a market lacks. Never commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlmodel import Session, select

from api.catalog import products, text_notes
from api.catalog.models import Product, ProductText
from api.catalog.product_schemas import ProductPatch
from api.core import audit, db
from api.core.errors import Conflict, FieldError, Invalid, NotFound
from api.reference.models import MarketLanguage
from api.rules import product_texts
from api.rules.clock import local_date
from api.rules.product_texts import FIELDS, Lack, Requirement, TextField, TextStatus


class TextIsSource(Conflict):
    """The owner wrote this text: there is no translation to review."""

    code, title = "text_is_source", "This text is no translation"


@dataclass(frozen=True, slots=True)
class Standing:
    """One text of a product with what is known of it."""

    field: str
    language: str
    text: str
    origin: str
    status: TextStatus
    note: ProductText | None


class Engine(NamedTuple):
    """What made a text, and the share of the source's words that it knew (0..1)."""

    name: str
    version: str
    coverage: Decimal | None


class Market(NamedTuple):
    """What a market wants of a product on a day and what lacks; `rows` is empty where nobody knows."""

    rows: Sequence[MarketLanguage]
    lacks: Sequence[Lack]


def standings(session: Session, product: Product) -> list[Standing]:
    """Every text of a product, names first, by language."""
    notes = text_notes.of(session, product.id)
    found = []
    for field in FIELDS:
        texts, origins = texts_of(product, field)
        for language in sorted(texts):
            note = notes.get((field, language))
            status = product_texts.status(texts, origins, language, note)
            if note is not None and (
                status == TextStatus.SOURCE
                or note.text_sha256 != product_texts.digest(texts[language])
            ):
                note = None
            origin = origins.get(language, "source")
            found.append(Standing(field, language, texts[language], origin, status, note))
    return found


def texts_of(product: Product, field: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """A product's texts of a field, and their origins, by language."""
    return getattr(product, field), getattr(product, f"{field}_origin")


def review(
    session: Session,
    product: Product,
    actor: str,
    *,
    field: TextField,
    language: str,
    text: str | None,
) -> ProductText:
    """A person has read a translation against its source, and may have worded it better.

    `product` is locked. Raises NotFound without such a text, TextIsSource, Invalid for a wording
    that the field does not take.
    """
    texts, origins = texts_of(product, field)
    if language not in texts:
        raise NotFound
    if origins.get(language, "source") == "source":
        raise TextIsSource
    if text is not None and text != texts[language]:
        put(session, product, actor, field=field, language=language, text=text, origin="human")
    note = _noted(session, product, field, language)
    note.reviewed_by, note.reviewed_at = actor, db.now(session)
    session.add(note)
    change = {"field": field.value, "language": language, "text_sha256": note.text_sha256}
    stream = f"product:{product.id.hex}"
    audit.record(session, stream, "review_text", actor=actor, org_id=product.org_id, change=change)
    return note


def put(
    session: Session,
    product: Product,
    actor: str,
    *,
    field: TextField,
    language: str,
    text: str,
    origin: str,
    engine: Engine | None = None,
) -> None:
    """Give a locked product a translation. Raises Invalid for one that the field does not take."""
    texts, origins = texts_of(product, field)
    try:
        patch = ProductPatch.model_validate(
            {
                field.value: {**texts, language: text},
                f"{field}_origin": {**origins, language: origin},
            }
        )
    except ValidationError as error:
        raise Invalid(errors=[_refusal(each) for each in error.errors()]) from None
    products.update(session, product, actor, patch)
    note = _noted(session, product, field, language)
    if engine is not None:
        note.engine, note.engine_version, note.coverage = engine
        note.reviewed_by = note.reviewed_at = None
    session.add(note)


def for_market(session: Session, product: Product, market: str) -> Market:
    """What `market` wants of a product's texts today, and what does not serve it."""
    today = local_date(db.now(session))
    rows = session.exec(select(MarketLanguage).where(MarketLanguage.market == market)).all()
    by_requirement = {
        Requirement(row.field, row.language, row.valid_from, row.valid_to): row for row in rows
    }
    wanted = product_texts.in_force(by_requirement, today)
    statuses = {(each.field, each.language): each.status for each in standings(session, product)}
    lacks = product_texts.lacking(wanted, statuses)
    return Market([by_requirement[each] for each in wanted], lacks)


def _noted(session: Session, product: Product, field: TextField, language: str) -> ProductText:
    """The note on a translation as it is now, made from the source as it is now."""
    session.flush()
    text_notes.write(session, [product])
    query = select(ProductText).where(
        ProductText.product_id == product.id,
        ProductText.field == field,
        ProductText.language == language,
    )
    note = session.exec(query.execution_options(populate_existing=True)).one()
    texts, origins = texts_of(product, field)
    source = product_texts.source_language(origins, language)
    note.source_language = source
    note.source_sha256 = product_texts.digest(texts[source]) if source else None
    return note


def _refusal(error: Any) -> FieldError:
    return FieldError(pointer="#/text", code=error["type"], detail=error["msg"])
