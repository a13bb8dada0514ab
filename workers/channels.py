"""Tasks of selling abroad."""

from sqlmodel import Session

from api.channels.service import feed_building, feeds
from api.core.jobs import Job
from workers.app import batch_task


@batch_task(feeds.TASK)
def build_feed(session: Session, job: Job) -> bool:
    """Write the next offers of a feed."""
    return feed_building.step(session, job)
