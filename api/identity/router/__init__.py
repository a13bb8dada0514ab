"""Routes of organisations, people and credentials."""

from api.identity.router import account, clients, login, members, organisations, passkeys, providers

ROUTERS = (
    organisations.router,
    members.router,
    login.router,
    account.router,
    passkeys.router,
    providers.login,
    providers.router,
    clients.clients,
    clients.oauth,
)
