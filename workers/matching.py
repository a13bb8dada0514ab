"""Tasks of matching, and where it meets procurement.

What must be seen by others before the search begins is committed in a step of its own: an offer
that is indexed while a request is matched is then found by the one or by the other.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlmodel import Session

from api.core.jobs import Job
from api.matching import digests, duplicates, reindex
from api.matching import service as matching
from api.procurement import service as procurement
from workers.app import batch_task, task

REVERSE_BATCH = 20


@batch_task("matching.match_tender")
def match_tender(session: Session, job: Job) -> bool:
    """Register the items of a published or amended tender, then match them.

    Without active lots there is nothing left to match; what only the invited can answer is closed.
    """
    tender_id = UUID(hex=job.args["resource_id"])
    if procurement.is_for_the_invited(session, tender_id):
        return True
    if job.cursor:
        matching.match_tender(session, tender_id)
        return True
    demands = procurement.demands(session, tender_id)
    if demands:
        matching.register(session, demands)
    else:
        matching.forget_tender(session, tender_id)
    job.cursor = {"registered": len(demands)}
    return not demands


@batch_task("matching.index_offers")
def index_offers(session: Session, job: Job) -> bool:
    """Bring the index up to date with offers, then look for open requests that they answer."""
    return _index(session, job, lambda: [UUID(hex=i) for i in job.args["resource_ids"]])


@batch_task("matching.index_seller")
def index_seller(session: Session, job: Job) -> bool:
    """A seller has changed, and with it all that it offers."""
    seller_id = UUID(hex=job.args["resource_id"])
    return _index(session, job, lambda: matching.ids_of_seller(session, seller_id))


@batch_task("matching.rematch_seller")
def rematch_seller(session: Session, job: Job) -> bool:
    """A seller's scorecard says something else: what it offers fits open requests differently."""
    if not job.cursor:
        seller_id = UUID(hex=job.args["resource_id"])
        return _begin(job, matching.ids_of_seller(session, seller_id))
    return _match_next(session, job, job.cursor["left"])


def _index(session: Session, job: Job, offers: Callable[[], list[UUID]]) -> bool:
    if not job.cursor:
        found = offers()
        duplicates.ask(session, matching.index_offers(session, found).written)
        return _begin(job, found)
    return _match_next(session, job, job.cursor["left"])


def _begin(job: Job, offers: Sequence[UUID]) -> bool:
    job.cursor = {"left": [offer_id.hex for offer_id in offers]}
    job.progress_total = len(offers)
    return not offers


def _match_next(session: Session, job: Job, waiting: list[str]) -> bool:
    now, left = waiting[:REVERSE_BATCH], waiting[REVERSE_BATCH:]
    for offer_id in now:
        matching.match_offer_to_open(session, UUID(hex=offer_id))
    job.cursor, job.progress_done = {"left": left}, job.progress_done + len(now)
    return not left


@task("matching.forget_tender")
def forget_tender(session: Session, resource_id: str) -> None:
    """Drop what is kept of a cancelled tender."""
    matching.forget_tender(session, UUID(hex=resource_id))


@task("matching.close_tender")
def close_tender(session: Session, resource_id: str) -> None:
    """Look for no more offers once a tender's period has ended."""
    matching.close(session, UUID(hex=resource_id))


@batch_task(duplicates.TASK)
def find_duplicates(session: Session, job: Job) -> bool:
    """What newly indexed products are likely the same as."""
    return duplicates.step(session, job)


@task("matching.find_duplicates_of_image")
def find_duplicates_of_image(session: Session, resource_id: str) -> None:
    """A picture can be compared now."""
    duplicates.ask_of_image(session, UUID(hex=resource_id))


@task("matching.reopen_duplicate")
def reopen_duplicate(session: Session, resource_id: str) -> None:
    """A change of a product came to nothing: it may have been to join it to another."""
    duplicates.reopen(session, UUID(hex=resource_id))


@task("matching.send_digest")
def send_digest(session: Session, resource_id: str) -> None:
    """The morning has come on which a seller's people want to read of requests."""
    digests.send_due(session, UUID(hex=resource_id))


@batch_task(reindex.TASK)
def reindex_all(session: Session, job: Job) -> bool:
    """The next batch of the whole index."""
    return matching.reindex_step(session, job)
