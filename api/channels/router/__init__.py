"""Routes of selling abroad."""

from api.channels.router import connections, listings, markets, permissions

ROUTERS = (
    permissions.router,
    markets.requirements_router,
    markets.products_router,
    connections.channels_router,
    connections.router,
    listings.router,
    listings.orders_router,
    listings.inquiries_router,
)
