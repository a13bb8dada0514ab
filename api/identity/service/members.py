"""The people of an organisation. Never commits: the caller owns the transaction."""

from uuid import UUID

from sqlmodel import Session, col, select

from api.core import audit
from api.core.errors import AlreadyExists, Conflict, NotFound
from api.identity.models import Member
from api.identity.schemas import MemberIn
from api.identity.service import sessions
from api.rules.clock import utcnow
from api.rules.permissions import MemberRole


def add_member(session: Session, *, org_id: UUID, actor: str, data: MemberIn) -> Member:
    """Add a person to the caller's organisation; AlreadyExists for a known address."""
    known = session.exec(
        select(Member.id).where(Member.org_id == org_id, Member.email == data.email)
    ).one_or_none()
    if known is not None:
        raise AlreadyExists("A member with this e-mail address exists already.")
    member = Member(org_id=org_id, **data.model_dump())
    session.add(member)
    session.flush()
    _log(session, member, "add_member", actor, role=data.role)
    return member


def change_role(
    session: Session, *, org_id: UUID, actor: str, member_id: UUID, role: MemberRole
) -> Member:
    """Let a member do something else from the next request on; Conflict for the last owner."""
    member = _locked(session, org_id, member_id)
    if role is not MemberRole.OWNER:
        _refuse_last_owner(session, member)
    before, member.role = member.role, role
    _log(session, member, "change_role", actor, before=before, role=role)
    return member


def remove(session: Session, *, org_id: UUID, actor: str, member_id: UUID) -> Member:
    """Take a person out of the organisation, and end their sessions there; repeating it changes
    nothing. Conflict for the last owner who has joined."""
    member = _locked(session, org_id, member_id)
    if member.removed_at is None:
        _refuse_last_owner(session, member)
        member.removed_at = utcnow()
        ended = sessions.revoke_of_member(session, member.id)
        _log(session, member, "remove_member", actor, sessions=ended)
    return member


def end_sessions(session: Session, *, org_id: UUID, actor: str, member_id: UUID) -> int:
    """End every session in which a member acts for the organisation; how many there were."""
    member = _locked(session, org_id, member_id)
    ended = sessions.revoke_of_member(session, member.id)
    _log(session, member, "end_sessions", actor, sessions=ended)
    return ended


def _refuse_last_owner(session: Session, member: Member) -> None:
    if member.role is not MemberRole.OWNER or member.person_id is None:
        return
    owners = select(Member.id).where(
        Member.org_id == member.org_id,
        Member.role == MemberRole.OWNER,
        col(Member.person_id).is_not(None),
        col(Member.removed_at).is_(None),
    )
    if session.exec(owners).all() == [member.id]:
        raise Conflict("The organisation would be left without an owner.")


def _locked(session: Session, org_id: UUID, member_id: UUID) -> Member:
    query = select(Member).where(Member.id == member_id, Member.org_id == org_id)
    member = session.exec(query.with_for_update()).one_or_none()
    if member is None:
        raise NotFound
    return member


def _log(session: Session, member: Member, action: str, actor: str, **change: object) -> None:
    audit.record(
        session,
        f"organisation:{member.org_id.hex}",
        action,
        actor=actor,
        org_id=member.org_id,
        change={"member": member.id.hex, **change},
    )


def list_members(session: Session, org_id: UUID) -> list[Member]:
    """The organisation's people, in the order in which they joined."""
    query = select(Member).where(Member.org_id == org_id)
    return list(session.exec(query.order_by(col(Member.id))).all())
