"""Routes about credentials: API keys, OAuth clients and access tokens."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Form, Request

from api.core import db, ids, settings
from api.core.errors import Conflict, Invalid, Unauthorized
from api.core.http import documented, public_router
from api.core.pages import Page
from api.core.rate_limits import limited
from api.identity import access, service
from api.identity.access import Context, require
from api.identity.models import ApiClient
from api.identity.schemas import (
    ClientCreated,
    ClientId,
    ClientIn,
    ClientOut,
    KeysIn,
    RotateIn,
    TokenOut,
)
from api.identity.service import AddressNotAllowed, ScopeNotYours

clients = access.router("/clients", "clients")
oauth = public_router("/oauth", "oauth")
Read = Annotated[Context, require("clients:read")]
Write = Annotated[Context, require("clients:write")]


def created(ctx: Context, client: ApiClient, secret: str) -> ClientCreated:
    """The one answer that shows a secret; it is never kept for replay."""
    ctx.session.flush()
    ctx.headers["Cache-Control"] = "no-store"
    return ClientCreated.model_validate(
        {**ClientOut.model_validate(client).model_dump(), "secret": None if client.jwks else secret}
    )


@clients.get("", response_model=Page[ClientOut])
def list(ctx: Read) -> Page[Any]:
    """Your organisation's credentials, without their secrets."""
    rows = service.list_clients(ctx.session, ctx.org_id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


@clients.post(
    "", status_code=201, response_model=ClientCreated, responses=documented(ScopeNotYours, Conflict)
)
def create(data: ClientIn, ctx: Write) -> ClientCreated:
    """Make an API key or OAuth client; the secret is shown only in this answer."""
    client, secret = service.create_client(
        ctx.session,
        org_id=ctx.org_id,
        actor=ctx.actor,
        data=data,
        grantable=ctx.caller.scopes,
    )
    return created(ctx, client, secret)


@clients.post(
    "/{client_id}/rotate",
    status_code=201,
    response_model=ClientCreated,
    responses=documented(Conflict),
)
def rotate(client_id: ClientId, data: RotateIn, ctx: Write) -> ClientCreated:
    """Replace a secret; the old one stays valid for the overlap."""
    client, secret = service.rotate_client(
        ctx.session,
        org_id=ctx.org_id,
        actor=ctx.actor,
        client_id=client_id,
        overlap_hours=data.overlap_hours,
    )
    return created(ctx, client, secret)


@clients.post("/{client_id}/revoke", response_model=ClientOut)
def revoke(client_id: ClientId, ctx: Write) -> ApiClient:
    """End credentials at once."""
    return service.revoke_client(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, client_id=client_id
    )


@clients.post("/{client_id}/set-keys", response_model=ClientOut, responses=documented(Conflict))
def set_keys(client_id: ClientId, data: KeysIn, ctx: Write) -> ApiClient:
    """Change the public keys of a client that proves itself by them; both old and new may stand."""
    return service.set_keys(
        ctx.session, org_id=ctx.org_id, actor=ctx.actor, client_id=client_id, jwks=data.jwks
    )


@oauth.post("/token", responses=documented(Unauthorized, AddressNotAllowed, Invalid))
@limited("login")
def token(
    request: Request,
    grant_type: Annotated[Literal["client_credentials"], Form()],
    client_id: Annotated[
        str | None, Form(max_length=60, examples=["client_019abf2e8c1d7c3fa9b04b4c6f0d2e11"])
    ] = None,
    client_secret: Annotated[str | None, Form(max_length=100, examples=["kgp_live_…"])] = None,
    client_assertion_type: Annotated[
        Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"] | None, Form()
    ] = None,
    client_assertion: Annotated[str | None, Form(max_length=5000, examples=["eyJ…"])] = None,
    scope: Annotated[str, Form(max_length=1000, examples=["offers:read offers:write"])] = "",
) -> TokenOut:
    """Exchange client credentials for a short access token (RFC 6749 section 4.4): a secret, or an
    assertion signed by one of the client's keys (RFC 7523)."""
    ip = access.address(request)
    wanted = None if client_id is None else _client_id(client_id)
    with db.unit_of_work() as session:
        if client_assertion is not None and client_assertion_type is not None:
            text, scopes = service.issue_token_for_assertion(
                session, assertion=client_assertion, client_id=wanted, scopes=scope.split(), ip=ip
            )
        elif wanted is not None and client_secret is not None:
            text, scopes = service.issue_token(
                session, client_id=wanted, secret=client_secret, scopes=scope.split(), ip=ip
            )
        else:
            raise Unauthorized("Send client_id and client_secret, or a client_assertion.")
    return TokenOut(
        access_token=text,
        expires_in=settings.get().access_token_seconds,
        scope=" ".join(scopes),
    )


def _client_id(text: str) -> UUID:
    try:
        return ids.parse("client", text)
    except ValueError as error:
        raise Unauthorized("The client is not known or its secret is wrong.") from error
