"""Which changes of products wait for somebody else's eyes. Never commits: the caller owns the
transaction."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.catalog.models import Offer
from api.core.errors import Conflict, FieldError
from api.reference import packages
from api.rules import attributes, product_changes
from api.rules.offers import OfferStatus
from api.rules.product_changes import ATTRIBUTES

NAMES = "names"


class ChangeNeedsReview(Conflict):
    """Buyers see the product, and these fields of its category are not changed by one alone: propose
    the change (`POST /v1/products/{id}/changes`)."""

    code, title = "change_needs_review", "Somebody else must look through the change"


def reviewed(product: Any, values: Mapping[str, Any], today: date) -> list[str]:
    """What of new values of a product is reviewed if buyers see it; by the category that it has and
    by the one that it would have."""
    has = {"CPV": product.cpv_code, "HS": product.hs_code}
    gets = {
        "CPV": values.get("cpv_code", product.cpv_code),
        "HS": values.get("hs_code", product.hs_code),
    }
    fields = product_changes.reviewed_fields(packages.reviewed_fields(), [has, gets], today)
    if not fields:
        return []
    templates = attributes.applicable(packages.attribute_templates(), has, today)
    before = {name: getattr(product, name) for name in fields}
    after = {name: values[name] for name in fields if name in values}
    if NAMES in after:
        # Translations have a review of their own.
        before[NAMES] = _sources(before[NAMES], product.names_origin)
        after[NAMES] = _sources(after[NAMES], values["names_origin"])
    if ATTRIBUTES in after:
        # Values that tell a variant from the others are no more changed: they stand whatever is said.
        after[ATTRIBUTES] = {**after[ATTRIBUTES], **(product.variant or {})}
    return product_changes.to_review(fields, attributes.attributes_of(templates), before, after)


def _sources(texts: Mapping[str, str], origins: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in texts.items() if origins.get(k, "source") == "source"}


def watched(product: Any, cpv_code: str | None, hs_code: str | None, today: date) -> bool:
    """True when anything is reviewed in the category that a product has or would have."""
    codes = [
        {"CPV": product.cpv_code, "HS": product.hs_code},
        {"CPV": cpv_code, "HS": hs_code},
    ]
    return bool(product_changes.reviewed_fields(packages.reviewed_fields(), codes, today))


def listed(session: Session, product_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the products that buyers see, or saw and will see again."""
    if not product_ids:
        return frozenset()
    query = select(Offer.product_id).where(
        col(Offer.product_id).in_(product_ids),
        col(Offer.status).in_((OfferStatus.ACTIVE, OfferStatus.SUSPENDED)),
    )
    return frozenset(session.exec(query.distinct()))


def require_none(fields: Collection[str], prefix: str = "") -> None:
    """Raise ChangeNeedsReview, naming the fields, if there are any."""
    if fields:
        detail = f"Propose the change of {', '.join(fields)}: a colleague has to look through it."
        raise ChangeNeedsReview(
            detail,
            errors=[
                FieldError(
                    pointer=f"#/{prefix}{name.replace('.', '/')}",
                    code="needs_review",
                    detail="Reviewed in listed products of this category",
                )
                for name in fields
            ],
        )
