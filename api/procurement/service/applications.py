"""Applications of candidates: handed in, replaced, confirmed, joined, withdrawn. Never commits.

Every act holds the tender's row FOR SHARE: applications go in side by side, while closing and
amending, which take the row for themselves, wait for those that were in time, and those that come
later find the time to apply over. The tender is locked before the submission, always.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.core import audit, db, ids
from api.core.errors import Conflict, NotFound
from api.core.outbox import emit
from api.identity import debarments
from api.procurement.models import Amendment, Lot, Submission, SubmissionTenderer, Tender
from api.procurement.schemas.prequalification import SubmissionContentIn, SubmissionIn
from api.procurement.service import consortia, submissions, terms
from api.procurement.service.bid_problems import OwnTender
from api.procurement.service.prequalification_problems import (
    ApplicationPeriodEnded,
    NoPrequalification,
    SubmissionExists,
    SubmissionUnfit,
)
from api.rules import prequalification as rules
from api.rules.bids import TendererRole
from api.rules.prequalification import SUBMISSION, SubmissionStatus
from api.rules.states import IllegalTransition
from api.rules.tenders import LotStatus, TenderStage, has_ended

SYSTEM = "system:clock"
_EVENTS = {
    "submit": "submission.submitted",
    "replace": "submission.replaced",
    "confirm": "submission.confirmed",
    "withdraw": "submission.withdrawn",
    "lapse": "submission.lapsed",
}


class Held(NamedTuple):
    """A tender that takes applications and stays as it is until the transaction ends; the moment."""

    tender_id: UUID
    buyer_id: UUID
    now: datetime


def submit(
    session: Session, *, supplier_id: UUID, tender_id: UUID, actor: str, data: SubmissionIn
) -> Submission:
    """Take an application, in time by the database's clock.

    Raises NotFound, NoPrequalification, ApplicationPeriodEnded, OwnTender, SupplierDebarred,
    SubmissionExists or SubmissionUnfit.
    """
    debarments.require_standing(session, [supplier_id])
    held = hold_open(session, tender_id)
    if held.buyer_id == supplier_id:
        raise OwnTender
    _refuse_unfit(session, tender_id, data)
    if consortia.is_in_one(session, SubmissionTenderer, tender_id, supplier_id):
        raise SubmissionExists
    submission = Submission(
        tender_id=tender_id,
        supplier_id=supplier_id,
        received_at=held.now,
        amendment=latest_change(session, tender_id),
        **_content(data),
    )
    session.add(submission)
    try:
        session.flush()
        session.add_all(
            consortia.made(
                SubmissionTenderer,
                data.tenderers,
                tender_id=tender_id,
                lead_id=supplier_id,
                received_at=held.now,
                submission_id=submission.id,
            )
        )
        session.flush()
    except IntegrityError as error:
        raise consortia.explained(error, _kept_apart()) from error
    _log(session, submission, "submit", actor, _told(data))
    return submission


def replace(
    session: Session, submission: Submission, held: Held, *, actor: str, data: SubmissionContentIn
) -> Submission:
    """Put other responses and documents in the place of the earlier ones. Raises SubmissionUnfit."""
    _refuse_unfit(session, submission.tender_id, data)
    for name, value in _content(data).items():
        setattr(submission, name, value)
    submission.received_at = held.now
    submission.amendment = latest_change(session, submission.tender_id)
    _move(session, submission, "replace", actor, _told(data))
    return submission


def confirm(session: Session, submission: Submission, *, actor: str) -> Submission:
    """Let an application stand after the criteria were changed. Raises Conflict when they were
    not, SubmissionUnfit when it does not answer them as they are now."""
    latest = latest_change(session, submission.tender_id)
    if submission.amendment >= latest:
        raise Conflict("The criteria are those that the application answers.")
    stored = {"requirement_responses": submission.requirement_responses, "documents": []}
    _refuse_unfit(session, submission.tender_id, SubmissionContentIn.model_validate(stored))
    submission.amendment = latest
    _move(session, submission, "confirm", actor, {"amendment": latest})
    return submission


def withdraw(session: Session, submission: Submission, held: Held, *, actor: str) -> Submission:
    """Take an application back before the deadline; its organisations are free to apply anew."""
    submission.withdrawn_at = held.now
    _move(session, submission, "withdraw", actor, {})
    consortia.release(session, tenderers(session, submission.id), held.now)
    return submission


def join(
    session: Session, *, org_id: UUID, submission_id: UUID, actor: str, joins: bool
) -> SubmissionTenderer:
    """Accept, or give up, membership in the consortium of another organisation's application.

    Raises NotFound for who was not named, ApplicationPeriodEnded, SupplierDebarred, or
    SubmissionExists when the organisation is in another application of the tender.
    """
    query = select(SubmissionTenderer).where(
        SubmissionTenderer.submission_id == submission_id,
        SubmissionTenderer.organisation_id == org_id,
        SubmissionTenderer.role == TendererRole.MEMBER,
        col(SubmissionTenderer.released_at).is_(None),
    )
    named = session.exec(query).one_or_none()
    if named is None:
        raise NotFound
    if joins:
        debarments.require_standing(session, [org_id])
    held = hold_open(session, named.tender_id)
    named = session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if named is None:
        raise NotFound
    named.accepted_at = held.now if joins else None
    session.add(named)
    try:
        session.flush()
    except IntegrityError as error:
        raise consortia.explained(error, _kept_apart()) from error
    audit.record(
        session,
        f"submission_tenderer:{named.id.hex}",  # its own: the application's is the lead's alone
        "join" if joins else "leave",
        actor=actor,
        org_id=org_id,
        change={"submission": submission_id.hex},
    )
    return named


def lock(session: Session, *, supplier_id: UUID, submission_id: UUID) -> tuple[Submission, Held]:
    """The supplier's own application, locked, while its tender takes applications.

    Raises NotFound for anybody else's, ApplicationPeriodEnded, or Conflict once it is over.
    """
    query = select(Submission).where(
        Submission.id == submission_id, Submission.supplier_id == supplier_id
    )
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    held = hold_open(session, found.tender_id)
    submission = session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).one()
    if submission.status is not SubmissionStatus.PENDING:
        raise Conflict(f"The application is {submission.status}.")
    return submission, held


def hold_open(session: Session, tender_id: UUID) -> Held:
    """Keep a tender from being closed or amended, if an application is in time.

    What is late is refused before it locks anything. Raises NotFound, NoPrequalification or
    ApplicationPeriodEnded.
    """
    _require_open(session, tender_id, lock=False)
    return _require_open(session, tender_id, lock=True)


def open_all(session: Session, tender_id: UUID, *, now: datetime) -> Sequence[Submission]:
    """Let the applications that stand be seen by the buyer, and end those that do not answer the
    criteria as they were changed. For the workers' role, under the tender's lock."""
    latest = latest_change(session, tender_id)
    found = session.exec(
        select(Submission)
        .where(Submission.tender_id == tender_id, Submission.status == SubmissionStatus.PENDING)
        .order_by(col(Submission.id))
        .with_for_update()
    ).all()
    standing = []
    for submission in found:
        if submission.amendment < latest:
            _move(session, submission, "lapse", SYSTEM, {"amendment": latest})
            consortia.release(session, tenderers(session, submission.id), now)
        else:
            submission.opened_at = now
            session.add(submission)
            standing.append(submission)
    session.flush()
    return standing


def latest_change(session: Session, tender_id: UUID) -> int:
    """The number of the last material amendment of the criteria; 0 when there is none."""
    last = session.exec(
        select(func.max(col(Amendment.number))).where(
            Amendment.tender_id == tender_id,
            func.array_to_string(col(Amendment.material_changes), " ").contains("#/criteria/"),
        )
    ).one()
    return last or 0


def tenderers(session: Session, submission_id: UUID) -> Sequence[SubmissionTenderer]:
    """The organisations of an application, the lead first, as far as the session may see them."""
    return session.exec(
        select(SubmissionTenderer)
        .where(SubmissionTenderer.submission_id == submission_id)
        .order_by(col(SubmissionTenderer.id))
    ).all()


def stream(submission_id: UUID) -> str:
    """The name of an application's audit stream, which is its supplier's."""
    return f"submission:{submission_id.hex}"


def _require_open(session: Session, tender_id: UUID, *, lock: bool) -> Held:
    query = select(
        Tender.buyer_id, Tender.status_details, Tender.prequalification_period_end
    ).where(Tender.id == tender_id, col(Tender.published_at).is_not(None))
    row = session.exec(query.with_for_update(read=True) if lock else query).one_or_none()
    if row is None:
        raise NotFound
    buyer_id, stage, end = row
    now = db.now(session)
    if end is None:
        raise NoPrequalification
    if stage is not TenderStage.PREQUALIFICATION or has_ended(end, now):
        raise ApplicationPeriodEnded
    return Held(tender_id, buyer_id, now)


def _refuse_unfit(session: Session, tender_id: UUID, data: SubmissionContentIn) -> None:
    """Raise SubmissionUnfit for responses that are missing, of another type or not asked for."""
    found = submissions.find(session, tender_id)
    criteria = submissions.criteria_of(found.criteria if found else ())
    given = [(each.requirement_id, each.value) for each in data.requirement_responses]
    lots = []
    if any(each.lot is not None for each in criteria):
        active = select(Lot.id).where(Lot.tender_id == tender_id, Lot.status == LotStatus.ACTIVE)
        lots = [ids.show("lot", lot) for lot in session.exec(active)]
    faults = rules.response_faults(criteria, given, lots)
    if faults:
        raise SubmissionUnfit(errors=terms.field_errors(faults))


def _content(data: SubmissionContentIn) -> dict[str, Any]:
    told = data.model_dump(mode="json", include={"requirement_responses", "documents"})
    return dict(told)


def _told(data: SubmissionContentIn) -> dict[str, Any]:
    """What the trail keeps of the content: its digest, so that a later claim can be checked."""
    text = json.dumps(_content(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {"sha256": hashlib.sha256(text.encode()).hexdigest()}


def _kept_apart() -> dict[str, Conflict]:
    return {
        name: SubmissionExists() for name in ("uq_submission_live", "uq_submission_tenderer_once")
    }


def _move(
    session: Session, submission: Submission, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The one place that writes `submission.status`."""
    try:
        submission.status = SUBMISSION.apply(action, submission.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    submission.version += 1
    _log(session, submission, action, actor, change)


def _log(
    session: Session, submission: Submission, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The audit entry and the event; they are the supplier's, as the application is."""
    session.add(submission)
    session.flush()
    audit.record(
        session,
        stream(submission.id),
        action,
        actor=actor,
        org_id=submission.supplier_id,
        change=change,
    )
    emit(
        session,
        _EVENTS[action],
        submission.id,
        org_id=submission.supplier_id,
        tender_id=submission.tender_id.hex,
        version=submission.version,
    )
