"""How complete a product is, from what is stored of it."""

from sqlmodel import Session

from api.catalog import capacity, images
from api.catalog.models import Product
from api.core import db
from api.reference import packages
from api.rules import attributes, completeness
from api.rules.clock import local_date
from api.rules.completeness import Completeness, Facts
from api.rules.images import ImageStatus


def of(session: Session, product: Product) -> Completeness:
    """The score of a product of the caller's, and what to add next."""
    codes = {"CPV": product.cpv_code, "HS": product.hs_code}
    today = local_date(db.now(session))
    known = attributes.attributes_of(
        attributes.applicable(packages.attribute_templates(), codes, today)
    )
    shown = [
        image
        for image in images.listed(session, product.org_id, product.id)
        if image.status is ImageStatus.READY
    ]
    return completeness.assess(
        Facts(
            names=product.names.keys(),
            descriptions=product.descriptions,
            origins={*product.names_origin.values(), *product.descriptions_origin.values()},
            has_category=product.cpv_code is not None,
            has_hs_code=product.hs_code is not None,
            has_identity=product.gtin is not None or bool(product.brand and product.model),
            asked=[name for name, each in known.items() if each.required],
            given=product.attributes.keys(),
            images=len(shown),
            told_images=sum(bool(image.alt_texts) for image in shown),
            has_weight=product.net_weight_kg is not None,
            has_dimensions=None not in (product.length_mm, product.width_mm, product.height_mm),
            has_packages=bool(product.pack_levels),
            has_availability=capacity.is_told(session, product),
        )
    )
