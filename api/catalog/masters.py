"""The goods that products of several sellers are. Never commits: the caller owns the transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from api.catalog.master_models import MasterProduct
from api.catalog.models import Product
from api.core import audit
from api.core.errors import NotFound

MOST = 100
"""Products of a master product that are shown."""


def made(
    session: Session, org_id: UUID, actor: str, first: Product, second: Product
) -> MasterProduct:
    """A master product of two products that are the same: the one of their GTIN, or a new one, with
    the names of both (of the first in a language that both have)."""
    gtin = first.gtin or second.gtin
    if gtin is not None:
        known = session.exec(select(MasterProduct).where(MasterProduct.gtin == gtin)).one_or_none()
        if known is not None:
            return known
    master = MasterProduct(names={**second.names, **first.names}, gtin=gtin)
    session.add(master)
    session.flush()
    stream = f"master_product:{master.id.hex}"
    change = {"products": [first.id.hex, second.id.hex]}
    audit.record(session, stream, "create", actor=actor, org_id=org_id, change=change)
    return master


def get(session: Session, master_id: UUID) -> MasterProduct:
    """A master product; NotFound."""
    master = session.get(MasterProduct, master_id)
    if master is None:
        raise NotFound
    return master


def products_of(session: Session, master_id: UUID) -> Sequence[Product]:
    """The products that are joined to it, as far as the caller sees them; the oldest first."""
    query = select(Product).where(Product.master_product_id == master_id)
    return session.exec(query.order_by(col(Product.id)).limit(MOST)).all()
