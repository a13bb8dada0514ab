"""Organisations that may do nothing new for a while, and their appeals. Never commits."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.core import audit, db, pages
from api.core.errors import Conflict, NotFound
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.identity.models import Organisation, Suspension, SuspensionAppeal
from api.identity.service import organisations
from api.rules.organisations import reinstating
from api.rules.states import IllegalTransition
from api.rules.suspensions import APPEAL, AppealStatus, may_decide


class DecidedAlone(Conflict):
    """Who has suspended an organisation does not decide its appeal."""

    code, title = "appeal_decided_alone", "Another person must decide the appeal"


class AppealOpen(Conflict):
    """An appeal against the suspension waits for its decision."""

    code, title = "appeal_open", "An appeal is open already"


def suspend(session: Session, *, actor: str, org_id: UUID, reason: str) -> Organisation:
    """Let an organisation do nothing new: it is not shown, invited, and may not offer or bid. What
    is contracted goes on. Conflict when it cannot be suspended."""
    organisation = organisations.locked(session, org_id)
    before = organisation.status
    organisations.move(session, organisation, "suspend", actor, {"reason": reason})
    session.add(
        Suspension(organisation_id=org_id, status_before=before, reason=reason, suspended_by=actor)
    )
    session.flush()
    return organisation


def reinstate(session: Session, *, actor: str, org_id: UUID, reason: str) -> Organisation:
    """End a suspension: the organisation is again what it was. An open appeal lapses."""
    organisation = organisations.locked(session, org_id)
    suspension = session.exec(_in_force(org_id).with_for_update()).one_or_none()
    if suspension is not None:
        for each in session.exec(_open(suspension).with_for_update()).all():
            _move(session, each, "lapse", actor, {})
    return _ended(session, organisation, suspension, actor, reason)


def appeal(session: Session, *, org_id: UUID, actor: str, statement: str) -> SuspensionAppeal:
    """File what the organisation says against its suspension. Raises Conflict when it is not
    suspended, AppealOpen."""
    organisations.locked(session, org_id)
    suspension = session.exec(_in_force(org_id)).one_or_none()
    if suspension is None:
        raise Conflict("The organisation is not suspended.")
    if session.exec(_open(suspension)).first() is not None:
        raise AppealOpen
    filed = SuspensionAppeal(
        suspension_id=suspension.id,
        organisation_id=org_id,
        statement=statement,
        filed_by=actor,
        suspended_by=suspension.suspended_by,
    )
    session.add(filed)
    session.flush()
    _tell(session, filed, "file", actor, {"statement": statement})
    return filed


def decide(
    session: Session, filed: SuspensionAppeal, *, upheld: bool, actor: str, reason: str
) -> SuspensionAppeal:
    """Decide an appeal; upheld, it ends the suspension. Raises DecidedAlone, Conflict."""
    if not may_decide(actor, filed.suspended_by):
        raise DecidedAlone
    filed.decided_by, filed.decided_at, filed.decision = actor, db.now(session), reason
    _move(session, filed, "uphold" if upheld else "dismiss", actor, {"reason": reason})
    if upheld:
        organisation = organisations.locked(session, filed.organisation_id)
        suspension = session.get(Suspension, filed.suspension_id)
        _ended(session, organisation, suspension, actor, reason)
    return filed


def lock(session: Session, appeal_id: UUID) -> SuspensionAppeal:
    """An appeal that is about to be decided; NotFound."""
    query = select(SuspensionAppeal).where(SuspensionAppeal.id == appeal_id)
    found = session.exec(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_appeals(
    session: Session, page: PageQuery, *, org_id: UUID | None, status: AppealStatus | None
) -> tuple[Sequence[SuspensionAppeal], str | None]:
    """Appeals of an organisation, or of all (None, for the operator), newest first."""
    query = select(SuspensionAppeal)
    if org_id is not None:
        query = query.where(SuspensionAppeal.organisation_id == org_id)
    if status is not None:
        query = query.where(SuspensionAppeal.status == status)
    return pages.newest_first(
        session,
        query,
        SuspensionAppeal,
        page,
        scope=f"appeals:{org_id}",
        filters={"status": status},
    )


def list_suspensions(session: Session, org_id: UUID) -> Sequence[Suspension]:
    """Every suspension of an organisation, newest first; only it and the operator see them."""
    query = select(Suspension).where(Suspension.organisation_id == org_id)
    return session.exec(query.order_by(col(Suspension.id).desc())).all()


def _in_force(org_id: UUID) -> SelectOfScalar[Suspension]:
    return select(Suspension).where(
        Suspension.organisation_id == org_id, col(Suspension.ended_at).is_(None)
    )


def _open(suspension: Suspension) -> SelectOfScalar[SuspensionAppeal]:
    return select(SuspensionAppeal).where(
        SuspensionAppeal.suspension_id == suspension.id,
        SuspensionAppeal.status == AppealStatus.FILED,
    )


def _ended(
    session: Session,
    organisation: Organisation,
    suspension: Suspension | None,
    actor: str,
    reason: str,
) -> Organisation:
    before = suspension.status_before if suspension is not None else None
    organisations.move(session, organisation, reinstating(before), actor, {"reason": reason})
    if suspension is not None:
        suspension.ended_at, suspension.ended_by = db.now(session), actor
        suspension.end_reason = reason
        suspension.version += 1
    return organisation


def _move(
    session: Session, filed: SuspensionAppeal, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    """The one place that writes `suspension_appeal.status`."""
    try:
        filed.status = APPEAL.apply(action, filed.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    filed.version += 1
    session.flush()
    _tell(session, filed, action, actor, change)


def _tell(
    session: Session, filed: SuspensionAppeal, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    org_id = filed.organisation_id
    stream = f"organisation:{org_id.hex}"
    audit.record(session, stream, f"appeal_{action}", actor=actor, org_id=org_id, change={**change})
    also = [each for each in organisations.operators(session) if each != org_id]
    emit(
        session,
        f"appeal.{filed.status}",
        filed.id,
        org_id=org_id,
        also=also,
        organisation_id=org_id.hex,
        version=filed.version,
    )
