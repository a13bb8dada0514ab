"""Channels brought to what sellers want, one piece of work a transaction. Never commits.

The row of the listing is locked while its channel is asked, so that two workers never send the
same thing at once. Before something is sent that the channel does not know yet, the intent is
committed; whoever finds the intent of a try that has said nothing asks the channel first.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from api.catalog.models import Offer
from api.channels import adapters
from api.channels.adapters.port import (
    Account,
    Channel,
    Fault,
    Refused,
    Unauthorised,
    Unavailable,
)
from api.channels.models import ChannelConnection, ChannelListing
from api.channels.service import connections, items, listings, outcomes
from api.core import audit, db, deadlines, jobs
from api.core.jobs import Job
from api.core.outbox import emit
from api.rules import channel_listings as rules
from api.rules.channel_listings import (
    MOST_ATTEMPTS,
    ConnectionStatus,
    ListingStatus,
    ListingTarget,
    Part,
    Standing,
    Work,
)
from api.rules.offers import OfferStatus

_SENDING = frozenset({Work.ADD, Work.REVISE})


def ask(session: Session, connection: ChannelConnection, *, actor: str) -> Job:
    """Have all listings of a connection looked at; follow the job. Raises ConnectionEnded."""
    if not connection.status.is_open:
        raise listings.ConnectionEnded
    total = session.exec(
        select(func.count()).select_from(ChannelListing).where(*_to_do(connection.id))
    ).one()
    args = {"connection_id": connection.id.hex}
    job = jobs.enqueue(session, listings.SYNC, args, org_id=connection.org_id)
    job.progress_total, job.result = total, {}
    stream = f"channelconnection:{connection.id.hex}"
    audit.record(
        session, stream, "sync", actor=actor, org_id=connection.org_id, change={"listings": total}
    )
    session.flush()
    return job


def step_all(session: Session, job: Job) -> bool:
    """The next piece of work of the next listing of a connection; True after the last."""
    connection_id = UUID(hex=job.args["connection_id"])
    cursor = job.cursor or {}
    query = select(ChannelListing.id).where(*_to_do(connection_id))
    if "after" in cursor:
        query = query.where(ChannelListing.id > UUID(hex=cursor["after"]))
    listing_id = session.exec(query.order_by(col(ChannelListing.id)).limit(1)).one_or_none()
    if listing_id is None:
        return True
    if cursor.get("begun") != listing_id.hex:
        _afresh(session, listing_id)
        job.cursor = {**cursor, "begun": listing_id.hex}
    if not step(session, listing_id, _attempt(job)):
        return False
    status = session.get_one(ChannelListing, listing_id).status.value
    counts = dict(job.result or {})
    job.result = {**counts, status: counts.get(status, 0) + 1}
    job.cursor = {"after": listing_id.hex}
    job.progress_done += 1
    job.progress_total = max(job.progress_total or 0, job.progress_done)
    return False


def step_one(session: Session, job: Job) -> bool:
    """The next piece of work of one listing; True when there is none, or none yet."""
    return step(session, UUID(hex=job.args["resource_id"]), _attempt(job))


def step(session: Session, listing_id: UUID, attempt: str) -> bool:
    """Do the next thing for a listing; True when there is nothing to do, or not yet.

    `attempt` names the try of the job: an intent of another try is one in doubt.
    """
    listing = _locked(session, listing_id)
    connection = session.get_one(ChannelConnection, listing.connection_id)
    now = db.now(session)
    if not connection.status.is_open or _resting(session, listing, connection, now):
        return True
    if connections.due(connection, now):
        return _renewed(session, listing, connection)
    channel = adapters.of(connection.channel)
    offer = items.offer_of(session, listing.offer_id)
    found = items.may_be_shown(session, listing, connection, offer.product)
    listing.ready_until = found.until
    parts, faults = _parts(channel, listing, connection, offer)
    changed = _changed(listing, parts)
    work = rules.next_work(
        Standing(
            status=listing.status,
            target=_target(listing, offer),
            ready=found.ready,
            known=listing.external_id is not None,
            in_doubt=listing.intent is not None and listing.intent != attempt,
            changed=changed,
        )
    )
    match work:
        case Work.NOTHING:
            outcomes.rest(session, listing, now)
            return True
        case Work.REFUSE:
            outcomes.move(session, listing, "reject", items.missing(found))
            return True
        case Work.LAPSE:
            listing.target = ListingTarget.WITHDRAWN
            listing.faults = [listings.told(each) for each in items.missing(found)]
            listings.tell(session, listing, "permission_lapsed")
            return False
        case _ if work in _SENDING and faults:
            return outcomes.refuse(session, listing, work, faults, parts)
        case Work.ADD if listing.intent != attempt:
            listing.intent = attempt
            return False
    return _called(session, listing, connection, channel, work, parts, now)


def _called(
    session: Session,
    listing: ChannelListing,
    connection: ChannelConnection,
    channel: Channel,
    work: Work,
    parts: Mapping[str, Any],
    now: datetime,
) -> bool:
    account = _account(session, listing, connection)
    try:
        finished = _do(session, listing, channel, account, work, parts, now)
    except Refused as error:
        if work in _SENDING or work in outcomes.PART:
            return outcomes.refuse(session, listing, work, error.faults, parts)
        return outcomes.failed(session, listing, connection, work, Unavailable(str(error)), now)
    except Unauthorised:
        connection.stale = True
        session.add(connection)
        listing.intent = None if work is Work.ADD else listing.intent
        if listing.attempts == 0:
            listing.attempts = 1
            return False
        return outcomes.failed(session, listing, connection, work, Unavailable("no consent"), now)
    except Unavailable as error:
        return outcomes.failed(session, listing, connection, work, error, now)
    if work is not Work.LOOK_UP:
        # That it was not found says nothing of whether it can be sent: those tries count on.
        listing.attempts, listing.next_attempt_at, listing.last_error = 0, None, None
    if finished:
        outcomes.ask_later(session, listing, now)
    session.add(listing)
    return finished


def _do(
    session: Session,
    listing: ChannelListing,
    channel: Channel,
    account: Account,
    work: Work,
    parts: Mapping[str, Any],
    now: datetime,
) -> bool:
    """One call, and what came of it; True when the channel has to be asked again later."""
    if work is Work.LOOK_UP:
        listing.external_id = channel.look_up(account, listing.reference)
        listing.intent = None
        return False
    if work is Work.ADD:
        outcomes.taken(session, listing, channel.add(account, parts, listing.reference), parts)
        return False
    known = listing.external_id
    if work is Work.WITHDRAW:
        if known is not None:
            channel.show(account, known, shown=False)
        listing.intent = None
        deadlines.disarm(session, outcomes.READINESS_ENDS, listing.id)
        outcomes.move(session, listing, "withdraw", [Fault(**each) for each in listing.faults])
        return False
    assert known is not None, "the rules ask for it of what the channel knows"
    match work:
        case Work.REVISE:
            outcomes.taken(session, listing, channel.revise(account, known, parts), parts)
        case Work.PRICE | Work.STOCK:
            name = outcomes.PART[work].value
            (channel.price if work is Work.PRICE else channel.stock)(account, known, parts[name])
            listing.sent = {**(listing.sent or {}), name: parts[name]}
            listing.faults = []
        case Work.PAUSE | Work.RESUME:
            channel.show(account, known, shown=work is Work.RESUME)
            outcomes.move(session, listing, "pause" if work is Work.PAUSE else "go_live")
        case _:
            return outcomes.answered(session, listing, channel.condition(account, known))
    return False


def _renewed(session: Session, listing: ChannelListing, connection: ChannelConnection) -> bool:
    """Ask for fresh credentials, in a transaction of their own; what is to be done comes next."""
    now = db.now(session)
    try:
        renewed = connections.renew(session, connection.id)
    except Unavailable as error:
        return outcomes.failed(session, listing, connection, Work.ASK, error, now)
    return renewed.status is not ConnectionStatus.CONNECTED


def _resting(
    session: Session, listing: ChannelListing, connection: ChannelConnection, now: datetime
) -> bool:
    """Whether it is too early: the channel has asked for silence, or the next try is not due."""
    if listing.next_attempt_at is not None and now < listing.next_attempt_at:
        return True
    if connection.not_before is not None and now < connection.not_before:
        outcomes.later(session, listing, connection.not_before)
        return True
    given_up = listing.attempts >= MOST_ATTEMPTS and listing.next_attempt_at is None
    return given_up and listing.target is not ListingTarget.WITHDRAWN


def _target(listing: ChannelListing, offer: Offer) -> ListingTarget:
    """What is wanted while the offer is as it is: one that is not active is not shown."""
    if listing.target is ListingTarget.LIVE and offer.status is not OfferStatus.ACTIVE:
        return ListingTarget.PAUSED
    return listing.target


def _parts(
    channel: Channel, listing: ChannelListing, connection: ChannelConnection, offer: Offer
) -> tuple[dict[str, Any], list[Fault]]:
    """What would be sent, or why it cannot be."""
    item = items.of(listing, connection, offer)
    try:
        return dict(channel.parts(item)), []
    except Refused as error:
        return {"fault": [listings.told(each) for each in error.faults]}, error.faults


def _changed(listing: ChannelListing, parts: Mapping[str, Any]) -> frozenset[Part]:
    """Parts that the channel does not have, without those that it has refused as they are."""
    kept = listing.refused or {}
    found = rules.changed(parts, listing.sent)
    return frozenset(
        part
        for part in found
        if part.value not in kept or kept[part.value] != parts.get(part.value)
    )


def _account(session: Session, listing: ChannelListing, connection: ChannelConnection) -> Account:
    def tell(what: str, parts: Mapping[str, Any]) -> None:
        emit(
            session,
            f"channel_item.{what}",
            listing.id,
            org_id=listing.partner_id,
            seller_id=listing.org_id.hex,
            external_id=listing.external_id,
            **parts,
        )

    return replace(connections.account(session, connection), tell=tell)


def _locked(session: Session, listing_id: UUID) -> ChannelListing:
    query = select(ChannelListing).where(ChannelListing.id == listing_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one()


def _afresh(session: Session, listing_id: UUID) -> None:
    """A seller who asks for all to be looked at means also what was given up, or waits."""
    listing = _locked(session, listing_id)
    listing.attempts, listing.next_attempt_at = 0, None
    session.add(listing)


def _to_do(connection_id: UUID) -> list[Any]:
    return [
        ChannelListing.connection_id == connection_id,
        ChannelListing.status != ListingStatus.WITHDRAWN,
    ]


def _attempt(job: Job) -> str:
    return f"{job.id.hex}:{job.attempts}"
