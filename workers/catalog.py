"""Tasks of the catalogue."""

from uuid import UUID

from sqlmodel import Session

from api.catalog import certificates, imports, offers
from api.core.jobs import Job
from workers.app import batch_task, task


@batch_task(imports.TASK)
def import_offers(session: Session, job: Job) -> bool:
    """Take the next rows of an uploaded file."""
    return imports.step(session, job)


@task("catalog.expire_offer")
def expire_offer(session: Session, resource_id: str) -> None:
    """End an offer after the last day of its validity."""
    offers.expire(session, UUID(resource_id))


@task("catalog.announce_certificate")
def announce_certificate(session: Session, resource_id: str) -> None:
    """Have the offers matched anew that showed a certificate which has run out."""
    certificates.announce(session, UUID(resource_id))
