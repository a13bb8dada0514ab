"""Routes of organisations, people and credentials."""

from api.identity.router import account, clients, login, members, organisations, providers

ROUTERS = (
    organisations.router,
    members.router,
    login.router,
    account.router,
    providers.login,
    providers.router,
    clients.clients,
    clients.oauth,
)
