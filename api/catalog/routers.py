"""Every router of the catalogue."""

from api.catalog import (
    certificates_router,
    groups_router,
    images_router,
    imports_router,
    offers_router,
    prices_router,
    products_router,
    texts_router,
)

ROUTERS = (
    offers_router.router,
    prices_router.router,
    products_router.router,
    groups_router.router,
    images_router.router,
    images_router.ordering,
    texts_router.router,
    certificates_router.router,
    imports_router.router,
)
