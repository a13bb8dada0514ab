"""Tasks of sourcing, and where it meets matching."""

from uuid import UUID

from sqlmodel import Session

from api.core.jobs import Job
from api.matching import service as matching
from api.rules.matching import RequestKind
from api.sourcing.service import demands, quotes, rfqs
from workers.app import batch_task, task


@batch_task("sourcing.match_rfq")
def match_rfq(session: Session, job: Job) -> bool:
    """Register the items of a published or amended request, then match them, in two steps as a
    tender's are."""
    rfq_id = UUID(hex=job.args["resource_id"])
    if job.cursor:
        matching.match_tender(session, rfq_id)
        return True
    found = demands.demands(session, rfq_id)
    matching.register(session, found, kind=RequestKind.RFQ)
    job.cursor = {"registered": len(found)}
    return not found


@task("sourcing.close_demand")
def close_demand(session: Session, resource_id: str) -> None:
    """Look for no more offers once quotes are not taken any more."""
    matching.close(session, UUID(hex=resource_id))


@task("sourcing.forget_demand")
def forget_demand(session: Session, resource_id: str) -> None:
    """Drop what matching keeps of a cancelled request."""
    matching.forget_tender(session, UUID(hex=resource_id))


@task("sourcing.close_rfq")
def close_rfq(session: Session, resource_id: str) -> None:
    """The deadline of a request may have passed."""
    rfqs.close_due(session, UUID(hex=resource_id))


@task("sourcing.expire_quote")
def expire_quote(session: Session, resource_id: str) -> None:
    """The validity of a quote may be over."""
    quotes.expire_due(session, UUID(hex=resource_id))
