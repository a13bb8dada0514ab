"""Routes of selling abroad."""

from api.channels.router import connections, feeds, listings, markets, permissions

ROUTERS = (
    permissions.router,
    markets.requirements_router,
    markets.products_router,
    markets.standings_router,
    feeds.router,
    feeds.published,
    connections.channels_router,
    connections.router,
    listings.router,
    listings.orders_router,
    listings.inquiries_router,
)
