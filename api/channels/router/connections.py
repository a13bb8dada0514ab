"""Routes of channels, and of sellers' connections to them."""

from typing import Annotated, Any
from urllib.parse import urlencode

from api.channels import adapters
from api.channels.models import ChannelConnection
from api.channels.schemas.listings import (
    ChannelConnectionId,
    ChannelConnectionIn,
    ChannelConnectionOut,
    ChannelCredentialsIn,
    ChannelOut,
    ChannelsOut,
)
from api.channels.service import connections, syncing
from api.channels.service.connections import ListingsOpen
from api.channels.service.listings import ConnectionEnded
from api.core import settings
from api.core.errors import AlreadyExists, Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.identity import access
from api.identity.access import Context, require
from api.identity.jobs_router import JobOut

channels_router = access.router("/channels", "channels")
router = access.router("/channel-connections", "channel-connections")
Read = Annotated[Context, require("channels:read")]
Write = Annotated[Context, require("channels:write")]
Change = Annotated[Context, require("channels:write", if_match=True)]
_CHANGED = (Conflict, PreconditionFailed)


@channels_router.get("", name="list", response_model=ChannelsOut)
def list_channels(ctx: Read) -> ChannelsOut:
    """The channels that a seller may connect to."""
    return ChannelsOut(
        items=[
            ChannelOut(
                name=each.name,
                title=each.title,
                available=each.available(),
                of_partner=each.of_partner,
                authorise_url=_authorise_url() if each.name == "alibaba" else None,
            )
            for each in adapters.CHANNELS.values()
        ]
    )


@router.get("", response_model=Page[ChannelConnectionOut])
def list(ctx: Read, page: PageDep) -> Page[Any]:
    """Your connections, the newest first."""
    rows, cursor = connections.list_connections(ctx.session, ctx.org_id, page)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.post(
    "", status_code=201, response_model=ChannelConnectionOut, responses=documented(AlreadyExists)
)
def create(data: ChannelConnectionIn, ctx: Write) -> ChannelConnection:
    """Connect to a channel; `connected` once the channel has confirmed what you give."""
    made = connections.connect(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.tag(made)
    return made


@router.get("/{connection_id}", response_model=ChannelConnectionOut)
def get(connection_id: ChannelConnectionId, ctx: Read) -> ChannelConnection:
    """One connection of yours."""
    found = connections.get(ctx.session, connection_id, org_id=ctx.org_id)
    ctx.tag(found)
    return found


@router.post(
    "/{connection_id}/authorise",
    response_model=ChannelConnectionOut,
    responses=documented(*_CHANGED),
)
def authorise(
    connection_id: ChannelConnectionId, data: ChannelCredentialsIn, ctx: Change
) -> ChannelConnection:
    """Agree once more: the channel has ended what you had agreed to."""
    found = _held(ctx, connection_id)
    connections.authorise_again(ctx.session, found, actor=ctx.actor, credentials=data.credentials)
    ctx.tag(found)
    return found


@router.post(
    "/{connection_id}/disconnect",
    response_model=ChannelConnectionOut,
    responses=documented(*_CHANGED, ListingsOpen),
)
def disconnect(connection_id: ChannelConnectionId, ctx: Change) -> ChannelConnection:
    """Forget the credentials, for good; listings are withdrawn before."""
    found = _held(ctx, connection_id)
    connections.disconnect(ctx.session, found, actor=ctx.actor)
    ctx.tag(found)
    return found


@router.post(
    "/{connection_id}/sync",
    status_code=202,
    response_model=JobOut,
    responses=documented(ConnectionEnded),
)
def sync(connection_id: ChannelConnectionId, ctx: Write) -> JobOut:
    """Have all listings of a connection looked at now; follow `GET /v1/jobs/{id}`.

    `progress` counts listings; `result` says how many came to stand how.
    """
    found = connections.get(ctx.session, connection_id, org_id=ctx.org_id)
    job = syncing.ask(ctx.session, found, actor=ctx.actor)
    ctx.headers["Location"] = f"/v1/jobs/job_{job.id.hex}"
    return JobOut.of(job)


def _authorise_url() -> str | None:
    config = settings.get()
    if config.alibaba_app_key is None:
        return None
    query = {"response_type": "code", "force_auth": "true", "client_id": config.alibaba_app_key}
    return f"{config.alibaba_authorise_url}?{urlencode(query)}"


def _held(ctx: Context, connection_id: ChannelConnectionId) -> ChannelConnection:
    found = connections.get(ctx.session, connection_id, org_id=ctx.org_id, lock=True)
    ctx.check_version(found)
    return found
