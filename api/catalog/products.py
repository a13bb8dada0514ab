"""What can be done with products. Never commits: the caller owns the transaction."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog import checks, reviews, text_notes
from api.catalog.assign import assign
from api.catalog.master_models import MasterProduct
from api.catalog.models import Offer, Product
from api.catalog.product_schemas import ProductIn, ProductPatch
from api.catalog.states import ProductState
from api.core import db
from api.core.errors import NotFound, refused
from api.core.trail import Trail
from api.rules.clock import local_date
from api.rules.offers import OfferStatus

_KEPT = frozenset(
    {
        "net_weight_kg",
        "length_mm",
        "width_mm",
        "height_mm",
        "pack_levels",
        "un_number",
        "hazard_class",
        "master_product_id",
    }
)


def create(session: Session, org_id: UUID, actor: str, data: ProductIn) -> Product:
    """Add a product to the organisation's catalogue; Invalid for unknown codes."""
    _check(session, data)
    trail, product = Trail(org_id, actor), Product(org_id=org_id, **columns(data))
    session.add(product)
    made(trail, product)
    trail.write(session)
    session.flush()
    text_notes.write(session, [product])
    return product


def made(trail: Trail, product: Product | ProductState) -> None:
    """Note that a product is new."""
    trail.record(f"product:{product.id.hex}", "create", names=product.names)


def locked(session: Session, org_id: UUID, product_id: UUID) -> Product:
    """The organisation's product, locked for a change; NotFound for anybody else."""
    query = select(Product).where(Product.id == product_id, Product.org_id == org_id)
    product = session.exec(query.with_for_update()).one_or_none()
    if product is None:
        raise NotFound
    return product


def update(
    session: Session,
    product: Product,
    actor: str,
    data: ProductPatch,
    *,
    change: UUID | None = None,
) -> Product:
    """Change the fields that the patch names, and tell of the offers that show them.

    Raises Invalid, and ChangeNeedsReview for what somebody else must look through in a listed
    product, unless it is of a `change` that was.
    """
    made_of = wanted(session, product, data)
    if change is None:
        today = local_date(db.now(session))
        fields = reviews.reviewed(product, columns(made_of), today)
        if fields and reviews.listed(session, [product.id]):
            reviews.require_none(fields)
    trail = Trail(product.org_id, actor)
    if replace(trail, product, made_of, change=change):
        offers = select(Offer.id).where(
            Offer.product_id == product.id, Offer.status != OfferStatus.DRAFT
        )
        for offer_id in session.exec(offers):
            trail.emit("offer.changed", offer_id, fields=["product"])
        text_notes.write(session, [product])
    trail.write(session)
    return product


def wanted(session: Session, product: Product, data: ProductPatch) -> ProductIn:
    """The product as a patch would make it, checked as a whole; Invalid."""
    made_of = checks.merged(ProductIn, _current(product, data), data)
    _check(session, made_of)
    return made_of


def shown(product: Product, fields: Collection[str]) -> dict[str, Any]:
    """These fields of a product as the API takes them."""
    current = {name: getattr(product, name) for name in ProductIn.model_fields}
    return ProductIn.model_validate(current).model_dump(mode="json", include={*fields})


def replace(
    trail: Trail, product: Product | ProductState, data: ProductIn, *, change: UUID | None = None
) -> bool:
    """Give the product all the values of `data`; True when that changed anything.

    What no column of an import sheet names (weight, measures, packages, hazard) stays unless it
    is given; so do the values that tell a variant from the others of its group. The trail names
    the `change` that somebody else looked through.
    """
    given = data.model_fields_set
    values = {k: v for k, v in columns(data).items() if k not in _KEPT or k in given}
    values["attributes"] = {**values["attributes"], **(product.variant or {})}
    changed = assign(product, values)
    if changed:
        product.version += 1
        named = {} if change is None else {"change": change.hex}
        trail.record(f"product:{product.id.hex}", "update", fields=changed, **named)
    return bool(changed)


def get(session: Session, product_id: UUID) -> Product:
    """A product that the caller may see: its own, or one that is actively offered."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound
    return product


def own_one(session: Session, org_id: UUID, product_id: UUID) -> Product:
    """The organisation's product, to be read; NotFound for anybody else."""
    product = session.exec(own(org_id).where(Product.id == product_id)).one_or_none()
    if product is None:
        raise NotFound
    return product


def columns(data: ProductIn) -> dict[str, Any]:
    """The columns of a product that come from its input."""
    values = {**data.model_dump(), "master_product_id": data.master_product_id}
    for field in ("names", "descriptions"):
        given = values[f"{field}_origin"]
        values[f"{field}_origin"] = {lang: given.get(lang, "source") for lang in values[field]}
    values["pack_levels"] = [level.model_dump(mode="json") for level in data.pack_levels]
    texts = [*data.names.values(), data.brand, data.model, data.mpn, data.gtin]
    return {**values, "search_text": "\n".join(t for t in texts if t).casefold()}


def own(org_id: UUID) -> SelectOfScalar[Product]:
    """Query of the organisation's own products."""
    return select(Product).where(Product.org_id == org_id)


def _current(product: Product, patch: ProductPatch) -> dict[str, Any]:
    """The product as input; origins of texts that the patch takes away are dropped."""
    current = {name: getattr(product, name) for name in ProductIn.model_fields}
    for field in ("names", "descriptions"):
        texts = getattr(patch, field)
        if texts is not None:
            origins = current[f"{field}_origin"]
            current[f"{field}_origin"] = {
                lang: origin for lang, origin in origins.items() if lang in texts
            }
    return current


def _check(session: Session, data: ProductIn) -> None:
    uses = checks.product_uses(data)
    unknown = checks.code_errors(uses, checks.unknown_codes(session, uses))
    checks.raise_if(unknown + checks.product_errors(data, local_date(db.now(session))))
    if data.master_product_id and session.get(MasterProduct, data.master_product_id) is None:
        raise refused("#/master_product_id", "unknown_master_product", "There is no such goods.")
