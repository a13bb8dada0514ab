"""Tasks of selling abroad."""

from uuid import UUID

from sqlmodel import Session

from api.channels.service import feed_building, feeds, standings
from api.core.jobs import Job
from workers.app import batch_task, task


@batch_task(feeds.TASK)
def build_feed(session: Session, job: Job) -> bool:
    """Write the next offers of a feed."""
    return feed_building.step(session, job)


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
