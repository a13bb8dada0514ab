"""The register of unreliable suppliers: the only truth about who is debarred. Never commits.

Bids, awards, invitations and matching ask here; a proposal has no effect until somebody who may
decide has confirmed it by an act.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
)
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from api.core import audit, db, deadlines, pages, rows
from api.core.errors import Conflict, NotFound, refused
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.identity import service
from api.identity.debarment_schemas import ConfirmDebarmentIn, DebarmentIn
from api.identity.models import DebarmentRecord, Organisation
from api.identity.schemas import DebarIn
from api.rules.clock import BISHKEK, local_date
from api.rules.debarments import DEBARMENT, PUBLISHED, DebarmentGround, DebarmentStatus
from api.rules.states import IllegalTransition

BEGAN, ENDED = "debarment.began", "debarment.ended"
_DAY = timedelta(days=1)


class SupplierDebarred(Conflict):
    """The organisation is in the register of unreliable suppliers on this day."""

    code, title = "supplier_debarred", "The supplier is debarred"


def counting(on: date | ColumnElement[date]) -> ColumnElement[bool]:
    """Condition of the entries that debar on a day (rules.debarments.counts_on, in SQL)."""
    lifted = col(DebarmentRecord.lifted_on)
    return and_(
        col(DebarmentRecord.status).in_(PUBLISHED),
        col(DebarmentRecord.valid_from) <= on,
        col(DebarmentRecord.valid_through) >= on,
        or_(lifted.is_(None), lifted > on),
    )


def standing(session: Session, org_id: UUID, on: date) -> DebarmentRecord | None:
    """The entry that debars an organisation on a day (in Bishkek), the longest; None: it may bid."""
    return session.exec(
        select(DebarmentRecord)
        .where(DebarmentRecord.organisation_id == org_id, counting(on))
        .order_by(col(DebarmentRecord.valid_through).desc(), col(DebarmentRecord.id))
        .limit(1)
    ).one_or_none()


def require_standing(session: Session, org_ids: Iterable[UUID]) -> None:
    """Raise SupplierDebarred when one of them is debarred today, by the database's clock."""
    asked = {"org_ids": [*org_ids]}
    found = session.connection().execute(_debarring(db.clock()), asked).one_or_none()
    if found is not None:
        raise SupplierDebarred(f"Debarred until {found.valid_through}: {found.source_act}.")


def any_debarred(session: Session, org_ids: Iterable[UUID]) -> bool:
    """Whether one of them is debarred today, by the database's clock."""
    asked = {"org_ids": [*org_ids]}
    found = session.connection().execute(_debarring(db.clock()), asked).one_or_none()
    return found is not None


@cache
def _debarring(clock: str) -> Select[date | None, str | None]:
    """Of several organisations, what debars one of them today (in Bishkek) the longest."""
    today: ColumnElement[date] = literal_column(f"(({clock}) AT TIME ZONE '{BISHKEK}')::date", Date)
    return (
        sql_select(col(DebarmentRecord.valid_through), col(DebarmentRecord.source_act))
        .where(
            col(DebarmentRecord.organisation_id).in_(bindparam("org_ids", expanding=True)),
            counting(today),
        )
        .order_by(col(DebarmentRecord.valid_through).desc(), col(DebarmentRecord.id))
        .limit(1)
    )


def until(session: Session, org_ids: Collection[UUID], on: date) -> Mapping[UUID, date]:
    """For those debarred on a day: the last day of what debars them then."""
    query = (
        select(DebarmentRecord.organisation_id, func.max(col(DebarmentRecord.valid_through)))
        .where(col(DebarmentRecord.organisation_id).in_(org_ids), counting(on))
        .group_by(col(DebarmentRecord.organisation_id))
    )
    return {org_id: last for org_id, last in session.exec(query) if last is not None}


def enter(session: Session, *, decider: UUID, actor: str, data: DebarmentIn) -> DebarmentRecord:
    """Enter an organisation by an act; Invalid for one that is not known."""
    _known(session, data.organisation_id)
    record = DebarmentRecord(
        status=DebarmentStatus.ACTIVE,
        decided_by=decider,
        decided_at=db.now(session),
        **dict(data),
    )
    return _entered(session, record, actor)


def debar(
    session: Session, *, decider: UUID, actor: str, org_id: UUID, data: DebarIn
) -> Organisation:
    """Enter an organisation from today until a day, inclusive; NotFound, Invalid for a past day."""
    organisation, now = service.get_organisation(session, org_id), db.now(session)
    if data.until < local_date(now):
        raise refused("#/until", "in_past", "The last day has passed.")
    record = DebarmentRecord(
        organisation_id=org_id,
        status=DebarmentStatus.ACTIVE,
        ground=DebarmentGround.OTHER,
        reason=data.reason,
        valid_from=local_date(now),
        valid_through=data.until,
        source_act=data.source,
        decided_by=decider,
        decided_at=now,
    )
    _entered(session, record, actor)
    return organisation


def propose(
    session: Session,
    *,
    organisation_id: UUID,
    proposed_by: UUID,
    actor: str,
    ground: DebarmentGround,
    reason: str,
    origin: str,
    ocid: str,
) -> DebarmentRecord:
    """Propose an entry, once per `origin` ("contract:<hex id>") and organisation."""
    known = session.exec(
        select(DebarmentRecord).where(
            DebarmentRecord.origin == origin, DebarmentRecord.organisation_id == organisation_id
        )
    ).one_or_none()
    if known is not None:
        return known
    record = DebarmentRecord(
        organisation_id=organisation_id,
        status=DebarmentStatus.PROPOSED,
        ground=ground,
        reason=reason,
        origin=origin,
        ocid=ocid,
        proposed_by=proposed_by,
    )
    session.add(record)
    session.flush()
    _log(session, record, "propose", actor, {"ground": ground, "reason": reason, "ocid": ocid})
    return record


def confirm(
    session: Session,
    record: DebarmentRecord,
    *,
    decider: UUID,
    actor: str,
    data: ConfirmDebarmentIn,
) -> DebarmentRecord:
    """Make a proposed entry, by an act; Conflict when it was decided already."""
    record.valid_from, record.valid_through = data.valid_from, data.valid_through
    record.source_act = data.source_act
    record.decided_by, record.decided_at = decider, db.now(session)
    _move(session, record, "confirm", actor, data.model_dump(mode="json"))
    _arm(session, record)
    return record


def reject(
    session: Session, record: DebarmentRecord, *, decider: UUID, actor: str, reason: str
) -> DebarmentRecord:
    """Decide that a proposed entry is not made."""
    record.rejection = reason
    record.decided_by, record.decided_at = decider, db.now(session)
    _move(session, record, "reject", actor, {"reason": reason})
    return record


def lift(session: Session, record: DebarmentRecord, *, actor: str, reason: str) -> DebarmentRecord:
    """End an entry early: from today on it debars nobody."""
    record.lifted_on, record.lift_reason = local_date(db.now(session)), reason
    _move(session, record, "lift", actor, {"reason": reason, "on": record.lifted_on.isoformat()})
    return record


def announce(session: Session, debarment_id: UUID) -> None:
    """Tell those who keep what an organisation may do that an entry began or ran out."""
    record = session.get(DebarmentRecord, debarment_id)
    if record is not None:
        _announce(session, record, "debarment")


def lock(session: Session, debarment_id: UUID) -> DebarmentRecord:
    """An entry, locked, for those who decide; NotFound."""
    return rows.locked(session, DebarmentRecord, debarment_id)


def get(session: Session, debarment_id: UUID, *, org_id: UUID, decides: bool) -> DebarmentRecord:
    """An entry, or a proposal that concerns the caller or that it may decide; NotFound."""
    query = select(DebarmentRecord).where(
        DebarmentRecord.id == debarment_id, _visible(org_id, decides)
    )
    record = session.exec(query).one_or_none()
    if record is None:
        raise NotFound
    return record


def list_records(
    session: Session,
    page: PageQuery,
    *,
    org_id: UUID | None,
    decides: bool = False,
    organisation: UUID | None = None,
    status: DebarmentStatus | None = None,
    on: date | None = None,
) -> tuple[Sequence[DebarmentRecord], str | None]:
    """Entries, newest first, and the next cursor; `on`: those that debar on that day.

    Without `org_id` (everybody), and for others than those concerned, no proposals.
    """
    query = select(DebarmentRecord).where(_visible(org_id, decides))
    if organisation is not None:
        query = query.where(DebarmentRecord.organisation_id == organisation)
    if status is not None:
        query = query.where(DebarmentRecord.status == status)
    if on is not None:
        query = query.where(counting(on))
    return pages.newest_first(
        session,
        query,
        DebarmentRecord,
        page,
        scope=f"debarments:{org_id}",
        filters={"organisation": organisation, "status": status, "on": on},
    )


def _visible(org_id: UUID | None, decides: bool) -> ColumnElement[bool]:
    published = col(DebarmentRecord.status).in_(PUBLISHED)
    if org_id is None:
        return published
    if decides:
        return col(DebarmentRecord.id).is_not(None)
    return or_(
        published,
        col(DebarmentRecord.organisation_id) == org_id,
        col(DebarmentRecord.proposed_by) == org_id,
    )


def _known(session: Session, org_id: UUID) -> None:
    try:
        service.get_organisation(session, org_id)
    except NotFound as error:
        raise refused(
            "#/organisation_id", "unknown_organisation", "No such organisation."
        ) from error


def _entered(session: Session, record: DebarmentRecord, actor: str) -> DebarmentRecord:
    session.add(record)
    session.flush()
    change = {
        "valid_from": str(record.valid_from),
        "valid_through": str(record.valid_through),
        "source_act": record.source_act,
        "ground": record.ground,
        "reason": record.reason,
    }
    _log(session, record, "enter", actor, change)
    _arm(session, record)
    return record


def _arm(session: Session, record: DebarmentRecord) -> None:
    assert record.valid_from is not None
    assert record.valid_through is not None
    for kind, day in ((BEGAN, record.valid_from), (ENDED, record.valid_through + _DAY)):
        at = datetime.combine(day, time.min, BISHKEK)
        if at > db.now(session):
            deadlines.arm(session, kind, record.id, at, org_id=None)


def _move(
    session: Session, record: DebarmentRecord, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    """The one place that writes `debarment_record.status`."""
    try:
        record.status = DEBARMENT.apply(action, record.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    record.version += 1
    session.add(record)
    session.flush()
    _log(session, record, action, actor, change)


def _log(
    session: Session, record: DebarmentRecord, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    audit.record(
        session,
        f"debarment:{record.id.hex}",
        action,
        actor=actor,
        org_id=record.organisation_id,
        change={"organisation": record.organisation_id.hex, **change},
    )
    if record.status in PUBLISHED:
        _announce(session, record, action)


def _announce(session: Session, record: DebarmentRecord, action: str) -> None:
    org_id = record.organisation_id
    emit(session, "organisation.changed", org_id, org_id=org_id, action=action)
