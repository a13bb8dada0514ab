"""The whole index anew, in the background: for a new encoder, a new glossary, or after a fault.

New vectors are written beside the old ones, which a process with the old encoder goes on using;
when every offer and open request has them, the encoder becomes the current one.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, not_
from sqlmodel import Session, col, select

from api.core import audit, jobs
from api.core.jobs import Job
from api.core.outbox import emit
from api.matching import codec, demands, engine, index, supplies, vectors
from api.matching.models import DemandItem, DemandVector, OfferVector

TASK = "matching.reindex"
_BATCH = 64


def start(session: Session, *, org_id: UUID | None, actor: str) -> Job:
    """Ask for the index to be written anew; the job tells how far it is."""
    job = jobs.enqueue(session, TASK, {}, org_id=org_id)
    session.flush()
    change = {"job": job.id.hex, "encoder": vectors.encoder().name}
    audit.record(session, "matching:index", "reindex", actor=actor, org_id=org_id, change=change)
    return job


def step(session: Session, job: Job) -> bool:
    """One batch of offers, or one open request; True when the new vectors are in use."""
    cursor: dict[str, Any] = dict(job.cursor or {"phase": "offers", "after": None})
    last = UUID(hex=cursor["after"]) if cursor["after"] else None
    if job.progress_total is None:
        job.progress_total = supplies.count(session) + _open_tenders(session)
    done = _offers(session, last) if cursor["phase"] == "offers" else _tender(session, last)
    if done:
        job.progress_done += len(done)
        job.cursor = {**cursor, "after": done[-1].hex}
        return False
    if cursor["phase"] == "offers":
        job.cursor = {"phase": "requests", "after": None}
        return False
    _finish(session, job)
    return True


def _offers(session: Session, last: UUID | None) -> list[UUID]:
    ids = supplies.ids_after(session, last, _BATCH)
    index.index_offers(session, ids, again=True)
    return ids


def _tender(session: Session, last: UUID | None) -> list[UUID]:
    query = select(DemandItem.tender_id).where(col(DemandItem.closed_at).is_(None))
    if last:
        query = query.where(DemandItem.tender_id > last)
    tender_id = session.exec(query.order_by(col(DemandItem.tender_id)).limit(1)).first()
    if tender_id is None:
        return []
    rows = demands.of_tender(session, tender_id)
    engine.match_demands(session, [codec.demand_in(row.content) for row in rows])
    return [tender_id]


def _open_tenders(session: Session) -> int:
    query = select(func.count(func.distinct(DemandItem.tender_id)))
    return session.exec(query.where(col(DemandItem.closed_at).is_(None))).one()


def _finish(session: Session, job: Job) -> None:
    """Switch to this encoder and drop the vectors of the others."""
    now = vectors.encoder()
    vectors.switch(session)
    for table in (OfferVector, DemandVector):
        mine = and_(col(table.model_name) == now.name, col(table.model_version) == now.version)
        session.exec(delete(table).where(not_(mine)))
    job.result = {"encoder": now.name, "version": now.version, "written": job.progress_done}
    emit(session, "matching.reindexed", job.id, org_id=job.org_id, encoder=now.name)
