"""Tasks of the catalogue."""

from uuid import UUID

from sqlmodel import Session

from api.catalog import certificates, images, imports, offers, samples
from api.core import db
from api.core.jobs import Job
from workers import observed
from workers.app import batch_task, task


@batch_task(imports.TASK)
def import_offers(session: Session, job: Job) -> bool:
    """Take the next rows of an uploaded file."""
    before = dict(job.result or {})
    finished = imports.step(session, job)
    now = job.result or {}
    taken = {name: now.get(name, 0) - before.get(name, 0) for name in imports.COUNTS}
    db.after_commit(session, lambda: observed.rows_taken(taken))
    return finished


@task("catalog.expire_offer")
def expire_offer(session: Session, resource_id: str) -> None:
    """End an offer after the last day of its validity."""
    offers.expire(session, UUID(resource_id))


@task("catalog.lapse_sample")
def lapse_sample(session: Session, resource_id: str) -> None:
    """End a sample that nobody has answered or assessed in time."""
    samples.lapse(session, UUID(resource_id))


@task("catalog.announce_certificate")
def announce_certificate(session: Session, resource_id: str) -> None:
    """Have the offers matched anew that showed a certificate which has run out."""
    certificates.announce(session, UUID(resource_id))


@task("catalog.notify_certificate")
def notify_certificate(session: Session, resource_id: str) -> None:
    """Tell that a certificate runs out soon."""
    certificates.notify(session, UUID(resource_id))


@task("catalog.read_image")
def read_image(session: Session, resource_id: str) -> None:
    """An image has come that may be read."""
    images.read(session, UUID(resource_id))


@task("catalog.read_images_of_file")
def read_images_of_file(session: Session, resource_id: str) -> None:
    """A scanner has cleared a file, which may be an image."""
    images.read_of_file(session, UUID(resource_id))


@task("catalog.refuse_images_of_file")
def refuse_images_of_file(session: Session, resource_id: str) -> None:
    """A scanner has condemned a file, which may be an image."""
    images.refuse_of_file(session, UUID(resource_id))
