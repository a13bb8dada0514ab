"""Routes of selling abroad."""

from api.channels.router import markets, permissions

ROUTERS = (permissions.router, markets.requirements_router, markets.products_router)
