"""Sellers' connections to channels: made, authorised, renewed, ended. Never commits."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.channels import adapters
from api.channels.adapters.port import Account, Channel, Credentials, Unauthorised
from api.channels.models import ChannelConnection, ChannelListing
from api.channels.schemas.listings import ChannelConnectionIn
from api.channels.service import requirements
from api.core import audit, db, deadlines, encryption, jobs, pages
from api.core.errors import AlreadyExists, Conflict, FieldError, Invalid, NotFound, refused
from api.core.jobs import Job
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.identity.models import Organisation
from api.rules.channel_listings import CONNECTION, ConnectionStatus, ListingStatus
from api.rules.permissions import OrgRole
from api.rules.states import IllegalTransition

AUTHORISE = "channels.authorise"
POLL_DUE = "channel_connection.poll_due"
RENEW_BEFORE = timedelta(minutes=10)
_EVENTS = {"authorise": "authorised", "lose": "unauthorised", "disconnect": "disconnected"}


class ListingsOpen(Conflict):
    """Something of the seller may still be shown there, and could not be taken down any more."""

    code, title = "listings_open", "Withdraw the listings of the connection first"


def connect(
    session: Session, *, org_id: UUID, actor: str, data: ChannelConnectionIn
) -> ChannelConnection:
    """Connect a seller to a channel; a worker turns what was given into credentials.

    Raises Invalid for what the channel does not know, AlreadyExists for a name taken.
    """
    channel = adapters.CHANNELS.get(data.channel)
    if channel is None or not channel.available():
        open_ = ", ".join(name for name, each in adapters.CHANNELS.items() if each.available())
        raise refused("#/channel", "unknown_channel", f"Not one of {open_}.")
    requirements.of_market(session, data.market)
    connection = ChannelConnection(
        org_id=org_id,
        name=data.name,
        channel=channel.name,
        market=data.market,
        partner_id=_partner(session, channel, data.partner_id, org_id),
        settings=_checked(channel.settings, data.settings, "#/settings").model_dump(mode="json"),
    )
    given = _given(channel, data.credentials)
    session.add(connection)
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyExists("A connection of yours has this name.") from error
    _keep(connection, Credentials(given))
    _record(session, connection, "connect", actor)
    if channel.credentials is None:
        _move(session, connection, "authorise", actor)
    else:
        ask_authorisation(session, connection)
    return connection


def authorise_again(
    session: Session, connection: ChannelConnection, *, actor: str, credentials: dict[str, Any]
) -> ChannelConnection:
    """The seller has agreed once more. Raises Invalid, and Conflict for one that has ended."""
    given = _given(adapters.of(connection.channel), credentials)
    _move(session, connection, "authorise_again", actor)
    _keep(connection, Credentials(given))
    ask_authorisation(session, connection)
    return connection


def disconnect(session: Session, connection: ChannelConnection, *, actor: str) -> ChannelConnection:
    """Forget the credentials, for good. Raises ListingsOpen and Conflict."""
    there = select(ChannelListing.id).where(
        ChannelListing.connection_id == connection.id,
        col(ChannelListing.external_id).is_not(None) | col(ChannelListing.intent).is_not(None),
        ChannelListing.status != ListingStatus.WITHDRAWN,
    )
    if session.exec(there.limit(1)).one_or_none() is not None:
        raise ListingsOpen
    connection.credentials, connection.credentials_until = None, None
    deadlines.disarm(session, POLL_DUE, connection.id)
    return _move(session, connection, "disconnect", actor)


def ask_authorisation(session: Session, connection: ChannelConnection) -> Job:
    """Have a worker ask the channel for credentials."""
    args = {"connection_id": connection.id.hex}
    return jobs.enqueue(session, AUTHORISE, args, org_id=connection.org_id)


def authorise_step(session: Session, job: Job) -> bool:
    """The work of that job. Raises Unavailable, to be tried again."""
    renew(session, UUID(hex=job.args["connection_id"]))
    return True


def due(connection: ChannelConnection, now: datetime) -> bool:
    """Whether the credentials have to be made or renewed before anything is asked with them."""
    until = connection.credentials_until
    return (
        connection.status is ConnectionStatus.AUTHORISING
        or connection.stale
        or (until is not None and until - RENEW_BEFORE <= now)
    )


def renew(session: Session, connection_id: UUID) -> ChannelConnection:
    """Credentials that are due, asked for once however many workers need them.

    A seller whose consent is gone is told. Raises Unavailable.
    """
    connection = locked(session, connection_id)
    now = db.now(session)
    if not connection.status.is_open or not due(connection, now):
        return connection
    channel = adapters.of(connection.channel)
    try:
        fresh = channel.authorise(account(session, connection))
    except Unauthorised as error:
        connection.last_error = str(error)[:500]
        return _move(session, connection, "lose", f"channel:{connection.channel}")
    held = _opened(connection)
    keep = {"refresh_token": held["refresh_token"]} if "refresh_token" in held else {}
    _keep(connection, Credentials({**keep, **fresh.values}, fresh.until, fresh.account))
    connection.stale, connection.last_error = False, None
    if connection.status is ConnectionStatus.AUTHORISING:
        _move(session, connection, "authorise", f"channel:{connection.channel}")
        if channel.polled:
            deadlines.arm(session, POLL_DUE, connection.id, now, org_id=connection.org_id)
    session.add(connection)
    return connection


def account(session: Session, connection: ChannelConnection) -> Account:
    """On whose behalf a channel is called, without anybody to tell."""
    return Account(connection.settings, _opened(connection), db.now(session))


def locked(session: Session, connection_id: UUID) -> ChannelConnection:
    """A connection, locked."""
    query = select(ChannelConnection).where(ChannelConnection.id == connection_id)
    held = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(held).one()


def get(
    session: Session, connection_id: UUID, *, org_id: UUID, lock: bool = False
) -> ChannelConnection:
    """A connection of the organisation; NotFound."""
    query = select(ChannelConnection).where(
        ChannelConnection.id == connection_id, ChannelConnection.org_id == org_id
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_connections(
    session: Session, org_id: UUID, page: PageQuery
) -> tuple[Sequence[ChannelConnection], str | None]:
    """The organisation's connections, the newest first."""
    query = select(ChannelConnection).where(ChannelConnection.org_id == org_id)
    scope = f"channel-connections:{org_id}"
    return pages.newest_first(session, query, ChannelConnection, page, scope=scope, filters={})


def _partner(
    session: Session, channel: Channel, partner_id: UUID | None, org_id: UUID
) -> UUID | None:
    if not channel.of_partner:
        if partner_id is not None:
            raise refused("#/partner_id", "not_of_partner", "The channel is no organisation here.")
        return None
    found = None if partner_id is None else session.get(Organisation, partner_id)
    if found is None or OrgRole.PARTNER not in found.roles or partner_id == org_id:
        raise refused("#/partner_id", "unknown_partner", "An organisation that is a partner.")
    return partner_id


def _checked(model: type[BaseModel], given: dict[str, Any], pointer: str) -> BaseModel:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise Invalid(
            errors=[
                FieldError(
                    pointer="/".join([pointer, *map(str, each["loc"])]),
                    code=each["type"],
                    detail=each["msg"],
                )
                for each in error.errors(include_url=False, include_input=False)
            ]
        ) from None


def _given(channel: Channel, credentials: dict[str, Any] | None) -> dict[str, str]:
    if channel.credentials is None:
        if credentials:
            raise refused("#/credentials", "not_asked", "The channel asks for none.")
        return {}
    found = _checked(channel.credentials, credentials or {}, "#/credentials")
    return {name: value.get_secret_value() for name, value in found}


def _keep(connection: ChannelConnection, fresh: Credentials) -> None:
    if fresh.values:
        text = json.dumps(dict(fresh.values), sort_keys=True)
        connection.credentials = encryption.lock(text, connection.id)
    connection.credentials_until = fresh.until
    connection.account = fresh.account or connection.account


def _opened(connection: ChannelConnection) -> dict[str, str]:
    if connection.credentials is None:
        return {}
    found: dict[str, str] = json.loads(encryption.unlock(connection.credentials, connection.id))
    return found


def _move(
    session: Session, connection: ChannelConnection, action: str, actor: str
) -> ChannelConnection:
    """The one place that writes `channel_connection.status`."""
    try:
        connection.status = CONNECTION.apply(action, connection.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    connection.version += 1
    session.add(connection)
    _record(session, connection, action, actor)
    if action in _EVENTS:
        event = f"channel_connection.{_EVENTS[action]}"
        emit(
            session,
            event,
            connection.id,
            org_id=connection.org_id,
            channel=connection.channel,
            version=connection.version,
        )
    return connection


def _record(session: Session, connection: ChannelConnection, action: str, actor: str) -> None:
    audit.record(
        session,
        f"channelconnection:{connection.id.hex}",
        action,
        actor=actor,
        org_id=connection.org_id,
        change={
            "name": connection.name,
            "channel": connection.channel,
            "market": connection.market,
            "partner_id": None if connection.partner_id is None else connection.partner_id.hex,
            "settings": connection.settings,
            "status": connection.status.value,
            "account": connection.account,
        },
    )
