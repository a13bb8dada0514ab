"""Tasks of events and webhooks."""

from sqlmodel import Session

from api.core import settings
from api.core.jobs import Job
from api.webhooks import feed
from workers.app import batch_task


@batch_task("webhooks.prune_events")
def prune_events(session: Session, job: Job) -> bool:
    """Delete events that are older than they are kept, a batch at a time."""
    return not feed.prune(session, days=settings.get().events_keep_days)
