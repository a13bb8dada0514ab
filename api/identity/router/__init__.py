"""Routes of organisations, people and credentials."""

from api.identity.router import clients, members, organisations

ROUTERS = (
    organisations.router,
    members.router,
    clients.clients,
    clients.oauth,
)
