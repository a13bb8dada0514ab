"""What came of asking a channel, as it is noted of a listing. Never commits."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel import Session

from api.channels import adapters
from api.channels.adapters.port import Condition, Fault, Unavailable
from api.channels.models import ChannelConnection, ChannelListing
from api.channels.service import listings
from api.core import deadlines
from api.rules import channel_listings as rules
from api.rules.channel_listings import (
    MOST_ATTEMPTS,
    ListingStatus,
    ListingTarget,
    Part,
    Work,
)
from api.rules.clock import BISHKEK

ATTEMPT_DUE, READINESS_ENDS = "channel_listing.attempt_due", "channel_listing.readiness_ends"
ASK_AFTER = timedelta(minutes=10)
UNANSWERED = "unanswered"
UNPUBLISHED = frozenset({ListingStatus.PENDING, ListingStatus.FAILED})
PART = {Work.PRICE: Part.PRICE, Work.STOCK: Part.STOCK}


def taken(
    session: Session, listing: ChannelListing, said: Condition, parts: Mapping[str, Any]
) -> None:
    """The channel has taken it, and looks it through."""
    listing.external_id, listing.intent = said.external_id, None
    listing.sent, listing.refused = dict(parts), None
    move(session, listing, "submit")


def answered(session: Session, listing: ChannelListing, said: Condition) -> bool:
    """What the channel has said of an item that it looks through; True: nothing yet."""
    match said.status:
        case ListingStatus.LIVE:
            move(session, listing, "go_live")
        case ListingStatus.PAUSED:
            move(session, listing, "pause")
        case ListingStatus.REJECTED:
            move(session, listing, "reject", said.faults)
        case ListingStatus.WITHDRAWN:
            move(session, listing, "withdraw")
        case _:
            return True
    return False


def refuse(
    session: Session,
    listing: ChannelListing,
    work: Work,
    faults: list[Fault],
    parts: Mapping[str, Any],
) -> bool:
    """The channel does not take it. What is there already stays there as it is."""
    listing.intent, listing.attempts, listing.next_attempt_at = None, 0, None
    if listing.status in UNPUBLISHED:
        move(session, listing, "reject", faults)
        return True
    names = [PART[work]] if work in PART else [*Part]
    now = {part.value: parts.get(part.value) for part in names}
    listing.refused = {**(listing.refused or {}), **now}
    listing.faults = [listings.told(each) for each in faults]
    listing.version += 1
    session.add(listing)
    listings.tell(session, listing, "update_refused")
    return False


def failed(
    session: Session,
    listing: ChannelListing,
    connection: ChannelConnection,
    work: Work,
    error: Unavailable,
    now: datetime,
) -> bool:
    """Try again later, and not for ever; but what must not be shown is taken down however long
    that takes."""
    if work is Work.ADD and listing.intent is not None:
        listing.intent = UNANSWERED
    listing.attempts += 1
    listing.last_error = str(error)[:500]
    if error.retry_after is not None:
        asked = min(max(error.retry_after, 0.0), rules.MOST_RETRY_AFTER)
        connection.not_before = now + timedelta(seconds=asked)
        session.add(connection)
    if listing.status is ListingStatus.PENDING:
        move(session, listing, "fail")
    if listing.attempts >= MOST_ATTEMPTS and listing.target is not ListingTarget.WITHDRAWN:
        listing.next_attempt_at = None
        listings.tell(session, listing, "failed")
    else:
        seconds = rules.wait_seconds(
            listing.attempts, jitter=random.random(), retry_after=error.retry_after
        )
        later(session, listing, now + timedelta(seconds=seconds))
    session.add(listing)
    return True


def rest(session: Session, listing: ChannelListing, now: datetime) -> None:
    """Nothing is to be done until something changes, or what the market asks runs out."""
    deadlines.disarm(session, ATTEMPT_DUE, listing.id)
    if listing.status is ListingStatus.WITHDRAWN or listing.ready_until is None:
        deadlines.disarm(session, READINESS_ENDS, listing.id)
        return
    ends = datetime.combine(listing.ready_until + timedelta(days=1), time.min, BISHKEK)
    deadlines.arm(session, READINESS_ENDS, listing.id, ends, org_id=listing.org_id)


def ask_later(session: Session, listing: ChannelListing, now: datetime) -> None:
    """The channel looks it through: ask again, and do not miss the end of a permission."""
    rest(session, listing, now)
    if adapters.of(session.get_one(ChannelConnection, listing.connection_id).channel).polled:
        later(session, listing, now + ASK_AFTER)


def later(session: Session, listing: ChannelListing, at: datetime) -> None:
    """Look at it again then."""
    listing.next_attempt_at = at
    session.add(listing)
    deadlines.arm(session, ATTEMPT_DUE, listing.id, at, org_id=listing.org_id)


def move(
    session: Session, listing: ChannelListing, action: str, faults: Sequence[Fault] = ()
) -> None:
    """As the worker does it."""
    listings.move(session, listing, action, "worker", faults=faults)
