"""Groups of variants. Never commits: the caller owns the transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.catalog import checks, products, states
from api.catalog.group_schemas import ProductGroupIn, VariantIn, VariantsIn
from api.catalog.models import Product, ProductGroup
from api.catalog.product_schemas import ProductIn
from api.catalog.states import ProductState
from api.core import db
from api.core.errors import FieldError, NotFound
from api.core.trail import Trail
from api.rules import variants
from api.rules.clock import local_date


def create(session: Session, org_id: UUID, actor: str, data: ProductGroupIn) -> ProductGroup:
    """Make a group and a product for each of its variants: all of them, or none.

    Raises Invalid: `too_many_variants`, `not_the_axes`, `variant_repeated`, and what is wrong with
    the products.
    """
    _check_axes(data.axes, data, ())
    uses = checks.product_uses(data.base, "base/")
    checks.raise_if(checks.code_errors(uses, checks.unknown_codes(session, uses)))
    origins = data.names_origin
    group = ProductGroup(
        org_id=org_id,
        names=dict(data.names.items()),
        names_origin={lang: origins.get(lang, "source") for lang in data.names},
        axes=[*data.axes],
    )
    made = _made(session, group, data.base, data.variants)
    session.add(group)
    session.flush()
    trail = Trail(org_id, actor)
    trail.record(_stream(group), "create", names=group.names, variants=len(made))
    _write(session, trail, made)
    return group


def add(session: Session, group: ProductGroup, actor: str, data: VariantsIn) -> ProductGroup:
    """Add variants to a locked group; what they have in common is as in its first product.

    Raises Invalid as `create`.
    """
    there = session.exec(_of(group.id)).all()
    _check_axes(group.axes, data, [variants.key(group.axes, p.variant or {}) for p in there])
    base = ProductIn.model_validate(
        {name: getattr(there[0], name) for name in ProductIn.model_fields}
    )
    base = base.model_copy(update={"gtin": None, "mpn": None, "model": None})
    made = _made(session, group, base, data.variants)
    group.version += 1
    trail = Trail(group.org_id, actor)
    trail.record(_stream(group), "add_variants", variants=len(made))
    _write(session, trail, made)
    return group


def locked(session: Session, org_id: UUID, group_id: UUID) -> ProductGroup:
    """The organisation's group, locked for a change; NotFound for anybody else."""
    query = select(ProductGroup).where(ProductGroup.id == group_id, ProductGroup.org_id == org_id)
    group = session.exec(query.with_for_update()).one_or_none()
    if group is None:
        raise NotFound
    return group


def get(session: Session, group_id: UUID) -> ProductGroup:
    """A group that the caller may see: its own, or one with a product that is offered."""
    group = session.get(ProductGroup, group_id)
    if group is None:
        raise NotFound
    return group


def own(org_id: UUID) -> SelectOfScalar[ProductGroup]:
    """Query of the organisation's own groups."""
    return select(ProductGroup).where(ProductGroup.org_id == org_id)


def shown(session: Session, group: ProductGroup) -> dict[str, Any]:
    """A group with those of its variants that the caller may see."""
    session.flush()
    return {
        **group.model_dump(),
        "variants": [
            {
                "product_id": product.id,
                "values": product.variant,
                "gtin": product.gtin,
                "mpn": product.mpn,
                "model": product.model,
            }
            for product in session.exec(_of(group.id))
        ],
    }


def _check_axes(axes: Sequence[str], data: VariantsIn, there: Sequence[tuple[str, ...]]) -> None:
    found = variants.findings(axes, [each.values for each in data.variants], there)
    checks.raise_if(
        [FieldError(pointer=f"#/{f.path}", code=f.code, detail=f.detail) for f in found]
    )


def _made(
    session: Session, group: ProductGroup, base: ProductIn, given: Sequence[VariantIn]
) -> list[ProductState]:
    """The products of the variants, not yet written. Raises Invalid."""
    today, made, errors = local_date(db.now(session)), [], list[FieldError]()
    for i, variant in enumerate(given):
        own = variant.model_dump(exclude={"values"}, exclude_none=True)
        attributes = {**base.attributes, **variant.values}
        product = base.model_copy(update={**own, "attributes": attributes})
        errors += checks.product_errors(product, today, f"variants/{i}/")
        made.append(
            ProductState.new(
                org_id=group.org_id,
                group_id=group.id,
                variant=dict(variant.values.items()),
                **products.columns(product),
            )
        )
    checks.raise_if(errors)
    return made


def _write(session: Session, trail: Trail, made: Sequence[ProductState]) -> None:
    for product in made:
        products.made(trail, product)
    states.write(session, [], made)
    trail.write(session)


def _of(group_id: UUID) -> SelectOfScalar[Product]:
    return select(Product).where(Product.group_id == group_id).order_by(col(Product.id))


def _stream(group: ProductGroup) -> str:
    return f"product_group:{group.id.hex}"
