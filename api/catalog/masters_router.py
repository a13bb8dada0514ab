"""The route of master products."""

from typing import Annotated, Any

from api.catalog import masters
from api.catalog.master_schemas import MasterProductOut
from api.catalog.types import MasterProductId
from api.identity import access
from api.identity.access import Context, require

router = access.router("/master-products", "master-products")


@router.get("/{master_product_id}", response_model=MasterProductOut)
def get(master_product_id: MasterProductId, ctx: Annotated[Context, require("offers:read")]) -> Any:
    """The goods that products of several sellers are, with those that you see."""
    master = masters.get(ctx.session, master_product_id)
    products = masters.products_of(ctx.session, master_product_id)
    return {**master.model_dump(), "products": products}
