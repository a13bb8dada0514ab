"""Channels asked for orders and inquiries, a page a transaction. Never commits."""

import random
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from api.channels import adapters
from api.channels.adapters.port import Account, Channel, Refused, Unauthorised, Unavailable
from api.channels.models import ChannelConnection
from api.channels.service import connections, returns
from api.core import db, deadlines, settings
from api.core.jobs import Job
from api.rules.channel_listings import ConnectionStatus, wait_seconds

OVERLAP = timedelta(minutes=10)
"""Asked for again, because clocks differ and what was changing is seen late."""
FIRST_LOOK = timedelta(days=30)
MOST_PAGES = 200


def step(session: Session, job: Job) -> bool:
    """The next page of a connection; True after the last, or when the channel does not answer.

    The next look is armed before this one ends, whatever comes of it.
    """
    connection = connections.locked(session, UUID(hex=job.args["resource_id"]))
    now = db.now(session)
    if connection.status is not ConnectionStatus.CONNECTED:
        return True
    cursor = job.cursor or {"of": "orders", "page": 0, "began": now.isoformat()}
    try:
        if connections.due(connection, now):
            connections.renew(session, connection.id)
            return False
        channel, account = (
            adapters.of(connection.channel),
            connections.account(session, connection),
        )
        more = _page(session, connection, channel, account, cursor["of"], cursor["page"])
    except (Refused, Unavailable, Unauthorised) as error:
        return _later(session, connection, error, now)
    if more and cursor["page"] + 1 < MOST_PAGES:
        job.cursor = {**cursor, "page": cursor["page"] + 1}
        return False
    if cursor["of"] == "orders":
        job.cursor = {**cursor, "of": "inquiries", "page": 0}
        return False
    connection.polled_until = datetime.fromisoformat(cursor["began"])
    connection.last_error = None
    session.add(connection)
    _arm(session, connection, now + timedelta(seconds=settings.get().channel_poll_seconds))
    return True


def look_now(session: Session, connection: ChannelConnection) -> None:
    """Something has happened there: do not wait for the next look."""
    _arm(session, connection, db.now(session))


def _page(
    session: Session,
    connection: ChannelConnection,
    channel: Channel,
    account: Account,
    of: str,
    page: int,
) -> bool:
    """Take in a page; whether there may be another."""
    if of == "inquiries":
        inquiries = channel.inquiries(account, page)
        for inquiry in inquiries.items:
            returns.take_inquiry(session, connection, inquiry)
        return inquiries.more
    since = connection.polled_until or account.now - FIRST_LOOK
    marks = channel.orders(account, since - OVERLAP, page)
    for mark in marks.items:
        if not returns.knows(session, connection, mark):
            returns.take_order(session, connection, channel.order(account, mark))
    return marks.more


def _later(
    session: Session, connection: ChannelConnection, error: Exception, now: datetime
) -> bool:
    connection.stale = connection.stale or isinstance(error, Unauthorised)
    connection.last_error = str(error)[:500]
    session.add(connection)
    asked = getattr(error, "retry_after", None)
    seconds = wait_seconds(3, jitter=random.random(), retry_after=asked)
    _arm(session, connection, now + timedelta(seconds=seconds))
    return True


def _arm(session: Session, connection: ChannelConnection, at: datetime) -> None:
    deadlines.arm(session, connections.POLL_DUE, connection.id, at, org_id=connection.org_id)
