"""Routes of selling abroad."""

from api.channels.router import feeds, markets, permissions

ROUTERS = (
    permissions.router,
    markets.requirements_router,
    markets.products_router,
    markets.standings_router,
    feeds.router,
    feeds.published,
)
