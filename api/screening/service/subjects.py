"""What is held against the lists: when it changes, when a list does, and every day. Never commits.

Only workers watch and screen, so that nobody who is screened can see that a case is open.
"""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from api.core import bulk, db, deadlines
from api.core.jobs import Job
from api.identity.models import Organisation
from api.rules.clock import BISHKEK, local_date
from api.rules.screening import HOLDING, CaseStatus, SubjectKind
from api.screening.models import ScreeningCase, ScreeningSubject
from api.screening.service import cases, comparing
from api.screening.service.comparing import Asked, Hit

RESCREEN_DUE = "screening.rescreen_due"
_BATCH = 200
_AT = time(2, 0)
"""In the night of Bishkek, before the banks open."""


def watch(
    session: Session,
    kind: SubjectKind,
    reference: UUID,
    *,
    organisation_id: UUID,
    names: Collection[str] = (),
    identifiers: Collection[str] = (),
    hs_codes: Collection[str] = (),
    country: str | None = None,
) -> ScreeningSubject:
    """Hold something against the lists from now on; `organisation_id` is who is paid for it.

    Told again with other facts, the subject takes them and is screened anew.
    """
    facts: dict[str, Any] = {
        "names": sorted({*names}),
        "identifiers": sorted({*identifiers}),
        "hs_codes": sorted({*hs_codes}),
        "country": country,
    }
    digest = hashlib.sha256(rfc8785.dumps(facts)).hexdigest()
    subject = _locked(session, kind, reference, organisation_id, digest, facts)
    if subject.digest == digest and subject.screened_at is not None:
        return subject
    for name, value in facts.items():
        setattr(subject, name, value)
    subject.digest = digest
    session.add(subject)
    session.flush()
    screen(session, subject)
    return subject


def watch_organisation(session: Session, organisation_id: UUID) -> None:
    """Hold a party against the lists by all its names and its number."""
    found = session.get(Organisation, organisation_id)
    if found is not None:
        watch(
            session,
            SubjectKind.ORGANISATION,
            found.id,
            organisation_id=found.id,
            names=found.legal_name.values(),
            identifiers=[found.identifier_id],
            country=found.country,
        )


def screen(session: Session, subject: ScreeningSubject) -> None:
    """Open a case for every new likeness, and say what became of the old ones; again tomorrow."""
    asked = Asked(subject.kind, subject.names, subject.identifiers, subject.hs_codes)
    found = {hit.entry.id: hit for hit in comparing.hits(session, asked)}
    known = {
        case.entry_id: case
        for case in session.exec(
            select(ScreeningCase)
            .where(ScreeningCase.subject_id == subject.id)
            .order_by(col(ScreeningCase.id))
            .with_for_update()
        )
    }
    for entry_id, hit in found.items():
        _compare(session, subject, hit, known.get(entry_id))
    for entry_id, case in known.items():
        if entry_id not in found:
            cases.without_reason(session, case)
    now = db.now(session)
    subject.screened_at = now
    session.add(subject)
    tomorrow = datetime.combine(local_date(now) + timedelta(days=1), _AT, BISHKEK)
    deadlines.arm(session, RESCREEN_DUE, subject.id, tomorrow, org_id=None)


def rescreen(session: Session, subject_id: UUID) -> None:
    """Screen a subject whose day has come."""
    found = session.get(ScreeningSubject, subject_id, with_for_update=True)
    if found is not None:
        screen(session, found)


def rescreen_all(session: Session, job: Job) -> bool:
    """A step of screening everybody and everything by lists that have changed; True at the end.

    Organisations that are not watched yet are from now on.
    """
    after = UUID(job.cursor["after"]) if job.cursor else UUID(int=0)
    ids = session.exec(
        select(Organisation.id)
        .where(col(Organisation.id) > after)
        .order_by(col(Organisation.id))
        .limit(_BATCH)
    ).all()
    for organisation_id in ids:
        watch_organisation(session, organisation_id)
    for subject in session.exec(
        select(ScreeningSubject)
        .where(col(ScreeningSubject.organisation_id).in_(ids))
        .order_by(col(ScreeningSubject.id))
        .with_for_update()
    ).all():
        screen(session, subject)
    job.progress_done += len(ids)
    if len(ids) < _BATCH:
        job.progress_total = job.progress_done
        return True
    job.cursor = {"after": str(ids[-1])}
    return False


def holding(
    session: Session, organisation_id: UUID, references: Collection[UUID]
) -> list[ScreeningCase]:
    """The cases that hold back a payment to an organisation: about itself, or about the bank or
    the goods that `references` name."""
    return [
        *session.exec(
            select(ScreeningCase)
            .join(ScreeningSubject, col(ScreeningSubject.id) == ScreeningCase.subject_id)
            .where(
                ScreeningCase.organisation_id == organisation_id,
                col(ScreeningSubject.reference).in_([organisation_id, *references]),
                col(ScreeningCase.status).in_(HOLDING),
            )
            .order_by(col(ScreeningCase.id))
        )
    ]


def is_held(session: Session, kind: SubjectKind, reference: UUID) -> bool:
    """True while a case about this very subject holds payments back."""
    query = (
        select(ScreeningCase.id)
        .join(ScreeningSubject, col(ScreeningSubject.id) == ScreeningCase.subject_id)
        .where(
            ScreeningSubject.kind == kind,
            ScreeningSubject.reference == reference,
            col(ScreeningCase.status).in_(HOLDING),
        )
    )
    return session.exec(query.limit(1)).first() is not None


def _locked(
    session: Session,
    kind: SubjectKind,
    reference: UUID,
    organisation_id: UUID,
    digest: str,
    facts: Mapping[str, Any],
) -> ScreeningSubject:
    """The subject, made if it is not there; several who watch the same at once wait in turn."""
    row = bulk.new_row(
        kind=kind, reference=reference, organisation_id=organisation_id, digest=digest, **facts
    )
    session.connection().execute(insert(ScreeningSubject).values(row).on_conflict_do_nothing())
    query = select(ScreeningSubject).where(
        ScreeningSubject.kind == kind, ScreeningSubject.reference == reference
    )
    return session.exec(query.with_for_update().execution_options(populate_existing=True)).one()


def _compare(
    session: Session, subject: ScreeningSubject, hit: Hit, case: ScreeningCase | None
) -> None:
    if case is None:
        cases.open_case(session, subject, hit)
    elif (case.subject_digest, case.entry_digest) != (
        subject.digest,
        hit.entry.digest,
    ) or case.status is CaseStatus.LAPSED:
        cases.changed(session, case, subject, hit)
