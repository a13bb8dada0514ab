"""Feeds built anew by themselves when goods have changed. Never commits.

Changes come in heaps: the first one of a heap sets a moment, those that follow before it wait for the
same build. So a feed is built at most once in that time, and one that is being built is built again
afterwards. A feed that nobody has ever built stays as it is.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, exists, or_, select

from api.catalog.models import Offer
from api.channels.models import Feed, FeedBuild
from api.channels.service import feeds
from api.channels.service.feeds import FeedBeingBuilt
from api.core import db, deadlines, settings
from api.core.deadlines import Deadline

DUE = "feed.rebuild_due"
BUILDER = "system:feeds"


def follow_offers(session: Session, offer_ids: Sequence[UUID]) -> None:
    """What is told of these offers has changed, or how many there are."""
    query = select(Offer.seller_id).where(col(Offer.id).in_(offer_ids)).distinct()
    _follow(session, session.exec(query).all())


def follow_seller(session: Session, seller_id: UUID) -> None:
    """A seller may act again, or may not any more."""
    _follow(session, [seller_id])


def renew(session: Session, feed_id: UUID) -> None:
    """The moment has come: have the feed built, or wait again while it is being built."""
    query = select(Feed).where(Feed.id == feed_id, col(Feed.closed_at).is_(None))
    feed = session.exec(query.with_for_update()).one_or_none()
    if feed is None:
        return
    try:
        feeds.ask_build(session, feed, actor=BUILDER)
    except FeedBeingBuilt:
        _arm(session, feed)


def _follow(session: Session, sellers: Sequence[UUID]) -> None:
    if not sellers:
        return
    query = select(Feed).where(
        col(Feed.closed_at).is_(None),
        or_(col(Feed.everybody), col(Feed.org_id).in_(sellers)),
        exists().where(col(FeedBuild.feed_id) == col(Feed.id)),
    )
    found = session.exec(query.order_by(col(Feed.id)).with_for_update()).all()
    set_already = select(Deadline.resource_id).where(
        Deadline.kind == DUE,
        col(Deadline.resource_id).in_([feed.id for feed in found]),
        col(Deadline.fired_at).is_(None),
    )
    waiting = {*session.exec(set_already)}
    for feed in found:
        if feed.id not in waiting:
            _arm(session, feed)


def _arm(session: Session, feed: Feed) -> None:
    at = db.now(session) + timedelta(seconds=settings.get().feed_rebuild_seconds)
    deadlines.arm(session, DUE, feed.id, at, org_id=feed.org_id)
