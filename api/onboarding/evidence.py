"""Documents by which organisations are verified: laid before the operator, reviewed by another
person. Never commits: the caller owns the transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, BinaryIO
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, db, deadlines, pages, rows
from api.core.errors import Conflict, NotFound, refused
from api.core.files import service as files
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.identity import evidence_lists, levels
from api.identity.models import Attestation, Organisation
from api.onboarding.models import Evidence
from api.onboarding.problems import EvidenceLapsed, ReviewedAlone
from api.onboarding.schemas import AcceptIn, EvidenceIn, RejectIn
from api.rules import expiry
from api.rules.clock import local_date
from api.rules.offers import validity_end
from api.rules.states import IllegalTransition
from api.rules.verification import EVIDENCE, EvidenceStatus, accepted_through

NOTICE_DUE = "evidence.notice_due"


def submit(
    session: Session, *, org_id: UUID, actor: str, data: EvidenceIn, file: BinaryIO
) -> Evidence:
    """Lay a document before the operator. Raises Invalid for a kind that no list in force asks for,
    days that are in no order, and for a file that cannot be read as what its name says."""
    today = local_date(db.now(session))
    known = evidence_lists.in_force(today).kinds
    if data.kind not in known:
        detail = f"Known are {', '.join(sorted(known))}."
        raise refused("#?query/kind", "unknown_evidence_kind", detail)
    if data.valid_through is not None and data.valid_through < data.valid_from:
        detail = "The document would end before it begins."
        raise refused("#?query/valid_through", "before_start", detail)
    kept = files.receive(session, org_id=org_id, actor=actor, file=file, name=data.name)
    row = Evidence(org_id=org_id, file_id=kept.id, uploaded_by=actor, **data.model_dump())
    session.add(row)
    session.flush()
    row.file = kept
    _log(session, row, "submit", actor, {"kind": row.kind, "sha256": kept.sha256})
    return row


def get(session: Session, evidence_id: UUID, *, org_id: UUID | None) -> Evidence:
    """A document of an organisation, or of any (None, for the operator); NotFound."""
    found = session.get(Evidence, evidence_id)
    if found is None or org_id not in (None, found.org_id):
        raise NotFound
    return found


def lock(session: Session, evidence_id: UUID, *, org_id: UUID | None) -> Evidence:
    """The same, locked for a change."""
    found = rows.locked(session, Evidence, evidence_id)
    if org_id not in (None, found.org_id):
        raise NotFound
    return found


def list_evidence(
    session: Session,
    page: PageQuery,
    *,
    org_id: UUID | None,
    status: EvidenceStatus | None,
    scope: str,
) -> tuple[Sequence[Evidence], str | None]:
    """Documents of an organisation, or of all (None, for the operator), newest first."""
    query = select(Evidence)
    if org_id is not None:
        query = query.where(Evidence.org_id == org_id)
    if status is not None:
        query = query.where(Evidence.status == status)
    filters = {"organisation": org_id, "status": status}
    return pages.newest_first(session, query, Evidence, page, scope=scope, filters=filters)


def accept(session: Session, row: Evidence, *, actor: str, data: AcceptIn) -> Evidence:
    """Take a document as evidence, for the days that the reviewer has read on it; the list says how
    long it counts at most.

    Raises ReviewedAlone, FileWithheld, EvidenceLapsed, Conflict, and Invalid for days in no order.
    """
    _by_another(row, actor)
    files.require_given(row.file)
    today = local_date(db.now(session))
    begins = data.valid_from or row.valid_from
    stated = data.valid_through or row.valid_through
    if stated is not None and stated < begins:
        detail = "The document would end before it begins."
        raise refused("#/valid_through", "before_start", detail)
    through = accepted_through(begins, stated, _months(row.kind, today), today)
    if through < today:
        raise EvidenceLapsed(f"Its last day was {through.isoformat()}.")
    made = Attestation(
        organisation_id=row.org_id, kind=row.kind, valid_from=begins, valid_through=through
    )
    session.add(made)
    session.flush()
    row.attestation_id, row.valid_from, row.valid_through = made.id, begins, through
    row.told = expiry.passed_at(through, today)
    change = {
        "valid_from": begins.isoformat(),
        "valid_through": through.isoformat(),
        "note": data.note,
    }
    row.reason = data.note
    _reviewed(session, row, "accept", actor, change)
    _arm(session, row, today)
    _changed(session, row.org_id)
    return row


def reject(session: Session, row: Evidence, *, actor: str, data: RejectIn) -> Evidence:
    """Say why a document is not taken: it stays with what was said of it. ReviewedAlone, Conflict."""
    _by_another(row, actor)
    row.rejection, row.reason = data.code, data.reason
    _reviewed(session, row, "reject", actor, {"code": data.code, "reason": data.reason})
    return row


def withdraw(session: Session, row: Evidence, *, actor: str) -> Evidence:
    """Take a document back before it is reviewed; Conflict after that."""
    _move(session, row, "withdraw", actor, {})
    return row


def revoke(session: Session, row: Evidence, *, actor: str, reason: str) -> Evidence:
    """What was accepted proves nothing from today on. ReviewedAlone for its owner; Conflict."""
    _by_another(row, actor)
    row.reason = reason
    _reviewed(session, row, "revoke", actor, {"reason": reason})
    attestation = session.get(Attestation, row.attestation_id, with_for_update=True)
    assert attestation is not None
    attestation.ended_on = local_date(db.now(session))
    deadlines.disarm(session, NOTICE_DUE, row.id)
    _changed(session, row.org_id)
    return row


def notify(session: Session, evidence_id: UUID) -> None:
    """Tell once that accepted evidence runs out in 90, 30 or 7 days, or has; not of what was renewed."""
    row = rows.locked(session, Evidence, evidence_id)
    if row.status is not EvidenceStatus.ACCEPTED or row.valid_through is None:
        return
    today = local_date(db.now(session))
    notice = expiry.due(row.valid_through, today, row.told)
    _arm(session, row, today)
    if notice is None:
        return
    row.told = expiry.passed_at(row.valid_through, today)
    if _renewed(session, row):
        return
    emit(
        session,
        "evidence.expires_soon" if notice else "evidence.expired",
        row.id,
        org_id=row.org_id,
        kind=row.kind,
        valid_through=row.valid_through.isoformat(),
        days_left=max(0, expiry.days_left(row.valid_through, today)),
    )


def _renewed(session: Session, row: Evidence) -> bool:
    """True when other evidence of the kind goes on where this one ends."""
    assert row.valid_through is not None
    later = select(Attestation.id).where(
        Attestation.organisation_id == row.org_id,
        Attestation.kind == row.kind,
        col(Attestation.valid_from) <= row.valid_through,
        col(Attestation.valid_through) > row.valid_through,
        col(Attestation.ended_on).is_(None),
    )
    return session.exec(later.limit(1)).first() is not None


def _months(kind: str, today: date) -> int:
    """How long a kind counts at most: by the list in force, or the newest that knows it."""
    lists = (evidence_lists.in_force(today), *evidence_lists.shipped())
    return next(each.kinds[kind].months for each in lists if kind in each.kinds)


def _arm(session: Session, row: Evidence, today: date) -> None:
    assert row.valid_through is not None
    day = expiry.next_day(row.valid_through, today)
    if day is not None:
        due = validity_end(date.fromordinal(day.toordinal() - 1))
        deadlines.arm(session, NOTICE_DUE, row.id, due, org_id=row.org_id)


def _by_another(row: Evidence, actor: str) -> None:
    if row.uploaded_by == actor:
        raise ReviewedAlone


def _changed(session: Session, org_id: UUID) -> None:
    """The level may be another from now on."""
    organisation = rows.locked(session, Organisation, org_id)
    levels.watch(session, organisation)
    emit(session, "organisation.changed", org_id, org_id=org_id, action="evidence")


def _reviewed(
    session: Session, row: Evidence, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    row.reviewed_by, row.reviewed_at = actor, db.now(session)
    _move(session, row, action, actor, change)
    emit(
        session,
        f"evidence.{row.status}",
        row.id,
        org_id=row.org_id,
        kind=row.kind,
        version=row.version,
    )


def _move(
    session: Session, row: Evidence, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    """The one place that writes `evidence.status`."""
    try:
        row.status = EVIDENCE.apply(action, row.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    row.version += 1
    _log(session, row, action, actor, change)


def _log(
    session: Session, row: Evidence, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    stream = f"evidence:{row.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=row.org_id, change={**change})
