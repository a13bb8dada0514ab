"""Listings as sellers steer them and as partners answer: what is wanted, and who may see it.

What is done about it is service/syncing.py. Never commits.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.catalog.models import Offer
from api.channels.adapters.port import Fault
from api.channels.models import ChannelConnection, ChannelListing, ExportPermission
from api.channels.schemas.listings import ChannelListingIn, ChannelListingPatch
from api.channels.service import connections
from api.core import audit, db, jobs, pages
from api.core.errors import AlreadyExists, Conflict, NotFound, refused
from api.core.jobs import Job
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.rules.channel_listings import (
    LISTING,
    ConnectionStatus,
    ListingStatus,
    ListingTarget,
)
from api.rules.states import IllegalTransition

SYNC_LISTING, SYNC = "channels.sync_listing", "channels.sync"
RELISTED = "relisted"
"""The intent of one that was there before: the channel is asked whether it still has it."""
_EVENTS = {
    "submit": "submitted",
    "go_live": "live",
    "reject": "rejected",
    "pause": "paused",
    "withdraw": "withdrawn",
}
_SHOWN = frozenset({ListingStatus.PENDING, ListingStatus.SUBMITTED, ListingStatus.LIVE})


class ConnectionEnded(Conflict):
    """The connection is disconnected, or the channel does not let us act for the seller."""

    code, title = "connection_ended", "The connection to the channel has ended"


def create(session: Session, *, org_id: UUID, actor: str, data: ChannelListingIn) -> ChannelListing:
    """Ask that an offer is listed. Raises Invalid, ConnectionEnded, and AlreadyExists."""
    connection = _connection(session, org_id, data.connection_id)
    offer = session.exec(
        select(Offer).where(Offer.id == data.offer_id, Offer.seller_id == org_id)
    ).one_or_none()
    if offer is None:
        raise refused("#/offer_id", "unknown", "You have no such offer.")
    if connection.status is ConnectionStatus.DISCONNECTED:
        raise ConnectionEnded
    listing = ChannelListing(
        org_id=org_id,
        connection_id=connection.id,
        offer_id=offer.id,
        partner_id=connection.partner_id,
        reference="",
        category=data.category,
        keywords=data.keywords,
        stock=data.stock,
    )
    listing.reference = f"KB-{listing.id.hex}".upper()
    session.add(listing)
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyExists("The offer has a listing on this connection.") from error
    _record(session, listing, "create", actor)
    due(session, listing)
    return listing


def change(
    session: Session, listing: ChannelListing, *, actor: str, data: ChannelListingPatch
) -> ChannelListing:
    """Other words, category or stock; one that was rejected is sent again. Raises Conflict."""
    if listing.status is ListingStatus.WITHDRAWN:
        raise Conflict("It is withdrawn: resubmit it first.")
    for name in data.model_fields_set:
        setattr(listing, name, getattr(data, name))
    return _again(session, listing, "change", actor)


def aim(
    session: Session, listing: ChannelListing, *, actor: str, target: ListingTarget
) -> ChannelListing:
    """Pause, resume or withdraw. Raises Conflict for one that cannot be."""
    paused = target is ListingTarget.PAUSED
    if listing.status is ListingStatus.WITHDRAWN or (
        listing.target is ListingTarget.WITHDRAWN and target is not ListingTarget.WITHDRAWN
    ):
        raise Conflict("It is withdrawn: resubmit it.")
    if paused and listing.status not in _SHOWN:
        raise Conflict(f"Cannot pause while {listing.status.value}.")
    listing.target = target
    return _again(session, listing, f"aim_{target.value}", actor, revised=False)


def resubmit(session: Session, listing: ChannelListing, *, actor: str) -> ChannelListing:
    """Have what was rejected, given up or withdrawn listed anew. Raises Conflict."""
    connection = session.get_one(ChannelConnection, listing.connection_id)
    if not connection.status.is_open:
        raise ConnectionEnded
    if listing.status is ListingStatus.WITHDRAWN:
        listing.intent = RELISTED
    _apply(listing, "revise")
    listing.target = ListingTarget.LIVE
    return _again(session, listing, "resubmit", actor, revised=False)


def accept(
    session: Session, listing: ChannelListing, *, actor: str, external_id: str | None
) -> ChannelListing:
    """The partner shows it, under a name of its own. Raises Conflict."""
    if listing.target is ListingTarget.WITHDRAWN or listing.status is not ListingStatus.SUBMITTED:
        raise Conflict("It is not offered to you now.")
    listing.external_id = external_id or listing.external_id
    return move(session, listing, "go_live", actor, by_partner=True)


def reject(
    session: Session, listing: ChannelListing, *, actor: str, faults: Sequence[Fault]
) -> ChannelListing:
    """The partner does not show it, or not any more. Raises Conflict."""
    return move(session, listing, "reject", actor, faults=faults, by_partner=True)


def due(session: Session, listing: ChannelListing) -> Job:
    """Have a worker look at it."""
    args = {"resource_id": listing.id.hex}
    return jobs.enqueue(session, SYNC_LISTING, args, org_id=listing.org_id)


def follow_offers(session: Session, offer_ids: Sequence[UUID]) -> None:
    """Offers, or their products, have changed: their listings are looked at, and what was rejected
    is sent again."""
    _follow(session, col(ChannelListing.offer_id).in_(offer_ids))


def follow_permission(session: Session, permission_id: UUID) -> None:
    """A permission has come, or is gone: the seller's listings in its market are looked at."""
    permission = session.get_one(ExportPermission, permission_id)
    of_market = select(ChannelConnection.id).where(
        ChannelConnection.org_id == permission.org_id,
        ChannelConnection.market == permission.market,
    )
    _follow(session, col(ChannelListing.connection_id).in_(of_market))


def follow_connection(session: Session, connection_id: UUID) -> None:
    """The channel lets us act again: what had to wait is looked at."""
    _follow(session, col(ChannelListing.connection_id) == connection_id, revised=False)


def _follow(session: Session, where: ColumnElement[bool], *, revised: bool = True) -> None:
    """Look at each, also at what was given up."""
    query = select(ChannelListing).where(ChannelListing.status != ListingStatus.WITHDRAWN, where)
    rows = session.exec(query.order_by(col(ChannelListing.id)).with_for_update()).all()
    for listing in rows:
        if revised and listing.status is ListingStatus.REJECTED:
            _again(session, listing, "follow", "worker")
            continue
        listing.attempts, listing.next_attempt_at = 0, None
        session.add(listing)
        due(session, listing)


def get(
    session: Session,
    listing_id: UUID,
    *,
    org_id: UUID,
    partner: bool = False,
    lock: bool = False,
) -> ChannelListing:
    """A listing of the organisation, or one offered to it as `partner`; NotFound."""
    whose = _offered(org_id) if partner else col(ChannelListing.org_id) == org_id
    query = select(ChannelListing).where(ChannelListing.id == listing_id, whose)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def seen(session: Session, listing_id: UUID, *, org_id: UUID) -> ChannelListing:
    """A listing for its seller or its partner to read; NotFound."""
    query = select(ChannelListing).where(ChannelListing.id == listing_id, _visible(org_id))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_listings(
    session: Session,
    org_id: UUID,
    page: PageQuery,
    *,
    connection_id: UUID | None,
    status: ListingStatus | None,
) -> tuple[Sequence[ChannelListing], str | None]:
    """Listings of the organisation, or offered to it, the newest first."""
    query = select(ChannelListing).where(_visible(org_id))
    if connection_id is not None:
        query = query.where(ChannelListing.connection_id == connection_id)
    if status is not None:
        query = query.where(ChannelListing.status == status)
    scope, filters = f"channel-listings:{org_id}", {"connection": connection_id, "status": status}
    return pages.newest_first(session, query, ChannelListing, page, scope=scope, filters=filters)


def move(
    session: Session,
    listing: ChannelListing,
    action: str,
    actor: str,
    *,
    faults: Sequence[Fault] = (),
    by_partner: bool = False,
) -> ChannelListing:
    """The one place that tells of a new `channel_listing.status`. Raises Conflict."""
    _apply(listing, action)
    listing.faults = [told(each) for each in faults]
    if action in ("submit", "go_live") and listing.published_at is None:
        listing.published_at = db.now(session)
    if action == "withdraw":
        listing.external_id, listing.sent, listing.refused = None, None, None
    listing.version += 1
    session.add(listing)
    _record(session, listing, action, actor, by_partner=by_partner)
    if action in _EVENTS:
        tell(session, listing, _EVENTS[action])
    return listing


def tell(session: Session, listing: ChannelListing, what: str) -> None:
    """An event to the listing's seller."""
    emit(
        session,
        f"channel_listing.{what}",
        listing.id,
        org_id=listing.org_id,
        connection_id=listing.connection_id.hex,
        offer_id=listing.offer_id.hex,
        status=listing.status.value,
        external_id=listing.external_id,
        faults=listing.faults,
        version=listing.version,
    )


def told(fault: Fault) -> dict[str, Any]:
    """A fault as it is stored and shown."""
    return {
        "pointer": fault.pointer,
        "code": fault.code,
        "detail": fault.detail[:500],
        "channel_code": fault.channel_code,
    }


def _visible(org_id: UUID) -> ColumnElement[bool]:
    return or_(col(ChannelListing.org_id) == org_id, _offered(org_id))


def _offered(org_id: UUID) -> ColumnElement[bool]:
    """What has been offered to a partner, and is not taken back."""
    return and_(
        col(ChannelListing.partner_id) == org_id, col(ChannelListing.external_id).is_not(None)
    )


def _connection(session: Session, org_id: UUID, connection_id: UUID) -> ChannelConnection:
    try:
        return connections.get(session, connection_id, org_id=org_id)
    except NotFound:
        detail = "You have no such connection."
        raise refused("#/connection_id", "unknown", detail) from None


def _again(
    session: Session, listing: ChannelListing, what: str, actor: str, *, revised: bool = True
) -> ChannelListing:
    if revised and listing.status is ListingStatus.REJECTED:
        _apply(listing, "revise")
    listing.attempts, listing.next_attempt_at = 0, None
    listing.version += 1
    session.add(listing)
    _record(session, listing, what, actor)
    due(session, listing)
    return listing


def _apply(listing: ChannelListing, action: str) -> None:
    """The one place that writes `channel_listing.status`."""
    try:
        listing.status = LISTING.apply(action, listing.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error


def _record(
    session: Session, listing: ChannelListing, action: str, actor: str, *, by_partner: bool = False
) -> None:
    """A partner's answers are a stream of its own: it does not see what the seller did."""
    stock: Decimal | None = listing.stock
    audit.record(
        session,
        f"{'channelanswer' if by_partner else 'channellisting'}:{listing.id.hex}",
        action,
        actor=actor,
        org_id=listing.partner_id if by_partner else listing.org_id,
        change={
            "offer_id": listing.offer_id.hex,
            "connection_id": listing.connection_id.hex,
            "target": listing.target.value,
            "status": listing.status.value,
            "external_id": listing.external_id,
            "category": listing.category,
            "keywords": listing.keywords,
            "stock": None if stock is None else f"{stock.normalize():f}",
            "faults": listing.faults,
        },
    )
