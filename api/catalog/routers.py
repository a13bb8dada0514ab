"""Every router of the catalogue."""

from api.catalog import (
    certificates_router,
    imports_router,
    offers_router,
    products_router,
    texts_router,
)

ROUTERS = (
    offers_router.router,
    products_router.router,
    texts_router.router,
    certificates_router.router,
    imports_router.router,
)
