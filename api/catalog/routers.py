"""Every router of the catalogue."""

from api.catalog import (
    certificates_router,
    changes_router,
    groups_router,
    images_router,
    imports_router,
    masters_router,
    offers_router,
    prices_router,
    products_router,
    samples_router,
    stock_router,
    texts_router,
)

ROUTERS = (
    offers_router.router,
    prices_router.router,
    stock_router.router,
    samples_router.router,
    products_router.router,
    groups_router.router,
    changes_router.router,
    masters_router.router,
    images_router.router,
    images_router.ordering,
    texts_router.router,
    certificates_router.router,
    imports_router.router,
)
