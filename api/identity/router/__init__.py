"""Routes of organisations, people and credentials."""

from api.identity.router import account, clients, login, members, organisations

ROUTERS = (
    organisations.router,
    members.router,
    login.router,
    account.router,
    clients.clients,
    clients.oauth,
)
