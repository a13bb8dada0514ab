"""Export permissions: entered by the exporter, verified or refused by the operator. Never commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from api.channels.models import ExportPermission
from api.channels.schemas.markets import ExportPermissionIn
from api.channels.service import requirements
from api.core import audit, db, pages
from api.core.errors import AlreadyExists, Conflict, Forbidden, NotFound, refused
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.payments.service import papers
from api.rules import markets
from api.rules.clock import local_date
from api.rules.markets import PERMISSION, PermissionStanding, PermissionStatus
from api.rules.states import IllegalTransition

_EVENTS = {"verify": "verified", "refuse": "refused", "withdraw": "withdrawn"}


class PermissionLapsed(Conflict):
    """The permission's last day is over: to verify it would change nothing."""

    code, title = "permission_lapsed", "The export permission has lapsed"


def enter(session: Session, org_id: UUID, actor: str, data: ExportPermissionIn) -> ExportPermission:
    """Enter a permission with its paper.

    Raises Invalid for an unknown market, authority or document, FileWithheld for a paper that was
    not looked through, and AlreadyExists for a number that stands entered until the same day.
    """
    known = requirements.authorities(session, data.market)
    if data.authority not in known:
        detail = f"{data.market} asks for {', '.join(sorted(known)) or 'no permission'}."
        raise refused("#/authority", "unknown_authority", detail)
    paper = papers.own(
        session, org_id=org_id, document_id=data.document_id, pointer="#/document_id"
    )
    permission = ExportPermission(
        org_id=org_id,
        entered_by=actor,
        document_sha256=paper.sha256,
        **{**dict(data), "hs_codes": sorted({*data.hs_codes})},
    )
    session.add(permission)
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyExists("You have entered this permission already.") from error
    _record(session, permission, "enter", actor)
    return permission


def verify(
    session: Session, permission: ExportPermission, *, org_id: UUID, actor: str, verification: str
) -> ExportPermission:
    """The authority, or its register, has confirmed it.

    Raises Forbidden for who entered it and for its organisation, PermissionLapsed and Conflict.
    """
    _require_another(permission, org_id, actor)
    if standing(session, permission) is PermissionStanding.LAPSED:
        raise PermissionLapsed
    permission.verified_by, permission.verified_at = actor, db.now(session)
    permission.verification = verification
    return _move(session, permission, "verify", actor)


def refuse(
    session: Session, permission: ExportPermission, *, org_id: UUID, actor: str, reason: str
) -> ExportPermission:
    """The authority does not know it, or knows it no more. Raises Forbidden and Conflict."""
    _require_another(permission, org_id, actor)
    permission.refusal = reason
    return _move(session, permission, "refuse", actor)


def withdraw(session: Session, permission: ExportPermission, *, actor: str) -> ExportPermission:
    """Take it back, for good. Raises Conflict."""
    return _move(session, permission, "withdraw", actor)


def standing(session: Session, permission: ExportPermission) -> PermissionStanding:
    """What it is worth today, in Bishkek."""
    today = local_date(db.now(session))
    return markets.standing(permission.status, permission.valid_from, permission.valid_to, today)


def get(
    session: Session, permission_id: UUID, *, org_id: UUID, operator: bool, lock: bool = False
) -> ExportPermission:
    """A permission of the organisation, or any for the operator; NotFound."""
    query = select(ExportPermission).where(
        ExportPermission.id == permission_id, _visible(org_id, operator)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_permissions(
    session: Session,
    page: PageQuery,
    *,
    org_id: UUID,
    operator: bool,
    status: PermissionStatus | None,
) -> tuple[Sequence[ExportPermission], str | None]:
    """Permissions that the organisation may see, newest first, and the next cursor."""
    query = select(ExportPermission).where(_visible(org_id, operator))
    if status is not None:
        query = query.where(ExportPermission.status == status)
    scope, filters = f"export-permissions:{org_id}", {"status": status}
    return pages.newest_first(session, query, ExportPermission, page, scope=scope, filters=filters)


def _visible(org_id: UUID, operator: bool) -> ColumnElement[bool]:
    return true() if operator else col(ExportPermission.org_id) == org_id


def _require_another(permission: ExportPermission, org_id: UUID, actor: str) -> None:
    if actor == permission.entered_by or org_id == permission.org_id:
        raise Forbidden("Who entered a permission does not decide about it.")


def _move(
    session: Session, permission: ExportPermission, action: str, actor: str
) -> ExportPermission:
    """The one place that writes `export_permission.status`."""
    try:
        permission.status = PERMISSION.apply(action, permission.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    permission.version += 1
    _record(session, permission, action, actor)
    event = f"export_permission.{_EVENTS[action]}"
    emit(session, event, permission.id, org_id=permission.org_id, market=permission.market)
    return permission


def _record(session: Session, permission: ExportPermission, action: str, actor: str) -> None:
    audit.record(
        session,
        f"exportpermission:{permission.id.hex}",
        action,
        actor=actor,
        org_id=permission.org_id,
        change={
            "market": permission.market,
            "authority": permission.authority,
            "registration_no": permission.registration_no,
            "document_sha256": permission.document_sha256,
            "verification": permission.verification,
            "refusal": permission.refusal,
        },
    )
