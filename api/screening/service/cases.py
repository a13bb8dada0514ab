"""Cases: opened by likeness, decided by people, two of them where money is let go. Never commits."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit, pages, rows
from api.core.errors import Conflict, NotFound
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.rules.screening import CASE, HOLDING, SETTLED, CaseStatus
from api.rules.states import IllegalTransition
from api.screening.models import ScreeningCase, ScreeningSubject
from api.screening.problems import ClearedAlone
from api.screening.service.comparing import Hit

SCREENER = "screening"


def open_case(session: Session, subject: ScreeningSubject, hit: Hit) -> ScreeningCase:
    """A new likeness; from now on it holds money back."""
    case = ScreeningCase(
        org_id=hit.watch_list.org_id,
        subject_id=subject.id,
        entry_id=hit.entry.id,
        organisation_id=subject.organisation_id,
        **_compared(subject, hit),
    )
    session.add(case)
    session.flush()
    _tell(session, case, "open", SCREENER, {"matched": hit.matched, "score": hit.score})
    return case


def changed(session: Session, case: ScreeningCase, subject: ScreeningSubject, hit: Hit) -> None:
    """One side says something else than when it was judged: people look again."""
    for name, value in _compared(subject, hit).items():
        setattr(case, name, value)
    _again(session, case, "Subject or entry has changed.")


def without_reason(session: Session, case: ScreeningCase) -> None:
    """They are alike no more. What nobody has confirmed lapses; the rest is for people."""
    if case.status is CaseStatus.CONFIRMED:
        _again(session, case, "The likeness is gone, or the entry was removed.")
    elif case.status in HOLDING:
        _move(session, case, "lapse", SCREENER, {})


def propose_clearance(session: Session, case: ScreeningCase, *, actor: str, reason: str) -> None:
    """Say why it is somebody else, or why it may be paid; Conflict when it is not open."""
    case.proposed_by, case.reason, case.cleared_by = actor, reason, None
    _move(session, case, "propose_clearance", actor, {"reason": reason})


def clear(session: Session, case: ScreeningCase, *, actor: str) -> None:
    """Agree with the proposal. Raises ClearedAlone to the one who proposed it, and Conflict."""
    if case.status is CaseStatus.CLEARANCE_PROPOSED and case.proposed_by == actor:
        raise ClearedAlone
    case.cleared_by = actor
    _move(session, case, "clear", actor, {})


def refuse_clearance(session: Session, case: ScreeningCase, *, actor: str, reason: str) -> None:
    """Disagree with the proposal: the case is open again."""
    case.reason = reason
    _move(session, case, "refuse_clearance", actor, {"reason": reason})


def confirm(session: Session, case: ScreeningCase, *, actor: str, reason: str) -> None:
    """It is the party, or the goods, of the list: nothing is paid until two people clear it."""
    case.reason = reason
    _move(session, case, "confirm", actor, {"reason": reason})


def reopen(session: Session, case: ScreeningCase, *, actor: str, reason: str) -> None:
    """Look again at what was settled or confirmed."""
    case.reason = reason
    _move(session, case, "reopen", actor, {"reason": reason})


def lock(session: Session, case_id: UUID) -> ScreeningCase:
    """A case, locked; NotFound."""
    return rows.locked(session, ScreeningCase, case_id)


def get(session: Session, case_id: UUID) -> ScreeningCase:
    """A case; NotFound."""
    case = session.get(ScreeningCase, case_id)
    if case is None:
        raise NotFound
    return case


def list_cases(
    session: Session,
    page: PageQuery,
    *,
    status: CaseStatus | None,
    organisation_id: UUID | None,
) -> tuple[Sequence[ScreeningCase], str | None]:
    """Cases, the newest first, and the next cursor; without `status` those that hold money back."""
    wanted = HOLDING if status is None else {status}
    query = select(ScreeningCase).where(col(ScreeningCase.status).in_(wanted))
    if organisation_id is not None:
        query = query.where(ScreeningCase.organisation_id == organisation_id)
    return pages.newest_first(
        session,
        query,
        ScreeningCase,
        page,
        scope="screening_cases",
        filters={"status": status, "organisation": organisation_id},
    )


def _compared(subject: ScreeningSubject, hit: Hit) -> dict[str, Any]:
    """Both sides as they were, for those who judge and for those who look at it years later."""
    entry = hit.entry
    return {
        "matched_by": hit.matched_by,
        "matched": hit.matched,
        "score": hit.score,
        "subject_digest": subject.digest,
        "entry_digest": entry.digest,
        "facts": {
            "subject": {
                "kind": subject.kind,
                "names": subject.names,
                "identifiers": subject.identifiers,
                "hs_codes": subject.hs_codes,
                "country": subject.country,
            },
            "entry": {
                "external_id": entry.external_id,
                "kind": entry.kind,
                "names": entry.names,
                "identifiers": entry.identifiers,
                "countries": entry.countries,
                "hs_prefixes": entry.hs_prefixes,
                "programme": entry.programme,
                "listed_on": entry.listed_on and entry.listed_on.isoformat(),
            },
            "watch_list": {
                "name": hit.watch_list.name,
                "as_of": hit.watch_list.as_of and hit.watch_list.as_of.isoformat(),
                "sha256": hit.watch_list.sha256,
            },
        },
    }


def _again(session: Session, case: ScreeningCase, why: str) -> None:
    session.add(case)
    if case.status is CaseStatus.OPEN:
        return
    proposed = case.status is CaseStatus.CLEARANCE_PROPOSED
    action = "refuse_clearance" if proposed else "reopen"
    case.reason = why
    _move(session, case, action, SCREENER, {"reason": why})


def _move(
    session: Session, case: ScreeningCase, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    """The one place that writes `screening_case.status`."""
    try:
        case.status = CASE.apply(action, case.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    case.version += 1
    session.add(case)
    session.flush()
    _tell(session, case, action, actor, change)


def _tell(
    session: Session, case: ScreeningCase, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    stream = f"screening_case:{case.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=case.org_id, change=dict(change))
    told = "settled" if case.status in SETTLED else "held"
    emit(
        session,
        f"screening_case.{told}",
        case.id,
        org_id=case.org_id,
        organisation_id=case.organisation_id.hex,
        status=case.status,
        version=case.version,
    )
