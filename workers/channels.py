"""Tasks of selling abroad."""

from uuid import UUID

from sqlmodel import Session

from api.channels.service import (
    connections,
    feed_building,
    feed_renewal,
    feeds,
    listings,
    polling,
    standings,
    syncing,
)
from api.core.jobs import Job
from workers.app import batch_task, task


@batch_task(feeds.TASK)
def build_feed(session: Session, job: Job) -> bool:
    """Write the next offers of a feed."""
    return feed_building.step(session, job)


@task("channels.follow_goods")
def follow_goods(session: Session, resource_ids: list[str]) -> None:
    """What feeds tell of offers has changed."""
    feed_renewal.follow_offers(session, [UUID(hex=each) for each in resource_ids])


@task("channels.follow_seller")
def follow_seller(session: Session, resource_id: str) -> None:
    """A seller may have been suspended: feeds show nothing of it."""
    feed_renewal.follow_seller(session, UUID(hex=resource_id))


@task("channels.renew_feed")
def renew_feed(session: Session, resource_id: str) -> None:
    """Goods have changed a while ago: the feed is built anew."""
    feed_renewal.renew(session, UUID(hex=resource_id))


@task("channels.assess_offers")
def assess_offers(session: Session, resource_ids: list[str]) -> None:
    """Offers were shown or changed: their products may be ready for a market, or no more."""
    standings.assess_offers(session, [UUID(hex=each) for each in resource_ids])


@task("channels.assess_product")
def assess_product(session: Session, resource_id: str) -> None:
    """A product has another label."""
    standings.assess_product(session, UUID(hex=resource_id))


@task("channels.assess_permitted")
def assess_permitted(session: Session, resource_id: str) -> None:
    """An exporter may do more, or less."""
    standings.assess_permitted(session, UUID(hex=resource_id))


@batch_task(standings.ASSESS)
def assess_products(session: Session, job: Job) -> bool:
    """Look at the next products again."""
    return standings.step(session, job)


@task("channels.review")
def review(session: Session, resource_id: str) -> None:
    """A day has begun, on which permissions lapse and rows of markets begin."""
    standings.review(session)


@batch_task(connections.AUTHORISE)
def authorise(session: Session, job: Job) -> bool:
    """A seller has agreed: ask the channel for credentials."""
    return connections.authorise_step(session, job)


@batch_task(listings.SYNC)
def sync(session: Session, job: Job) -> bool:
    """The next piece of work of a connection's listings."""
    return syncing.step_all(session, job)


@batch_task(listings.SYNC_LISTING)
def sync_listing(session: Session, job: Job) -> bool:
    """The next piece of work of one listing."""
    return syncing.step_one(session, job)


@batch_task("channels.poll")
def poll(session: Session, job: Job) -> bool:
    """The next page of orders and inquiries of a connection."""
    return polling.step(session, job)


@task("channels.follow_offers")
def follow_offers(session: Session, resource_ids: list[str]) -> None:
    """Offers have changed: what is shown of them elsewhere changes too."""
    listings.follow_offers(session, [UUID(hex=each) for each in resource_ids])


@task("channels.follow_permission")
def follow_permission(session: Session, resource_id: str) -> None:
    """A permission has come or is gone: what hangs on it is shown, or not any more."""
    listings.follow_permission(session, UUID(hex=resource_id))


@task("channels.follow_connection")
def follow_connection(session: Session, resource_id: str) -> None:
    """A channel lets us act for a seller: what had to wait goes on."""
    listings.follow_connection(session, UUID(hex=resource_id))
